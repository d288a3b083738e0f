// The table of answers: sorted, filtered, put right, exported.
import { relist, standing, stopButton } from "./activity.js";
import { genreColours } from "./colours.js";
import { clock, h, icon, notice, percent, save } from "./dom.js";
import { ENDED, forget, jobs, send } from "./server.js";

const MOST_ROWS = 300;
const corrected = (job) => localStorage.getItem(`label ${job.id}`);
const genreOf = (job) => corrected(job) ?? job.digest.genre;

const COLUMNS = [
  { name: "Recording", of: (job) => job.title.toLowerCase() },
  { name: "Genre", of: (job) => (job.state === "done" ? genreOf(job) : "~") },
  { name: "Sure", of: (job) => -(job.digest.probability ?? -1) },
  { name: "Length", of: (job) => job.digest.seconds ?? Infinity },
];

const cell = (text) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // a spreadsheet would run it as a formula
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** The library as {element, soon()}; `soon` redraws with the next frame. */
export function library({ isOne }) {
  let order = null;
  let backwards = false;
  let asked = false;
  const search = h("input", { type: "search", placeholder: "Search", aria: { label: "Search by name" }, oninput: () => soon() });
  const genre = h("select", { aria: { label: "Only this genre" }, onchange: () => soon() });
  const sure = h("select", { aria: { label: "By confidence" }, onchange: () => soon() },
    [["", "However sure"], ["sure", "Sure"], ["unsure", "Unsure"], ["failed", "Could not be used"]].map(([value, words]) => h("option", { value }, words)));
  const count = h("span", { class: "muted", role: "status" });
  const head = h("tr", {}, COLUMNS.map((column) => h("th", { scope: "col" }, h("button", { class: "sort", onclick: () => {
    backwards = order === column ? !backwards : false;
    order = column;
    soon();
  } }, column.name))), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Do")));
  const rows = h("tbody");
  const stopAll = h("button", { onclick: () => open().forEach((job) => send(`jobs/${job.id}/stop`)) }, icon("stop"), "Stop all");
  const tools = h("div", { class: "tools" }, search, genre, sure, count, h("div", { class: "buttons" },
    stopAll,
    h("button", { onclick: () => exported("csv") }, icon("down"), "CSV"),
    h("button", { onclick: () => exported("json") }, icon("down"), "JSON"),
    h("button", { onclick: () => tagAll() }, icon("tag"), "Write tags"),
    h("button", { class: "quiet", onclick: () => clear() }, icon("bin"), "Clear")));
  const element = h("section", { class: "card library", hidden: true, aria: { label: "Library" } },
    h("h2", {}, "Library"), tools, h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: "Answers" } },
      h("table", { aria: { label: "Answers" } }, h("thead", {}, head), rows)));

  const mine = () => [...jobs.values()].filter(isOne).reverse();
  const open = () => mine().filter((job) => !ENDED.has(job.state));
  const fits = (job) => {
    if (search.value && !job.title.toLowerCase().includes(search.value.toLowerCase())) return false;
    if (genre.value && (job.state !== "done" || genreOf(job) !== genre.value)) return false;
    if (sure.value === "failed") return job.state === "failed" || job.state === "stopped";
    return !sure.value || (job.state === "done" && job.digest.unsure === (sure.value === "unsure"));
  };
  const shown = () => {
    const all = mine().filter(fits);
    if (order) all.sort((a, b) => (order.of(a) > order.of(b) ? 1 : order.of(a) < order.of(b) ? -1 : 0) * (backwards ? -1 : 1));
    return all;
  };

  function draw() {
    asked = false;
    const all = mine();
    element.hidden = !all.length;
    const known = [...new Set(all.filter((job) => job.state === "done").map(genreOf))].sort();
    if (known.join() !== genre.dataset.known) {
      const kept = genre.value;
      genre.dataset.known = known.join();
      genre.replaceChildren(h("option", { value: "" }, "All genres"), ...known.map((name) => h("option", { value: name, selected: name === kept }, name)));
    }
    const list = shown();
    [...head.children].forEach((th, place) => {
      if (COLUMNS[place] && COLUMNS[place] === order) th.setAttribute("aria-sort", backwards ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    count.textContent = `${list.length === all.length ? "" : `${list.length} of `}${all.length} recording${all.length === 1 ? "" : "s"}${list.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : ""}`;
    stopAll.hidden = !open().length;
    relist(rows, list.slice(0, MOST_ROWS), row, (job) => `${job.state} ${genreOf(job)} ${job.digest.unsure}`);
  }

  const soon = () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };

  function label(job) {
    const labels = job.digest.labels;
    const colours = genreColours(labels);
    const choice = h("select", { class: "label-choice", aria: { label: `Genre of ${job.title}` }, onchange: () => {
      if (choice.value === job.digest.genre) localStorage.removeItem(`label ${job.id}`);
      else localStorage.setItem(`label ${job.id}`, choice.value);
      soon();
    } }, labels.map((name) => h("option", { value: name, selected: name === genreOf(job) }, name)));
    return h("td", { class: "genre" }, h("i", { class: "swatch", style: { background: colours[genreOf(job)] } }), choice,
      corrected(job) ? h("small", {}, "corrected") : job.digest.unsure ? h("small", { class: "unsure-mark" }, "unsure") : null);
  }

  function row(job) {
    const done = job.state === "done";
    const title = h("th", { scope: "row" }, h("a", { href: `#/classify/${job.id}` }, job.title));
    if (!done) {
      return h("tr", { class: job.state }, title, h("td", { colspan: 3, class: "muted" }, standing(job)),
        h("td", { class: "n" }, ENDED.has(job.state) ? remove(job) : stopButton(job)));
    }
    const share = job.digest.probability;
    return h("tr", {}, title, label(job),
      h("td", {}, h("div", { class: "meter", "aria-hidden": "true" }, h("i", { style: { width: `${100 * share}%` } })), h("span", { class: "n" }, percent(share))),
      h("td", { class: "n" }, clock(job.digest.seconds)), h("td", { class: "n" }, remove(job)));
  }
  const remove = (job) => h("button", { class: "quiet small", aria: { label: `Remove ${job.title}` }, onclick: () => forget(job.id) }, icon("bin"));

  function exported(form) {
    const done = shown().filter((job) => job.state === "done");
    const table = done.map((job) => ({
      file: job.title, genre: genreOf(job), said: job.digest.genre, probability: job.digest.probability,
      unsure: job.digest.unsure, seconds: job.digest.seconds, model: job.digest.model,
    }));
    if (form === "json") {
      save("genres.json", `${JSON.stringify(table, null, 2)}\n`, "application/json");
      return;
    }
    const names = ["file", "genre", "said", "probability", "unsure", "seconds", "model"];
    save("genres.csv", `${[names, ...table.map((values) => names.map((name) => cell(String(values[name]))))].map((line) => line.join(",")).join("\n")}\n`, "text/csv");
  }

  async function tagAll() {
    const certain = shown().filter((job) => job.state === "done" && job.taggable && (corrected(job) || !job.digest.unsure));
    let written = 0;
    let kept = 0;
    for (const job of certain) {
      try {
        const { outcome } = await send(`jobs/${job.id}/tag`, { genre: genreOf(job) });
        if (outcome === "written") written += 1;
        else kept += 1;
      } catch {
        kept += 1;
      }
    }
    notice(`${written} tagged, ${kept} left as they were (a genre is there already, or the form has no tags). Open a recording to download it.`);
  }

  async function clear() {
    for (const job of shown()) await forget(job.id);
  }

  draw();
  return { element, soon };
}
