// The list of all jobs, whatever room they were asked for in.
import { about, capital, h, icon, notice } from "./dom.js";
import { roomOf } from "./rooms.js";
import { ENDED, forget, jobs, send, watch } from "./server.js";

const WORDS = {
  waiting: "waiting", running: "at work", paused: "paused", done: "done", failed: "failed", stopped: "stopped",
};

/** A bar for a job's progress, with words for people who can't see it. */
export function progressBar(job) {
  const bar = h("progress", { max: 1, aria: { label: `Progress of ${job.title}` } });
  const share = shareOf(job);
  if (share !== null) bar.value = share;
  return bar;
}

const shareOf = (job) => (job.state !== "waiting" && job.total ? job.done / job.total : null);

/** Why a job failed, for where its title is there to be read. */
export const reason = (job) => (job.error.startsWith(`${job.title}: `) ? capital(job.error.slice(job.title.length + 2)) : job.error);

/** A job's state in a few words. */
export function stateWords(job) {
  if (job.state === "failed") return reason(job);
  if (job.state !== "running") return WORDS[job.state] ?? job.state;
  const words = job.words.startsWith("loss ") ? "learning" : job.words; // the figures stand beside its curves
  return [words, job.total > 3 ? `${job.done} of ${job.total}` : "", about(job.seconds_left)].filter(Boolean).join(" · ")
    || "at work";
}

/** The same words in an element that `refresh` keeps true. */
export const standing = (job, tag = "span") => h(tag, { class: "state-words" }, stateWords(job));

/** Bring bar and words inside an element up to date, in place: what is about to be pressed must not be drawn anew. */
export function refresh(element, job) {
  const bar = element.querySelector("progress");
  const share = shareOf(job);
  if (bar && share !== null) bar.value = share;
  else bar?.removeAttribute("value");
  const words = element.querySelector(".state-words");
  if (words) words.textContent = stateWords(job);
}

/**
 * Have `list` hold one element for each job, in their order. `draw(job)` makes it where there is none yet, or where
 * `version(job)`, by default its state, has changed; else it is refreshed.
 */
export function relist(list, all, draw, version = (job) => job.state) {
  const held = new Map([...list.children].map((element) => [element.dataset.job, element]));
  const elements = all.map((job) => {
    const old = held.get(job.id);
    if (old?.dataset.version === version(job)) {
      refresh(old, job);
      return old;
    }
    const element = draw(job);
    Object.assign(element.dataset, { job: job.id, version: version(job) });
    return element;
  });
  const kept = new Set(elements);
  for (const element of [...list.children]) if (!kept.has(element)) element.remove();
  elements.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
}

/** Stop a job that has not ended. */
export const stopButton = (job, words = "Stop", size = "small") => h(
  "button", { class: size, onclick: () => send(`jobs/${job.id}/stop`), aria: { label: `${words} ${job.title}` } },
  icon("stop"), words,
);

const button = (job, deed, sign, words) => h("button", {
  onclick: () => send(`jobs/${job.id}/${deed}`).catch((error) => notice(error.message, "warn")), aria: { label: `${words} ${job.title}` },
}, icon(sign), words);

/** What can be done with a job that takes long and goes on from where it was: pause, resume, stop. */
export function steering(job) {
  if (job.state === "running" || job.state === "waiting") return [button(job, "pause", "pause", "Pause"), stopButton(job, "Stop", "")];
  return job.state === "paused" ? [button(job, "resume", "play", "Resume"), stopButton(job, "Stop", "")] : [];
}

const address = (job) => {
  const about = job.batch.startsWith("why ") ? job.batch.slice(4) : job.id;
  return `#/${roomOf(job.verb)}/${about}`;
};

function row(job, close) {
  const open = !ENDED.has(job.state);
  return h("li", { class: `job ${job.state}` },
    h("div", {},
      h("a", { href: address(job), onclick: close }, job.title),
      h("span", { class: "muted" }, `${job.verb} · `, standing(job))),
    job.state === "running" ? progressBar(job) : null,
    open ? stopButton(job) : h("button", {
      class: "quiet small", onclick: () => forget(job.id), aria: { label: `Remove ${job.title}` },
    }, icon("bin")));
}

/** Fill the button and the dialog, and keep them up to date. */
export function activity() {
  const button = document.getElementById("activity-button");
  const dialog = document.getElementById("activity");
  const close = () => dialog.close();
  const list = h("ul", { class: "jobs" });
  const none = h("p", { class: "muted" }, "Nothing has been asked for yet. What you start anywhere is listed here, with its result.");
  dialog.append(
    h("header", {}, h("h2", { id: "activity-title" }, "Activity"),
      h("button", { class: "quiet", aria: { label: "Close" }, onclick: close }, icon("close"))),
    list, none,
  );
  let asked = false;
  const draw = () => {
    asked = false;
    const all = [...jobs.values()].reverse();
    const busy = all.filter((job) => job.state === "running" || job.state === "waiting").length;
    button.replaceChildren(icon("activity"), h("span", {}, busy ? `${busy} at work` : "Activity"));
    button.classList.toggle("busy", busy > 0);
    button.setAttribute("aria-label", busy ? `Activity: ${busy} jobs at work` : "Activity");
    if (!dialog.open) return;
    relist(list, all.slice(0, 200), (job) => row(job, close));
    none.hidden = all.length > 0;
  };
  const soon = () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };
  button.addEventListener("click", () => {
    dialog.showModal();
    button.setAttribute("aria-expanded", "true");
    draw();
  });
  dialog.addEventListener("close", () => button.setAttribute("aria-expanded", "false"));
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  watch(soon);
  draw();
}
