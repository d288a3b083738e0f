// What the rooms that make music have in common: a job's way to its result, and the list of what was made.
import { progressBar, reason, refresh, relist, standing, steering, stopButton } from "./activity.js";
import { choosers } from "./drop.js";
import { h, icon, notice, redraw } from "./dom.js";
import { options } from "./options.js";
import { ENDED, forget, get, jobs, upload, watch } from "./server.js";

export const crumbs = (room, words) => h("nav", { class: "crumbs", aria: { label: "Back" } }, h("a", { href: `#/${room}` }, icon("back"), words));

/** Do something that may be refused, and say so where it is. */
export async function attempt(deed) {
  try {
    return await deed();
  } catch (error) {
    notice(error.message, "warn");
    return null;
  }
}

/** A verb's form at once, filled as soon as its options are known, with what an earlier request had: `values`, `given`. */
export function form(verb, how = {}, values = {}, given = {}) {
  const element = h("div", { class: "option-slot" }, h("p", { class: "muted" }, "Loading …"));
  let made = null;
  attempt(async () => {
    made = await options(verb, how);
    for (const [name, value] of Object.entries(values)) made.set(name, value);
    for (const [name, value] of Object.entries(given)) made.give(name, value);
    element.replaceChildren(made.element);
  });
  const read = (what) => {
    if (!made) throw new Error("The options are still being loaded.");
    return made[what]();
  };
  return { element, values: () => read("values"), given: () => read("given") };
}

/**
 * Something that may be given besides, a file from the disk: {element, given(), take(files)}. `words` are the button's,
 * `said(title)` those of what was chosen, `without` those of the way back; `given` may be there from an earlier request.
 */
export function besides({ id, words, said, without, accept, given = null, changed = () => {} }) {
  const chosen = h("span", { class: "muted" });
  const drop = h("button", { class: "quiet small", onclick: () => put(null) }, icon("close"), without);
  const draw = () => {
    chosen.textContent = given ? said(given.title) : "";
    drop.hidden = !given;
  };
  const put = (next) => {
    given = next;
    draw();
    changed();
  };
  const take = ([first]) => first && attempt(async () => put({ upload: (await upload(first.file, first.path)).id, title: first.path }));
  const element = h("div", { class: "span-row", id }, choosers(take, { multiple: false, folder: false, primary: false, words, ...(accept ? { accept } : {}) }), chosen, drop);
  draw();
  return { element, take, given: () => given };
}

/** The address of one of a job's files. */
export const fileOf = (job, name) => `api/jobs/${job.id}/files/${encodeURIComponent(name)}`;

/** A link that saves one of a job's files. */
export const keep = (job, name, words, size = "small") => h("a", { class: `button ${size}`, href: `${fileOf(job, name)}?keep=true`, download: name, aria: { label: `Download ${name}` } }, icon("down"), words);

function unfinished(job, room, steered) {
  if (job.state === "failed") {
    return h("section", { class: "card warn-card", role: "alert" }, h("h2", {}, "That did not work"), h("p", {}, reason(job)),
      h("div", { class: "buttons" }, h("a", { class: "button primary", href: `#/${room}` }, "Try something else")));
  }
  if (job.state === "stopped") {
    return h("section", { class: "card" }, h("h2", {}, "Stopped"), h("p", {}, "You stopped it; nothing was kept."),
      h("div", { class: "buttons" }, h("a", { class: "button primary", href: `#/${room}` }, "Start again")));
  }
  return h("section", { class: "card working" }, progressBar(job), standing(job, "p"),
    h("p", { class: "muted" }, "It goes on when you close this page, and is listed under Activity."),
    steered ? h("div", { class: "buttons" }, steering(job)) : stopButton(job));
}

/**
 * Show a job in `main` until it has ended, then what `made(body, job)` makes of its result, which may return what is to
 * be done when the reader leaves. `steered` ones can be paused.
 */
export async function follow(main, id, { room, all, title, steered = false }, made) {
  const head = h("header", { class: "room-head answer-head" });
  const body = h("div", { class: "answer-body" });
  main.append(head, body);
  let shown = "";
  let leave = null;
  const draw = async () => {
    const job = jobs.get(id);
    if (!job) {
      head.replaceChildren(crumbs(room, all), h("h1", {}, "Not here any more"));
      body.replaceChildren(h("p", {}, "The studio was closed since, or this was removed."));
      return;
    }
    if (job.state === shown) {
      if (!ENDED.has(shown)) refresh(body, job);
      return;
    }
    shown = job.state;
    head.replaceChildren(crumbs(room, all), h("h1", {}, title(job)));
    if (job.state === "done") {
      const full = await get(`jobs/${id}`);
      body.replaceChildren();
      leave = await made(body, full);
    } else redraw(body, unfinished(job, room, steered));
  };
  const unwatch = watch((job) => job.id === id && draw());
  await draw();
  return () => {
    unwatch();
    leave?.();
  };
}

/** The list of a room's jobs, newest first: {element, close}. `words(job)` says what is known of one that is done, `title(job)` what it is called. */
export function shelf(verbs, room, words, title = (job) => job.title) {
  const list = h("ul", { class: "jobs" });
  const element = h("section", { class: "card library", aria: { label: "Made so far" } }, h("h2", {}, "Made so far"), list);
  let asked = false;
  const draw = () => {
    asked = false;
    const mine = [...jobs.values()].filter((job) => verbs.includes(job.verb)).reverse().slice(0, 100);
    element.hidden = !mine.length;
    relist(list, mine, (job) => h("li", { class: `job ${job.state}` },
      h("div", {}, h("a", { href: `#/${room}/${job.id}` }, title(job)), job.state === "done" ? h("span", { class: "muted" }, words(job)) : h("span", { class: "muted" }, standing(job))),
      job.state === "running" ? progressBar(job) : null,
      ENDED.has(job.state)
        ? h("button", { class: "quiet small", onclick: () => attempt(() => forget(job.id)), aria: { label: `Remove ${job.title}` } }, icon("bin"))
        : stopButton(job)));
  };
  const unwatch = watch(() => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  });
  draw();
  return { element, close: unwatch };
}
