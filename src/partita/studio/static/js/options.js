// Forms made from a verb's description: the same parameters and defaults as the command and the function.
import { h } from "./dom.js";
import { reference } from "./references.js";
import { get, verbs } from "./server.js";

const listed = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
const NUMBERS = new Set(["a number", "a whole number", "a slider"]);

/** Keep the choices of a label those of the chosen model. */
function follow(label, model, models) {
  const draw = () => {
    const labels = models.find((each) => each.name === model.value)?.labels ?? [];
    label.replaceChildren(h("option", { value: "" }, "take turns"), ...labels.map((name) => h("option", { value: name, selected: name === label.value }, name)));
  };
  model.addEventListener("change", draw);
  draw();
}

/** Keep the protocols those of the chosen kind of data set, or of a folder where the form does not ask for one. */
function followKind(protocol, kind, studio) {
  const draw = () => {
    const known = studio.data.find((each) => each.name === (kind?.value || "folder"));
    protocol.replaceChildren(h("option", { value: "" }, "the most honest"), ...Object.entries(known.protocols).map(([name, words]) => h("option", { value: name, title: words, selected: name === protocol.value }, name)));
  };
  kind?.addEventListener("change", draw);
  draw();
}

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

function control(field, id, models, architectures) {
  const common = { id, name: field.name, aria: { describedby: `${id}-words` } };
  if (field.kind === "a switch") return h("input", { ...common, type: "checkbox", role: "switch", checked: field.default });
  if (field.kind === "a label" || field.kind === "a protocol") return h("select", common);
  const names = choices(field, models, architectures);
  if (names) {
    if (field.default === null && !field.required) names.unshift(["", "its own"]);
    return h("select", common, names.map(([value, words]) => h("option", { value, selected: value === field.default }, words)));
  }
  if (field.kind === "a slider") {
    return h("input", { ...common, type: "range", min: field.least, max: field.most, step: field.step, value: field.default });
  }
  if (NUMBERS.has(field.kind)) {
    return h("input", {
      ...common, type: "number", min: field.least, max: field.most, required: field.default !== null,
      step: field.step ?? (field.kind === "a number" ? "any" : 1), value: field.default ?? "",
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

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** One option as {field, box, read(), set(value)}. */
function option(field, id, { models, architectures }) {
  const words = h("small", { id: `${id}-words` }, field.words);
  if (field.kind === "models") {
    const many = several(id, () => models.filter((model) => field.fitting.includes(model.architecture)).map((model) => model.name), field.label);
    return { field, box: h("div", { class: "option wide" }, h("span", { class: "label" }, field.label), many.element, words), read: () => (many.chosen().length ? many.chosen() : null), set: many.choose };
  }
  const element = control(field, id, models, architectures);
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

/**
 * The options of a verb as {element, values(), given(), set(), give()}. `values()` holds what differs from the defaults,
 * and what has none; `given()` what stands for something on a disk, which is asked for where `references` says so.
 * `without` names options that the room shows by itself.
 */
export async function options(verb, { without = [], references = false } = {}) {
  const [all, models, studio] = await Promise.all([verbs(), get("models"), get("studio")]);
  const described = all.find((each) => each.name === verb);
  const idOf = (field) => `${verb}-${field.name}`; // there may be several forms on a page
  const made = described.fields.filter((field) => !without.includes(field.name)).map((field) => option(field, idOf(field), { models, architectures: studio.architectures }));
  const asked = (references ? described.references : []).map((field) => ({ field, ...reference(field, idOf(field), studio) }));
  const of = (kind) => made.find(({ field }) => field.kind === kind);
  if (of("a label")) follow(of("a label").element, of("a model").element, models);
  if (of("a protocol")) followKind(of("a protocol").element, asked.find(({ kind }) => kind)?.kind, studio);
  const boxes = (advanced) => [...asked.map(({ field, element: box }) => ({ field, box })), ...made].filter(({ field }) => field.advanced === advanced).map(({ box }) => box);
  const folded = boxes(true);
  const element = h("form", { class: "options", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "option-grid" }, boxes(false)),
    folded.length ? h("details", {}, h("summary", {}, "More options"), h("div", { class: "option-grid" }, folded)) : null);
  const values = () => {
    if (!element.reportValidity()) throw new Error("An option has a value that it can't have.");
    return Object.fromEntries(made.map((each) => [each.field, each.read()])
      .filter(([field, value]) => field.required || !same(value, field.default))
      .map(([field, value]) => [field.name, value]));
  };
  const given = () => Object.fromEntries(asked.map(({ field, read: chosen }) => {
    const found = chosen();
    if (!found && field.required) throw new Error(`${field.label}: choose something first.`);
    return [field.name, found];
  }).filter(([, found]) => found));
  const set = (name, value) => made.find(({ field }) => field.name === name)?.set(value);
  const give = (name, value) => asked.find(({ field }) => field.name === name)?.set(value);
  return { element, values, given, set, give };
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
