// Which models are of a kind, which music they are given, and how one choice in a form follows another.
import { h } from "./dom.js";

const FAMILIES = [["classify", "Genres of recordings", "recordings"], ["compose", "Pieces for the piano", "scores"], ["generate", "Sounds", "recordings"]];

/** What can be told of models by the verbs that use them: which family they are of, and what those are given. */
export function families(described) {
  const fitting = FAMILIES.map(([verb, title, media]) => ({ verb, title, media, names: new Set(described.find((each) => each.name === verb).fields.find((field) => field.name === "model").fitting) }));
  const others = { title: "Piano rolls", media: "rolls" };
  return { all: [...fitting, others], of: (architecture) => fitting.find(({ names }) => names.has(architecture)) ?? others };
}

/** Keep the kind of data set one that holds what the chosen model is given. */
export function suit(kind, model, familyOf, studio) {
  const draw = () => {
    const { media } = familyOf(model.value);
    const suited = [...kind.options].map(({ value }) => studio.data.find((each) => each.name === value)).filter((each) => each?.holds === media);
    if (!suited.length || suited.some((each) => each.name === kind.value)) return;
    kind.value = suited[0].name;
    kind.dispatchEvent(new Event("change"));
  };
  model.addEventListener("change", draw);
  draw();
}

/** Keep the choices of a label those of the chosen model. */
export function follow(label, model, models) {
  const draw = () => {
    const labels = models.find((each) => each.name === model.value)?.labels ?? [];
    label.replaceChildren(h("option", { value: "" }, "take turns"), ...labels.map((name) => h("option", { value: name, selected: name === label.value }, name)));
  };
  model.addEventListener("change", draw);
  draw();
}

/** Keep the protocols those of the chosen kind of data set, or of a folder where the form does not ask for one. */
export function followKind(protocol, kind, studio) {
  const draw = () => {
    const known = studio.data.find((each) => each.name === (kind?.value || "folder"));
    protocol.replaceChildren(h("option", { value: "" }, "the most honest"), ...Object.entries(known.protocols).map(([name, words]) => h("option", { value: name, title: words, selected: name === protocol.value }, name)));
  };
  kind?.addEventListener("change", draw);
  draw();
}
