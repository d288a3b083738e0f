// The room Classify: recordings in, a library of answers, and each answer to be listened to.
import { detail } from "./answer.js";
import { choosers, droppable } from "./drop.js";
import { h, icon, notice } from "./dom.js";
import { library } from "./library.js";
import { options } from "./options.js";
import { recorder } from "./record.js";
import { ask, connected, get, upload, watch } from "./server.js";

const AT_ONCE = 3;
const isOne = (job) => job.verb === "classify" && !job.batch.startsWith("why ");

/** Show the drop area and the library, with a `model` chosen if the address names one, or the answer that it names. */
export async function show(main, [id, model]) {
  await connected;
  return id ? detail(main, id) : overview(main, model);
}

async function overview(main, model) {
  const studio = await get("studio");
  const pieces = await get("pieces");
  const form = h("div", { class: "option-slot" }, h("p", { class: "muted" }, "Loading …"));
  let chosen = () => ({});
  options("classify", { without: ["explain"] }).then((made) => {
    form.replaceChildren(made.element);
    if (model) made.set("model", model);
    chosen = made.values;
  }, (error) => notice(error.message, "warn"));

  const start = async (given, batch = "") => ask("classify", { source: given }, chosen(), batch);
  const one = async (given) => {
    try {
      const job = await start(given);
      location.hash = `#/classify/${job.id}`;
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  const take = async (files) => {
    if (files.length === 1) {
      busy.hidden = false;
      try {
        await one({ upload: (await upload(files[0].file)).id });
      } catch (error) {
        notice(error.message, "warn");
      }
      busy.hidden = true;
      return;
    }
    const batch = crypto.randomUUID().slice(0, 8);
    const rest = [...files];
    let failed = 0;
    const work = async () => {
      for (let next = rest.shift(); next; next = rest.shift()) {
        sent.textContent = `Handing over: ${files.length - rest.length} of ${files.length}`;
        try {
          await start({ upload: (await upload(next.file, next.path)).id }, batch);
        } catch (error) {
          failed += 1;
          if (failed <= 3) notice(error.message, "warn");
        }
      }
    };
    busy.hidden = false;
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    busy.hidden = true;
    if (failed > 3) notice(`${failed} of ${files.length} files were not taken.`, "warn");
  };
  const sent = h("span", {}, "Handing over …");
  const busy = h("p", { class: "busy-line", hidden: true, role: "status" }, h("progress", { "aria-label": "Uploading" }), sent);

  const zone = h("section", { class: "drop", id: "classify-source", aria: { label: "Choose recordings" } },
    h("div", { class: "drop-words" }, icon("classify"),
      h("p", {}, h("strong", {}, "Drop recordings or a folder here"), h("span", { class: "muted" }, "Any common audio or video file, any length. They stay on this machine."))),
    h("div", { class: "buttons" }, choosers(take), recorder((file) => take([{ file, path: file.name }]))),
    busy,
    h("details", { open: Boolean(model) }, h("summary", {}, "Options"), form));
  droppable(zone, take);
  const tries = h("section", { class: "pieces" }, h("h2", {}, "Or try one of these"),
    h("div", { class: "chips" }, pieces.map(({ file, title }) => {
      const [, words, licence] = title.match(/^(.*) (\([^)]*\))$/) ?? [null, title, ""];
      return h("button", { class: "piece", onclick: () => one({ piece: file }) }, icon("classify"), h("span", {}, words), h("small", {}, licence.slice(1, -1)));
    })));
  const shelf = library({ local: studio.local, isOne });
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "What does it sound like?"),
      h("p", { class: "lead" }, "A genre for every recording, how sure the model is, and where in the music it heard it.")),
    zone, tries, shelf.element,
  );
  const unwatch = watch((job) => isOne(job) && shelf.soon());
  return () => {
    unwatch();
    shelf.close?.();
  };
}


