// Forms made from a verb's description: the same parameters and defaults as the command and the function.
import { h } from "./dom.js";
import { get, verbs } from "./server.js";

const listed = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

/** Keep the choices of a label those of the chosen model. */
function follow(label, model, models) {
  const draw = () => {
    const labels = models.find((each) => each.name === model.value)?.labels ?? [];
    label.replaceChildren(h("option", { value: "" }, "take turns"), ...labels.map((name) => h("option", { value: name, selected: name === label.value }, name)));
  };
  model.addEventListener("change", draw);
  draw();
}

/** What stands beside a slider: its value. */
function shown(slider) {
  const value = h("output", { class: "n", for: slider.id }, slider.value);
  slider.addEventListener("input", () => value.replaceChildren(Number(slider.value).toFixed(2)));
  value.replaceChildren(Number(slider.value).toFixed(2));
  return value;
}

function control(field, id, models, architectures) {
  const common = { id, name: field.name, aria: { describedby: `${id}-words` } };
  if (field.kind === "a switch") return h("input", { ...common, type: "checkbox", role: "switch", checked: field.default });
  if (field.kind === "a choice" || field.kind === "a model" || field.kind === "an architecture") {
    const names = field.kind === "a choice" ? field.choices.map((name) => [name, name])
      : field.kind === "a model" ? models.map((model) => [model.name, model.own ? `${model.name} (yours)` : model.name])
      : architectures.map((each) => [each.name, each.name]);
    if (field.default === null && !field.required) names.unshift(["", "its own"]);
    return h("select", common, names.map(([value, words]) => h("option", { value, selected: value === field.default }, words)));
  }
  if (field.kind === "a slider") {
    return h("input", { ...common, type: "range", min: field.least, max: field.most, step: field.step, value: field.default });
  }
  if (field.kind === "a label") return h("select", common);
  if (field.kind === "a number" || field.kind === "a whole number") {
    return h("input", {
      ...common, type: "number", min: field.least, max: field.most, required: field.default !== null,
      step: field.step ?? (field.kind === "a number" ? "any" : 1), value: field.default ?? "",
    });
  }
  const words = Array.isArray(field.default) ? field.default.join(", ") : field.default;
  return h("input", { ...common, type: "text", autocomplete: "off", value: words ?? "", placeholder: field.kind === "settings" ? "steps=500, batch=16" : "" });
}

function read(field, element) {
  if (field.kind === "a switch") return element.checked;
  const text = element.value.trim();
  if (text === "") return field.default === "" ? "" : null;
  if (["a number", "a whole number", "a slider"].includes(field.kind)) return Number(text);
  if (field.kind === "a list") return listed(text);
  if (field.kind === "settings") return Object.fromEntries(listed(text).map((pair) => pair.split("=").map((part) => part.trim())));
  return text;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * The options of a verb as {element, values(), fields}. `values()` holds what differs from the defaults, and what has
 * none. `without` names options that the room shows by itself, `architectures` says which are offered.
 */
export async function options(verb, { without = [], architectures = () => true } = {}) {
  const [all, models, studio] = await Promise.all([verbs(), get("models"), get("studio")]);
  const fields = all.find((each) => each.name === verb).fields.filter((field) => !without.includes(field.name));
  const offers = (field) => models.filter((model) => field.fitting.includes(model.architecture));
  const kinds = studio.architectures.filter(architectures);
  const pairs = fields.map((field) => {
    const id = `${verb}-${field.name}`; // there may be several forms on a page
    const element = control(field, id, field.kind === "a model" ? offers(field) : models, kinds);
    const label = h("label", { for: id }, field.label);
    const words = h("small", { id: `${id}-words` }, field.words);
    const box = field.kind === "a switch"
      ? h("div", { class: "option switch" }, h("div", {}, label, words), element)
      : field.kind === "a slider" ? h("div", { class: "option slider" }, label, shown(element), element, words)
      : h("div", { class: "option" }, label, element, words);
    return { field, element, box };
  });
  const of = (kind) => pairs.find(({ field }) => field.kind === kind);
  if (of("a label")) follow(of("a label").element, of("a model").element, models);
  const plain = pairs.filter(({ field }) => !field.advanced).map(({ box }) => box);
  const folded = pairs.filter(({ field }) => field.advanced).map(({ box }) => box);
  const element = h("form", { class: "options", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "option-grid" }, plain),
    folded.length ? h("details", {}, h("summary", {}, "More options"), h("div", { class: "option-grid" }, folded)) : null);
  const values = () => {
    if (!element.reportValidity()) throw new Error("An option has a value that it can't have.");
    return Object.fromEntries(pairs.map(({ field, element: input }) => [field, read(field, input)])
      .filter(([field, value]) => field.required || !same(value, field.default))
      .map(([field, value]) => [field.name, value]));
  };
  const set = (name, value) => {
    const pair = pairs.find(({ field }) => field.name === name);
    if (!pair) return;
    if (pair.field.kind === "a switch") pair.element.checked = value;
    else pair.element.value = value ?? "";
    pair.element.dispatchEvent(new Event(pair.field.kind === "a slider" ? "input" : "change"));
  };
  return { element, values, set };
}

/** The same at once, as {element, values()}: the form comes when the studio can describe it, till then all is as usual. */
export function soon(verb, how = {}) {
  const element = h("div", { class: "option-slot" }, h("p", { class: "muted" }, "Loading …"));
  let values = () => ({});
  options(verb, how).then((made) => {
    element.replaceChildren(made.element);
    values = made.values;
  }, (error) => element.replaceChildren(h("p", { class: "warn" }, error.message)));
  return { element, values: () => values() };
}
