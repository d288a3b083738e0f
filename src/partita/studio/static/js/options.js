// Forms made from a verb's description: the same parameters and defaults as the command and the function.
import { option } from "./controls.js";
import { h } from "./dom.js";
import { families, follow, followKind, suit } from "./families.js";
import { reference } from "./references.js";
import { get, verbs } from "./server.js";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * The options of a verb as {element, values(), given(), set(), give()}. `values()` holds what differs from the defaults,
 * and what has none; `given()` what stands for something on a disk, which is asked for where `references` says so.
 * `without` names those that the room shows by itself, `family` is that of the architectures that are offered.
 */
export async function options(verb, { without = [], references = false, family = "" } = {}) {
  const [all, models, studio] = await Promise.all([verbs(), get("models"), get("studio")]);
  const described = all.find((each) => each.name === verb);
  const idOf = (field) => `${verb}-${field.name}`; // there may be several forms on a page
  const kin = families(all);
  const familyOf = (name) => kin.of(models.find((model) => model.name === name)?.architecture ?? name);
  const architectures = studio.architectures.filter(({ name }) => !family || kin.of(name).verb === family);
  const context = { models, architectures, kin: kin.all, familyOf, chosen: () => model?.value };
  let model = null;
  const made = [];
  for (const field of described.fields.filter((each) => !without.includes(each.name))) {
    made.push(option(field, idOf(field), context));
    if (field.name === "model") model = made.at(-1).element;
  }
  const asked = (references ? described.references : []).filter((field) => !without.includes(field.name)).map((field) => ({ field, ...reference(field, idOf(field), studio) }));
  const of = (kind) => made.find(({ field }) => field.kind === kind);
  const kind = asked.find((each) => each.kind)?.kind;
  if (kind && model) suit(kind, model, familyOf, studio);
  if (model && of("models")) model.addEventListener("change", of("models").draw);
  if (of("a label")) follow(of("a label").element, of("a model").element, models);
  if (of("a protocol")) followKind(of("a protocol").element, kind, studio);
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
