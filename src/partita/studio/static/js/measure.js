// The room Measure: how good a model is, what would make it better, and what a figure is worth.
import { h, icon } from "./dom.js";
import { attempt, crumbs, fileOf, follow, form as filling, keep, shelf } from "./making.js";
import { framed } from "./report.js";
import { ask, connected } from "./server.js";

const UNDERTAKINGS = {
  evaluate: {
    title: "Evaluate", sign: "measure", start: "Evaluate",
    words: "One model on music that it did not learn from: how much is right, how sure that figure is, and what is better.",
  },
  repeat: {
    title: "Train it again", sign: "again", start: "Train and measure",
    words: "The same training with other seeds, or over folds: how far the figure is luck.",
  },
  tune: {
    title: "Search for settings", sign: "nearer", start: "Search",
    words: "Many small trainings, each with other settings, and which of them do best on held-out songs.",
  },
  ladder: {
    title: "Weigh leaks", sign: "train", start: "Climb",
    words: "The same model under four ways of dividing songs: how much of a figure comes from hearing the same song before.",
  },
  reproduce: {
    title: "Try a report", sign: "file", start: "Look at it",
    words: "What five student reports claim, and what their models do when they are measured.",
  },
  sweep: {
    title: "Vary the drawing", sign: "generate", start: "Sweep",
    words: "A composer at several temperatures and min-p: where its pieces are most like real music.",
  },
};
const KEPT = "partita-measured-on";

/** Show what can be measured, one form, or what came of a request. */
export async function show(main, [part]) {
  await connected;
  if (!part) return overview(main);
  if (part in UNDERTAKINGS) return asking(main, part);
  return follow(main, part, { room: "measure", all: "Measure", title: (job) => job.title, steered: true }, result);
}

const headline = ({ digest }) => [digest.value, digest.words].filter(Boolean).join(" ");

function overview(main) {
  const made = shelf(Object.keys(UNDERTAKINGS), "measure", (job) => `${UNDERTAKINGS[job.verb].title} · ${headline(job)}`);
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "How good is it?"), h("p", { class: "lead" }, "Every figure comes with its interval, with simpler models beside it, and with the words that say what it was measured on.")),
    h("div", { class: "cards wide-cards" }, Object.entries(UNDERTAKINGS).map(([verb, { title, sign, words }]) => h("a", { class: "card model", href: `#/measure/${verb}` },
      h("h2", { class: "card-title" }, icon(sign), title), h("p", {}, words)))),
    made.element);
  return made.close;
}

/** The music that was measured on last, so that it need not be chosen again. */
function last() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function request(verb, values = {}, given = {}) {
  const { start, sign } = UNDERTAKINGS[verb];
  const form = filling(verb, { references: true }, values, given);
  return h("section", { class: "card form-card", aria: { label: "What to measure" } }, form.element,
    h("div", { class: "buttons" }, h("button", { class: "primary", onclick: () => attempt(async () => {
      const asked = form.given();
      const job = await ask(verb, asked, form.values());
      if (asked.data) sessionStorage.setItem(KEPT, JSON.stringify(asked.data));
      location.hash = `#/measure/${job.id}`;
    }) }, icon(sign), start)));
}

function asking(main, verb) {
  const { title, words } = UNDERTAKINGS[verb];
  const data = verb === "reproduce" ? {} : { data: last() };
  main.append(
    h("header", { class: "room-head" }, crumbs("measure", "Measure"), h("h1", {}, title), h("p", { class: "lead" }, words)),
    h("div", { class: "answer-body" }, request(verb, {}, data)));
}

function result(body, job) {
  const report = framed(fileOf(job, "report.html"), `Report: ${job.title}`);
  const files = ["report.html", "result.json", ...["csv", "zip"].flatMap((ending) => job.files.filter((name) => name.endsWith(`.${ending}`)))];
  body.append(
    h("div", { class: "buttons" },
      h("a", { class: "button small", href: fileOf(job, "report.html"), target: "_blank" }, icon("file"), "Open the report"),
      files.map((name) => keep(job, name, name))),
    report.element,
    h("h2", { class: "again-head" }, "Change something"),
    request(job.verb, job.parameters, job.given));
  return report.close;
}
