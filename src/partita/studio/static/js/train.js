// The room Train: a folder for each genre is looked over, learnt from while one watches, and becomes a model of one's own.
import { progressBar, reason, refresh, standing, steering } from "./activity.js";
import { drawAudit } from "./audit.js";
import * as corpus from "./corpus.js";
import { curves } from "./curves.js";
import { h, icon, notice, redraw } from "./dom.js";
import { choosers, droppable } from "./drop.js";
import { handOver } from "./handover.js";
import { attempt, crumbs, form as filling, shelf } from "./making.js";
import { soon } from "./options.js";
import { ask, connected, ENDED, get, jobs, watch } from "./server.js";

const KEPT = "partita-music";

/** Show the way from a folder to a training, or the training that the address names. */
export async function show(main, [id]) {
  await connected;
  if (id === "corpus") return corpus.show(main);
  if (id in ANYTHING) return anything(main, id);
  if (jobs.get(id)?.verb === "corpus") return corpus.job(main, id, lookOver);
  if (jobs.get(id)?.verb === "audit") return audited(main, id);
  return id ? training(main, id) : overview(main);
}

const ANYTHING = {
  any: { verb: "train", title: "Train any model", start: "Start training", without: [], words: "Composers learn from MIDI, generators from recordings, classifiers from either form of a collection." },
  look: { verb: "audit", title: "Look over a collection", start: "Look it over", without: ["out"], words: "Copies in any form, faulty recordings and doubtful labels are found, and listed to be left out." },
};

/** A form for what needs no folder of genres. */
function anything(main, name) {
  const { verb, title, start, without, words } = ANYTHING[name];
  const form = filling(verb, { references: true, without });
  main.append(
    h("header", { class: "room-head" }, crumbs("train", "Train"), h("h1", {}, title), h("p", { class: "lead" }, words)),
    h("section", { class: "card form-card", aria: { label: title } }, form.element,
      h("div", { class: "buttons" }, h("button", { class: "primary", onclick: () => attempt(async () => {
        location.hash = `#/train/${(await ask(verb, form.given(), form.values())).id}`;
      }) }, icon("train"), start))));
}

/** What an audit has found, on a page of its own. */
async function audited(main, id) {
  const card = h("section", { class: "card", aria: { label: "Audit" } });
  main.append(h("header", { class: "room-head answer-head" }, crumbs("train", "Train"), h("h1", {}, jobs.get(id).title)), card);
  await drawAudit(card, jobs.get(id));
  return watch((job) => job.id === id && drawAudit(card, job));
}

/** Have music looked over, and show that. */
async function lookOver(data, options = {}) {
  const job = await ask("audit", { data }, options);
  localStorage.setItem(KEPT, JSON.stringify({ data, audit: job.id }));
  location.hash = "#/train";
}

const maySound = ({ file }) => !/^(image|text)\//.test(file.type) && file.type !== "application/pdf";

async function overview(main) {
  const studio = await get("studio");
  const audit = h("section", { class: "card form-card", hidden: true, aria: { label: "Audit" } });
  const trainer = h("section", { class: "card form-card", hidden: true, aria: { label: "Training" } });
  const earlier = shelf(["train"], "train", ({ digest }) => (digest.value ? `${digest.value} ${digest.words}` : "trained"));
  const form = soon("audit");
  let music = null;
  try {
    music = JSON.parse(localStorage.getItem(KEPT));
  } catch { /* what is there is none of ours */ }
  if (!jobs.has(music?.audit)) music = null;

  const chosen = async (data) => {
    try {
      const job = await ask("audit", { data }, form.values());
      music = { data, audit: job.id };
      localStorage.setItem(KEPT, JSON.stringify(music));
      await draw();
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  const sent = h("span", {}, "Handing over …");
  const busy = h("p", { class: "busy-line", hidden: true, role: "status" }, h("progress", { "aria-label": "Uploading" }), sent);
  const take = async (files) => {
    if (!files.length) return;
    busy.hidden = false;
    try {
      await chosen(await handOver(files.filter(maySound), (words) => { sent.textContent = words; }));
    } catch (error) {
      notice(error.message, "warn");
    }
    busy.hidden = true;
  };
  const path = h("input", { id: "music-path", type: "text", autocomplete: "off", placeholder: "/home/me/Music" });
  const zone = h("section", { class: "drop small-drop", id: "audit-data", aria: { label: "Choose your music" } },
    h("div", { class: "drop-words" }, icon("train"), h("p", {}, h("strong", {}, "Drop a folder that holds a folder for each genre"),
      h("span", { class: "muted" }, "Such as Music/jazz, Music/rock. Two genres with a few songs each are enough to begin."))),
    h("div", { class: "buttons" }, choosers(take, { single: false })), busy,
    studio.local ? h("form", { class: "option", onsubmit: (event) => {
      event.preventDefault();
      chosen({ path: path.value.trim() });
    } }, h("label", { for: "music-path" }, "Or its place on this machine; then nothing is copied"),
    h("div", { class: "buttons" }, path, h("button", {}, "Look it over"))) : null,
    h("details", {}, h("summary", {}, "Options"), form.element),
    h("p", { class: "muted" }, "More MIDI than recordings? ", h("a", { href: "#/train/corpus" }, "Make recordings from MIDI files"), ". Something other than a folder of genres? ",
      h("a", { href: "#/train/any" }, "Train any model"), " or ", h("a", { href: "#/train/look" }, "look over any collection"), "."));
  droppable(zone, take);
  const start = trainingForm(trainer, () => music);

  async function draw() {
    const job = jobs.get(music?.audit);
    audit.hidden = trainer.hidden = !job;
    if (!job) return;
    const result = await drawAudit(audit, job);
    trainer.hidden = !ENDED.has(job.state) || job.state === "failed";
    start.offer(result?.leave_out.length ?? 0);
  }
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "Train your own genres"),
      h("p", { class: "lead" }, "Your music is looked over first; then you watch a model learn it, and keep what it has become.")),
    h("div", { class: "answer-body" }, zone, audit, trainer), earlier.element);
  await draw();
  const unwatch = watch((job) => job.id === music?.audit && draw());
  return () => {
    unwatch();
    earlier.close();
  };
}

