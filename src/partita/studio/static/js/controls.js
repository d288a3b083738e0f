// One option of a form: what it looks like, and how its value is read and set.
import { h } from "./dom.js";

const listed = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
const NUMBERS = new Set(["a number", "a whole number", "a slider"]);

/** Buttons of which any number are pressed; `offered()` says which there are. */
function several(id, offered, label) {
  const pressed = new Set();
  const element = h("div", { id, class: "several", role: "group", aria: { label, describedby: `${id}-words` } });
  const press = (name, event) => {
    if (!pressed.delete(name)) pressed.add(name);
    event.currentTarget.setAttribute("aria-pressed", String(pressed.has(name)));
  };
  const draw = () => element.replaceChildren(...offered().map((name) => h("button", { type: "button", class: "small chip", aria: { pressed: String(pressed.has(name)) }, onclick: (event) => press(name, event) }, name)));
  draw();
  return { element, draw, chosen: () => offered().filter((name) => pressed.has(name)), choose(names) {
    pressed.clear();
    for (const name of names ?? []) pressed.add(name);
    draw();
  } };
}

/** What stands beside a slider: its value. */
function shown(slider) {
  const value = h("output", { class: "n", for: slider.id }, slider.value);
  slider.addEventListener("input", () => value.replaceChildren(Number(slider.value).toFixed(2)));
  value.replaceChildren(Number(slider.value).toFixed(2));
  return value;
}

/** What may be selected, as [value, words]; null for a kind that is written. */
function choices(field, models, architectures) {
  const fitting = architectures.filter((each) => field.fitting.includes(each.name)).map((each) => [each.name, each.name]);
  const known = models.filter((model) => field.fitting.includes(model.architecture)).map((model) => [model.name, model.own ? `${model.name} (yours)` : model.name]);
  if (field.kind === "a choice") return field.choices.map((name) => [name, name]);
  if (field.kind === "a model") return known;
  if (field.kind === "an architecture") return fitting;
  if (field.kind === "a model or an architecture") return [...fitting, ...known.filter(([name]) => fitting.every(([other]) => other !== name))];
  return null;
}

function control(field, id, { models, architectures, kin, familyOf }) {
  const common = { id, name: field.name, aria: { describedby: `${id}-words` } };
  if (field.kind === "a switch") return h("input", { ...common, type: "checkbox", role: "switch", checked: field.default });
  if (field.kind === "a label" || field.kind === "a protocol") return h("select", common);
  const names = choices(field, models, architectures);
  if (names) {
    if (field.default === null && !field.required) names.unshift(["", "its own"]);
    const offered = (pairs) => pairs.map(([value, words]) => h("option", { value, selected: value === field.default }, words));
    const mixed = field.fitting.length && new Set(names.map(([name]) => familyOf(name))).size > 1;
    return h("select", common, mixed ? kin.map((family) => h("optgroup", { label: family.title }, offered(names.filter(([name]) => familyOf(name) === family)))) : offered(names));
  }
  if (field.kind === "a slider") {
    return h("input", { ...common, type: "range", min: field.least, max: field.most, step: field.step, value: field.default });
  }
  if (NUMBERS.has(field.kind)) {
    return h("input", {
      ...common, type: "number", min: field.least, max: field.most, required: field.default !== null,
      step: field.step ?? (field.kind === "a number" ? "any" : 1), value: field.default ?? "",
      placeholder: field.default === null ? "automatic" : null,
    });
  }
  return h("input", { ...common, type: "text", autocomplete: "off", required: field.required, value: written(field, field.default), placeholder: field.example });
}

/** A value as its line shows it. */
function written(field, value) {
  if (Array.isArray(value)) return value.join(", ");
  if (field.kind === "settings" && value) return Object.entries(value).map((pair) => pair.join("=")).join(", ");
  return value ?? "";
}

function read(field, element) {
  if (field.kind === "a switch") return element.checked;
  const text = element.value.trim();
  if (text === "") return field.default === "" ? "" : null;
  if (NUMBERS.has(field.kind)) return Number(text);
  if (field.kind === "a list") return listed(text);
  if (field.kind === "numbers") return listed(text).map(Number);
  if (field.kind === "settings") return Object.fromEntries(pairs(text));
  return text;
}

/** NAME=VALUE pairs with commas between them; a value may have commas of its own. */
function pairs(text) {
  const found = [];
  for (const word of listed(text)) {
    const place = word.indexOf("=");
    if (place > 0) found.push([word.slice(0, place).trim(), word.slice(place + 1).trim()]);
    else if (found.length) found.at(-1)[1] += `,${word}`;
    else throw new Error(`A setting is NAME=VALUE, not ${word}.`);
  }
  return found;
}

/** One option as {field, box, read(), set(value)}. */
export function option(field, id, context) {
  const { models, familyOf } = context;
  const words = h("small", { id: `${id}-words` }, field.words);
  if (field.kind === "models") {
    const offered = () => models.filter((model) => field.fitting.includes(model.architecture) && familyOf(model.name) === familyOf(context.chosen()) && model.name !== context.chosen());
    const many = several(id, () => offered().map((model) => model.name), field.label);
    return { field, draw: many.draw, box: h("div", { class: "option wide" }, h("span", { class: "label" }, field.label), many.element, words), read: () => (many.chosen().length ? many.chosen() : null), set: many.choose };
  }
  const element = control(field, id, context);
  const label = h("label", { for: id }, field.label);
  const box = field.kind === "a switch" ? h("div", { class: "option switch" }, h("div", {}, label, words), element)
    : field.kind === "a slider" ? h("div", { class: "option slider" }, label, shown(element), element, words)
    : h("div", { class: "option" }, label, element, words);
  const set = (value) => {
    if (field.kind === "a switch") element.checked = value;
    else element.value = written(field, value);
    element.dispatchEvent(new Event(field.kind === "a slider" ? "input" : "change"));
  };
  return { field, box, element, read: () => read(field, element), set };
}
