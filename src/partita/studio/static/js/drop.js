// Files from the disk: dropped, chosen, one or many or a whole folder.
import { h, icon } from "./dom.js";

async function* entries(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    yield { file, path: `${path}${file.name}` };
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return;
    for (const each of batch) yield* entries(each, `${path}${entry.name}/`);
  }
}

/** Everything that was dropped, folders walked through, hidden files left out: [{file, path}]. */
export async function dropped(transfer) {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const root of roots) for await (const each of entries(root, "")) found.push(each);
  const all = roots.length ? found : [...transfer.files].map((file) => ({ file, path: file.name }));
  return all.filter(({ file }) => !file.name.startsWith("."));
}

const chosen = (input) => [...input.files]
  .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
  .filter(({ file }) => !file.name.startsWith("."));

/** Buttons to choose files (`single`) or a `folder`; `taken([{file, path}])` gets them. */
export function choosers(taken, { accept = "audio/*,video/*", multiple = true, single = true, folder = true, primary = true, words = "Choose files" } = {}) {
  const file = h("input", { type: "file", multiple, accept, hidden: true, tabindex: -1, "aria-hidden": "true", onchange: () => {
    taken(chosen(file));
    file.value = "";
  } });
  const whole = h("input", { type: "file", webkitdirectory: true, hidden: true, tabindex: -1, "aria-hidden": "true", onchange: () => {
    taken(chosen(whole));
    whole.value = "";
  } });
  return [
    ...(single ? [file, h("button", { type: "button", class: primary ? "primary" : "", onclick: () => file.click() }, icon("file"), words)] : []),
    ...(folder ? [whole, h("button", { type: "button", class: single || !primary ? "" : "primary", onclick: () => whole.click() }, icon("folder"), "Choose a folder")] : []),
  ];
}

/** Let files be dropped on an element. */
export function droppable(element, taken) {
  let depth = 0;
  const over = (more) => {
    depth = Math.max(0, depth + more);
    element.classList.toggle("over", depth > 0);
  };
  element.addEventListener("dragenter", (event) => {
    event.preventDefault();
    over(1);
  });
  element.addEventListener("dragleave", () => over(-1));
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    taken(await dropped(event.dataTransfer));
  });
}