/** Fill `card` with what is to be chosen before a training; `offer(songs)` says how many the audit would leave out. */
function trainingForm(card, music) {
  const form = soon("train", { family: "classify" });
  const name = h("input", { id: "train-out", type: "text", autocomplete: "off", required: true, placeholder: "my-genres", pattern: "[A-Za-z0-9][\\w .\\-]*" });
  const leave = h("input", { id: "train-leave_out", type: "checkbox", role: "switch", checked: true });
  const words = h("label", { for: "train-leave_out" });
  const offered = h("div", { class: "option switch" }, words, leave);
  const start = async () => {
    if (!name.reportValidity()) return;
    const { data, audit } = music();
    const given = { data, out: { name: name.value.trim() } };
    if (!offered.hidden && leave.checked) given.leave_out = { job: audit, file: "leave-out.txt" };
    try {
      const job = await ask("train", given, form.values());
      location.hash = `#/train/${job.id}`;
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  card.append(h("h2", {}, "Train"),
    h("div", { class: "option" }, h("label", { for: "train-out" }, "Name of the new model"), name,
      h("small", {}, "A training that was broken off goes on under the same name, with the same music and options.")),
    form.element, offered, h("div", { class: "buttons" }, h("button", { class: "primary", onclick: start }, icon("train"), "Start training")));
  return { offer(count) {
    offered.hidden = !count;
    words.textContent = `Leave out the ${count} song${count === 1 ? "" : "s"} that the audit would leave out`;
  } };
}

/** What can be done now, and how it stands. */
function state(job) {
  const running = job.state === "running" || job.state === "waiting";
  const buttons = steering(job);
  return [
    running || job.state === "paused" ? progressBar(job) : null,
    job.state === "failed" ? h("p", { class: "warn", role: "alert" }, reason(job)) : standing(job, "p"),
    job.state === "paused" ? h("p", { class: "muted" }, "Nothing is lost but the steps since the last point of the curves; your machine is free meanwhile.") : null,
    job.state === "stopped" ? h("p", { class: "muted" }, "It can still go on: train again under the same name, with the same music and options.") : null,
    buttons.length ? h("div", { class: "buttons" }, buttons) : null,
  ];
}

function outcome(job) {
  const { value, words, model, classifies } = job.result;
  const file = (name, sign, words, keep) => (job.files.includes(name) ? h("a", {
    class: "button", href: `api/jobs/${job.id}/files/${name}${keep ? "?keep=true" : ""}`, ...(keep ? { download: name } : { target: "_blank" }),
  }, icon(sign), words) : null);
  return [
    value ? [h("p", { class: "verdict" }, value), h("p", { class: "lead" }, `${words}. Measured on what was held out.`)]
      : h("p", { class: "lead" }, "Trained. Measure says how good it is, where something was held out."),
    h("div", { class: "buttons" },
      classifies ? h("a", { class: "button primary", href: `#/classify//${encodeURIComponent(model)}` }, icon("classify"), "Classify with it") : null,
      file("report.html", "file", "Report", false), h("a", { class: "button", href: `#/models/${encodeURIComponent(model)}` }, icon("models"), "Its card"),
      file("checkpoint.zip", "down", "Checkpoint", true)),
  ];
}

async function training(main, id) {
  const title = h("h1", {}, jobs.get(id)?.title ?? "Not here any more");
  const now = h("section", { class: "card working training", aria: { label: "Training" } });
  const chart = h("section", { class: "card", hidden: true, aria: { label: "Curves" } });
  main.append(h("header", { class: "room-head answer-head" },
    h("nav", { class: "crumbs", aria: { label: "Back" } }, h("a", { href: "#/train" }, icon("back"), "Train")), title),
  h("div", { class: "answer-body" }, now, chart));
  const drawn = curves();
  const heading = h("h2");
  chart.append(heading, drawn.element);
  let rows = 0;
  let total = 0;
  let shown = "";
  const draw = async () => {
    const job = jobs.get(id);
    if (!job) {
      now.replaceChildren(h("p", {}, "The studio was closed since. A training that was broken off goes on under the same name: ", h("a", { href: "#/train" }, "Train")));
      chart.hidden = true;
      return;
    }
    const ended = job.state === "done" && shown !== "done";
    if (job.state === shown) refresh(now, job);
    else if (job.state !== "done") redraw(now, ...state(job));
    shown = job.state;
    if (job.words.startsWith("loss ")) total = job.total; // as long as it learns, steps are counted
    if (!ended && (job.rows === rows || !job.rows)) return;
    rows = job.rows;
    const full = await get(`jobs/${id}`);
    const measured = full.history.filter((row) => row.step > 0);
    chart.hidden = !measured.length;
    heading.textContent = ended ? "As it learnt" : "As it learns";
    if (measured.length) drawn.show(measured, ended ? measured.at(-1).step : Math.max(total, measured.at(-1).step));
    if (ended) now.replaceChildren(...outcome(full).flat());
  };
  await draw();
  return watch((job) => job.id === id && draw());
}
