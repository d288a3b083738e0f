// What a form asks for that lies on a disk: music, folders, files, and the names of what is new.
import { choosers, droppable } from "./drop.js";
import { h, icon } from "./dom.js";
import { handOver } from "./handover.js";
import { attempt } from "./making.js";
import { upload } from "./server.js";

/** A control for a reference field: {element, read(), set(reference)}; `read` gives null where nothing was chosen. */
export function reference(field, id, studio) {
  if (field.kind === "a data set") return music(field, id, studio);
  if (field.kind === "a new name") return name(field, id);
  return place(field, id, studio, field.kind === "a folder");
}

function name(field, id) {
  const input = h("input", { id, type: "text", autocomplete: "off", required: field.required, pattern: "[A-Za-z0-9][\\w .\\-]*", maxlength: 63, aria: { describedby: `${id}-words` } });
  return {
    element: h("div", { class: "option" }, h("label", { for: id }, field.label), input, h("small", { id: `${id}-words` }, field.words)),
    read: () => (input.value.trim() ? { name: input.value.trim() } : null),
    set: (value) => { input.value = value?.name ?? ""; },
  };
}

/** Choose a file, or a `folder`: dropped, chosen, or by its place on this machine. What was chosen last counts. */
function chooser(id, studio, { folder, single, endings = [] }) {
  let chosen = null;
  const said = h("span", {});
  const busy = h("p", { class: "busy-line", hidden: true, role: "status" }, h("progress", { "aria-label": "Uploading" }), said);
  const what = h("p", { class: "chosen", hidden: true });
  const path = h("input", { id: `${id}-path`, type: "text", autocomplete: "off", placeholder: folder ? "/home/me/Music" : `/home/me/file${endings[0] ?? ""}` });
  const show = (value) => {
    chosen = value;
    path.value = value?.path ?? "";
    const title = value?.title ?? value?.word;
    what.hidden = !title;
    what.replaceChildren(...(title ? [icon(value.group ? "folder" : "file"), h("strong", {}, title), h("button", {
      type: "button", class: "quiet small", onclick: () => show(null), aria: { label: `Not ${title}` },
    }, icon("close"))] : []));
  };
  const take = (files) => files.length && attempt(async () => {
    busy.hidden = false;
    try {
      const [first] = files;
      if (files.length > 1 || first.path.includes("/")) show(await handOver(files, (words) => { said.textContent = words; }));
      else show({ upload: (await upload(first.file, first.path)).id, title: first.path });
    } finally {
      busy.hidden = true;
    }
  });
  const buttons = choosers(take, { accept: endings.filter((each) => each.startsWith(".")).join(","), multiple: false, single, folder, primary: false, words: "Choose a file" });
  const words = endings.filter((each) => !each.startsWith(".")).map((word) => h("button", { type: "button", onclick: () => show({ word }) }, word));
  const element = h("div", { class: "place", id: `${id}-place` }, h("div", { class: "buttons" }, buttons, words), what, busy,
    studio.local ? h("div", { class: "option" }, h("label", { for: `${id}-path` }, "or its place on this machine"), path) : null);
  droppable(element, take);
  path.addEventListener("input", () => {
    const typed = path.value.trim();
    chosen = typed ? { path: typed } : null;
    what.hidden = true;
  });
  return { element, read: () => chosen, set: show };
}

function place(field, id, studio, folder) {
  const chosen = chooser(id, studio, { folder, single: !folder, endings: field.choices });
  return { ...chosen, element: h("fieldset", { class: "reference", id }, h("legend", {}, field.label), h("small", {}, field.words), chosen.element) };
}

/** A data set: of which kind, and where it lies, or how many pieces of a generated one. */
function music(field, id, studio) {
  const kinds = field.choices.map((name) => studio.data.find((each) => each.name === name));
  const none = field.required ? [] : [h("option", { value: "" }, "none")];
  const kind = h("select", { id, aria: { describedby: `${id}-words` } }, none, kinds.map((each) => h("option", { value: each.name }, each.name)));
  const words = h("small", { id: `${id}-words` });
  const count = h("input", { id: `${id}-count`, type: "number", min: 1, max: 1000, step: 1, value: 12, required: true });
  const counted = h("div", { class: "option" }, h("label", { for: `${id}-count` }, "How many"), count);
  const forms = { "a folder": chooser(id, studio, { folder: true, single: false }), "a file": chooser(`${id}-file`, studio, { folder: false, single: true, endings: [".npz"] }) };
  const of = () => kinds.find((each) => each.name === kind.value);
  const draw = () => {
    words.textContent = of()?.words ?? field.words;
    counted.hidden = count.disabled = of()?.form !== "a number";
    for (const [form, { element }] of Object.entries(forms)) element.hidden = of()?.form !== form;
  };
  kind.addEventListener("change", draw);
  draw();
  return {
    kind,
    element: h("fieldset", { class: "reference music" }, h("legend", {}, field.label), h("div", { class: "option" }, h("label", { for: id }, "Kind of collection"), kind, words),
      counted, Object.values(forms).map(({ element }) => element)),
    read() {
      if (!of()) return null;
      if (of().form === "a number") return { kind: of().name, count: Number(count.value) };
      const found = forms[of().form].read();
      return found && { ...found, kind: of().name };
    },
    set(value) {
      const { kind: said, count: pieces, ...rest } = value ?? {};
      if (kinds.some(({ name: each }) => each === said)) kind.value = said;
      if (pieces) count.value = pieces;
      forms[of()?.form]?.set?.(Object.keys(rest).length ? rest : null);
      draw();
    },
  };
}
