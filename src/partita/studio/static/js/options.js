// Forms made from a verb's description: the same parameters and defaults as the command and the function.
import { h } from "./dom.js";
import { get, verbs } from "./server.js";

const listed = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

function control(field, models, architectures) {
  const id = `option-${field.name}`;
  const common = { id, name: field.name, aria: { describedby: `${id}-words` } };
  if (field.kind === "a switch") return h("input", { ...common, type: "checkbox", role: "switch", checked: field.default });
  if (field.kind === "a choice" || field.kind === "a model" || field.kind === "an architecture") {
    const names = field.kind === "a choice" ? field.choices.map((name) => [name, name])
      : field.kind === "a model" ? models.map((model) => [model.name, model.own ? `${model.name} (yours)` : model.name])
      : architectures.map((each) => [each.name, each.name]);
    return h("select", common, names.map(([value, words]) => h("option", { value, selected: value === field.default }, words)));
  }
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
  if (field.kind === "a number" || field.kind === "a whole number") return Number(text);
  if (field.kind === "a list") return listed(text);
  if (field.kind === "settings") return Object.fromEntries(listed(text).map((pair) => pair.split("=").map((part) => part.trim())));
  return text;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * The options of a verb as {element, values(), fields}. `values()` holds what differs from the defaults, and what has
 * none. `fitting` says which models are offered, `without` names options that the room shows by itself.
 */
export async function options(verb, { fitting = () => true, without = [], architectures = () => true } = {}) {
  const [all, models, studio] = await Promise.all([verbs(), get("models"), get("studio")]);
  const fields = all.find((each) => each.name === verb).fields.filter((field) => !without.includes(field.name));
  const offered = models.filter(fitting);
  const kinds = studio.architectures.filter(architectures);
  const pairs = fields.map((field) => {
    const element = control(field, offered, kinds);
    const id = element.id;
    const label = h("label", { for: id }, field.label);
    const words = h("small", { id: `${id}-words` }, field.words);
    const box = field.kind === "a switch"
      ? h("div", { class: "option switch" }, h("div", {}, label, words), element)
      : h("div", { class: "option" }, label, element, words);
    return { field, element, box };
  });
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
    if (pair) pair.element.value = value;
  };
  return { element, values, set };
}
