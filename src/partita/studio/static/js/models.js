// The room Models: each card as a page, and checkpoints of one's own.
import { choosers, droppable } from "./drop.js";
import { capital, h, icon, notice, percent } from "./dom.js";
import { get, send, upload, verbs } from "./server.js";

/** Show all models, or the card of the one that the address names. */
export async function show(main, [name]) {
  return name ? page(main, name) : overview(main);
}

const FIGURES = [["bits_per_note", " bits a note"], ["nats_per_patch", " nats a patch of sound"], ["nll_per_step", " nats a step"], ["nats", " nats a step"]];

function headline(model) {
  if (model.accuracy) return [h("b", {}, percent(model.accuracy)), ` right of ${model.n} songs`];
  const [key, words] = FIGURES.find(([name]) => typeof model[name] === "number") ?? [];
  return key ? [h("b", {}, model[key].toFixed(2)), words] : ["not measured yet"];
}

const SHELVES = [["classify", "Genres of recordings"], ["compose", "Pieces for the piano"], ["generate", "Sounds"]];

async function overview(main) {
  const [models, studio, all] = await Promise.all([get("models"), get("studio"), verbs()]);
  const used = Object.fromEntries(SHELVES.flatMap(([verb]) => all.find((each) => each.name === verb).fields
    .find((field) => field.name === "model").fitting.map((architecture) => [architecture, verb])));
  const shipped = models.filter((model) => !model.own);
  const shelf = (title, list, none) => h("section", { class: "shelf" }, h("h2", {}, title), list.length
    ? h("div", { class: "cards" }, list.map((model) => h("a", { class: "card model", href: `#/models/${encodeURIComponent(model.name)}` },
      h("h3", {}, model.name), h("p", {}, capital(model.summary || model.architecture)), h("p", { class: "headline" }, headline(model)),
      model.labels.length ? h("p", { class: "labels" }, model.labels.join(" · ")) : null)))
    : h("p", { class: "muted" }, none));
  main.append(...[
    h("header", { class: "room-head" }, h("h1", {}, "Models"), h("p", { class: "lead" }, "What each has learnt, from what, and how good it is where it was measured.")),
    shelf("Yours", models.filter((model) => model.own), "None yet. Train one, or load a checkpoint below."),
    SHELVES.map(([verb, title]) => shelf(title, shipped.filter((model) => used[model.architecture] === verb), "None.")),
    shelf("Of piano rolls, to be measured", shipped.filter((model) => !used[model.architecture]), "None."),
    loading(studio),
  ].flat());
}

