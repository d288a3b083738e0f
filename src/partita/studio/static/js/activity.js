// The list of all jobs, whatever room they were asked for in.
import { about, h, icon, notice } from "./dom.js";
import { roomOf } from "./rooms.js";
import { ENDED, forget, jobs, send, watch } from "./server.js";

const WORDS = {
  waiting: "waiting", running: "at work", paused: "paused", done: "done", failed: "failed", stopped: "stopped",
};

/** A bar for a job's progress, with words for people who can't see it. */
export function progressBar(job) {
  const share = job.total ? job.done / job.total : 0;
  const value = job.state === "running" && job.total ? { value: share } : {};
  return h("progress", { max: 1, aria: { label: `Progress of ${job.title}` }, ...value });
}

/** A job's state in a few words. */
export function stateWords(job) {
  if (job.state === "failed") return job.error;
  if (job.state !== "running") return WORDS[job.state] ?? job.state;
  return [job.words, job.total > 3 ? `${job.done} of ${job.total}` : "", about(job.seconds_left)].filter(Boolean).join(" · ")
    || "at work";
}

/** Stop a job that has not ended. */
export const stopButton = (job, words = "Stop") => h(
  "button", { class: "small", onclick: () => send(`jobs/${job.id}/stop`), aria: { label: `${words} ${job.title}` } },
  icon("stop"), words,
);

const button = (job, deed, sign, words) => h("button", {
  onclick: () => send(`jobs/${job.id}/${deed}`).catch((error) => notice(error.message, "warn")), aria: { label: `${words} ${job.title}` },
}, icon(sign), words);

/** What can be done with a job that takes long and goes on from where it was: pause, resume, stop. */
export function steering(job) {
  if (job.state === "running" || job.state === "waiting") return [button(job, "pause", "pause", "Pause"), stopButton(job)];
  return job.state === "paused" ? [button(job, "resume", "play", "Resume"), stopButton(job)] : [];
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
      h("span", { class: "muted" }, `${job.verb} · ${stateWords(job)}`)),
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
  dialog.append(
    h("header", {}, h("h2", { id: "activity-title" }, "Activity"),
      h("button", { class: "quiet", aria: { label: "Close" }, onclick: close }, icon("close"))),
    list,
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
    list.replaceChildren(...(all.length ? all.slice(0, 200).map((job) => row(job, close)) : [
      h("li", { class: "muted" }, "Nothing has been asked for yet."),
    ]));
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
