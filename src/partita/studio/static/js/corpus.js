// Recordings made of MIDI files: a part of the room Train, for those who have more MIDI than recordings.
import { clock, h, icon } from "./dom.js";
import { attempt, crumbs, follow, form as filling, keep, shelf } from "./making.js";
import { ask } from "./server.js";

const TITLE = "Recordings from MIDI";

function request(values = {}, given = {}) {
  const form = filling("corpus", { references: true }, values, given);
  return h("section", { class: "card form-card", aria: { label: "What to render" } }, form.element,
    h("div", { class: "buttons" }, h("button", { class: "primary", onclick: () => attempt(async () => {
      const job = await ask("corpus", form.given(), form.values());
      location.hash = `#/train/${job.id}`;
    }) }, icon("midi"), "Render")));
}

/** Show the form and what was rendered. */
export function show(main) {
  const made = shelf(["corpus"], "train", ({ digest }) => `${digest.recordings} recordings, ${clock(digest.seconds)}`);
  main.append(
    h("header", { class: "room-head" }, crumbs("train", "Train"), h("h1", {}, TITLE),
      h("p", { class: "lead" }, "Recordings that may be shared are rare; MIDI that may be shared is not. Each file is played, and the list of what was made says where it is from and what may be done with it.")),
    request(), made.element);
  return made.close;
}

/** Show what one request has come to; `train(reference)` takes the corpus to the training. */
export function job(main, id, train) {
  return follow(main, id, { room: "train/corpus", all: TITLE, title: (each) => each.title, steered: true }, (body, full) => {
    const { labels, recordings, seconds, failures, folder } = full.result;
    const most = Math.max(...labels.map(({ n }) => n));
    body.append(
      h("section", { class: "card", aria: { label: "What was rendered" } },
        h("p", { class: "verdict" }, `${recordings} recordings`), h("p", { class: "lead" }, `${clock(seconds)} of music in ${labels.length} ${labels.length === 1 ? "genre" : "genres"}.`),
        h("ol", { class: "bars ranges", aria: { label: "Recordings of each genre" } }, labels.map(({ label, n }) => h("li", {}, h("span", {}, label),
          h("div", { class: "meter" }, h("i", { style: { width: `${(100 * n) / most}%` } })), h("span", { class: "n" }, n)))),
        failures.length ? h("details", { class: "finding" }, h("summary", {}, `${failures.length} passed over`), h("ul", {}, failures.map((each) => h("li", {}, each)))) : null,
        h("p", { class: "digest" }, folder),
        h("div", { class: "buttons downloads" }, h("button", { class: "primary", onclick: () => attempt(() => train({ kept: id, title: full.title })) }, icon("train"), "Train on it"),
          keep(full, "manifest.csv", "List of recordings (.csv)"))),
      h("h2", { class: "again-head" }, "Change something"),
      request(full.parameters, full.given));
  });
}