/** Take in a checkpoint: its two files dropped, or its folder's path on this machine. */
function loading(studio) {
  const name = h("input", { id: "load-name", type: "text", autocomplete: "off", placeholder: "my-model" });
  const path = h("input", { id: "load-path", type: "text", autocomplete: "off", placeholder: "/home/me/my-genres" });
  const add = async (given, fallback) => {
    try {
      const made = await send("models", { name: name.value.trim() || fallback, given });
      location.hash = `#/models/${encodeURIComponent(made.name)}`;
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  const take = async (files) => {
    const parts = files.filter(({ file }) => ["card.json", "model.safetensors"].includes(file.name));
    if (parts.length !== 2) {
      notice("A checkpoint is a folder with card.json and model.safetensors.", "warn");
      return;
    }
    const group = crypto.randomUUID();
    try {
      for (const { file } of parts) await upload(file, file.name, group);
      await add({ group }, parts[0].path.split("/").at(-2) ?? "my-model");
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  const zone = h("section", { class: "drop small-drop", aria: { label: "Load a checkpoint" } },
    h("div", { class: "drop-words" }, icon("models"), h("p", {}, h("strong", {}, "Load a checkpoint of your own"),
      h("span", { class: "muted" }, "Its folder, with card.json and model.safetensors. Nothing in it is executed."))),
    h("div", { class: "option" }, h("label", { for: "load-name" }, "Name"), name),
    h("div", { class: "buttons" }, choosers(take, { accept: ".json,.safetensors", words: "Choose both files" })),
    studio.local ? h("div", { class: "option" }, h("label", { for: "load-path" }, "Or its folder on this machine"),
      h("div", { class: "buttons" }, path, h("button", { onclick: () => add({ path: path.value.trim() }, path.value.trim().split("/").filter(Boolean).at(-1) ?? "") }, "Load"))) : null);
  droppable(zone, take);
  return zone;
}

const HIDDEN = new Set(["format", "model", "config", "metrics", "parameters", "sha256"]);
const NUMBERS = [["accuracy", "Accuracy", "interval"], ["macro_f1", "Macro-F1"], ["nll", "Negative log-likelihood (nats)"], ["ece", "Calibration error", "ece_interval"], ["bits_per_note", "Bits per note", "interval"], ["bits_per_second", "Bits per second"], ["nats_per_patch", "Nats per patch of sound", "interval"], ["nll_per_step", "Nats per step", "interval"], ["nats", "Nats per step", "interval"], ["n_notes", "Notes"], ["n", "Songs"], ["n_pieces", "Pieces"]];

const written = (value) => (typeof value === "number" ? (Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(3))
  : typeof value === "object" ? JSON.stringify(value) : String(value));
const isGroup = (value) => typeof value === "object" && !Array.isArray(value);

const list = (value) => (value.length > 3 ? h("details", {}, h("summary", {}, `${value.length} entries`), value.map((each) => h("p", {}, written(each)))) : value.map(written).join(", "));

/** What a card says, in pairs; what belongs together under a heading of its own. */
function values(object) {
  const said = Object.entries(object).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
  const words = (key) => key.replaceAll("_", " ");
  return h("div", { class: "values" },
    h("dl", {}, said.filter(([, value]) => !isGroup(value)).map(([key, value]) => [h("dt", {}, words(key)), h("dd", {}, Array.isArray(value) ? list(value) : written(value))])),
    said.filter(([, value]) => isGroup(value)).map(([key, value]) => h("section", {}, h("h3", {}, capital(words(key))), values(value))));
}

const PARTS = { valid: "the validation part", test: "the test part", train: "its own training part" };

function measured(part, numbers) {
  const labels = numbers.per_label ? Object.entries(numbers.per_label) : [];
  return h("section", { class: "card" }, h("h2", {}, `Measured on ${PARTS[part] ?? part}`), h("p", { class: "muted" }, numbers.protocol ?? ""),
    h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: `Figures on ${part}` } }, h("table", {}, h("thead", {}, h("tr", {}, ["Measure", "Value", "95 % interval"].map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, NUMBERS.filter(([key]) => typeof numbers[key] === "number").map(([key, words, interval]) => h("tr", {}, h("th", { scope: "row" }, words), h("td", { class: "n" }, written(numbers[key])),
        h("td", { class: "n" }, numbers[interval] ? numbers[interval].map((end) => end.toFixed(3)).join(" to ") : "")))))),
    labels.length ? h("h3", { class: "bars-head" }, "Of each genre's songs, the share that is named so") : null,
    labels.length ? h("ol", { class: "bars ranges" }, labels.map(([label, row]) => h("li", {}, h("span", {}, label), h("div", { class: "meter" }, h("i", { style: { width: `${100 * (row.recall ?? 0)}%` } })), h("span", { class: "n" }, row.n ? percent(row.recall) : "–")))) : null);
}

async function page(main, name) {
  let model;
  try {
    model = await get(`models/${encodeURIComponent(name)}`);
  } catch (error) {
    main.append(h("h1", {}, name), h("p", {}, error.message), h("a", { href: "#/models" }, "All models"));
    return;
  }
  const { card } = model;
  main.append(
    h("header", { class: "room-head" }, h("nav", { class: "crumbs", aria: { label: "Back" } }, h("a", { href: "#/models" }, icon("back"), "All models")),
      h("h1", {}, name), h("p", { class: "lead" }, capital(model.summary), model.parameters ? `; ${model.parameters.toLocaleString("en")} parameters` : "")),
    h("div", { class: "answer-body" },
      model.labels.length ? h("section", { class: "card" }, h("h2", {}, "Genres it knows"), h("p", { class: "labels" }, model.labels.join(" · "))) : null,
      Object.entries(card.metrics ?? {}).map(([part, numbers]) => measured(part, numbers)),
      h("section", { class: "card" }, h("h2", {}, "Card"), values(Object.fromEntries(Object.entries(card).filter(([key]) => !HIDDEN.has(key)))),
        h("details", {}, h("summary", {}, "Configuration"), values(card.config)), h("p", { class: "digest" }, `sha256 ${card.sha256 ?? ""}`)),
      model.own ? h("div", { class: "buttons" }, h("button", { onclick: async () => {
        if (!confirm(`Remove ${name} for good?`)) return;
        await send(`models/${encodeURIComponent(name)}`, null, "DELETE");
        location.hash = "#/models";
      } }, icon("bin"), "Remove this model")) : null),
  );
}
