// What an audit has found in somebody's music, in words and lists.
import { progressBar, reason, refresh, standing, stopButton } from "./activity.js";
import { h, icon } from "./dom.js";
import { get } from "./server.js";

const SPLITS = new Set(["train", "valid", "test"]);
const MOST_LISTED = 100;
const many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

/** The label of a song by its name, as the task has it: the folder, inside a split's folder if there are such. */
function labelOf(name) {
  const parts = name.split("/");
  return SPLITS.has(parts[0]) && parts.length > 2 ? parts[1] : parts[0];
}

function counted(names) {
  const counts = new Map();
  for (const name of names) counts.set(labelOf(name), (counts.get(labelOf(name)) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function kind(words, findings, title) {
  return h("details", { class: "finding" }, h("summary", {}, `${findings.length} × ${title}`, h("small", {}, words)),
    h("ul", {}, findings.slice(0, MOST_LISTED).map((each) => h("li", {}, h("b", {}, each.songs.join(" = ")), ` ${each.words}`,
      each.conflict ? h("span", { class: "unsure-mark" }, " (under different genres)") : null))),
    findings.length > MOST_LISTED ? h("p", { class: "muted" }, `and ${findings.length - MOST_LISTED} more, in the table below`) : null);
}

function found(job, result) {
  const counts = counted(result.clean);
  const most = Math.max(1, ...counts.map(([, count]) => count));
  const kinds = Object.entries(result.kinds).map(([name, words]) => [name, words, result.findings.filter((each) => each.kind === name)]);
  const link = (name, words) => h("a", { class: "button", href: `api/jobs/${job.id}/files/${name}?keep=true`, download: name }, icon("down"), words);
  return [
    h("p", { class: "lead" }, h("strong", {}, many(result.songs, "song")), ` in ${many(counts.length, "genre")}`,
      result.leave_out.length ? `; ${many(result.leave_out.length, "song")} better left out.` : "; nothing has to be left out."),
    h("ol", { class: "bars ranges", aria: { label: "Songs of each genre" } }, counts.map(([label, count]) => h("li", {}, h("span", {}, label),
      h("div", { class: "meter" }, h("i", { style: { width: `${(100 * count) / most}%` } })), h("span", { class: "n" }, count)))),
    kinds.filter(([, , findings]) => findings.length).map(([name, words, findings]) => kind(words, findings, name)),
    result.notes.map((note) => h("p", { class: "muted" }, note)),
    h("div", { class: "buttons" }, link("audit.csv", "What was found"), link("leave-out.txt", "Songs left out")),
  ];
}

/** Draw an audit into `card` as far as it has come; returns its result once there is one. */
export async function drawAudit(card, job) {
  const version = `${job.id} ${job.state}`;
  if (card.dataset.version === version && job.state !== "done") {
    refresh(card, job);
    return null;
  }
  card.dataset.version = version;
  if (job.state === "done") {
    const { result } = await get(`jobs/${job.id}`);
    card.replaceChildren(h("h2", {}, "What is there"), ...found(job, result).flat(2));
    return result;
  }
  const words = job.state === "failed" ? h("p", { class: "warn", role: "alert" }, reason(job))
    : job.state === "stopped" ? h("p", { class: "muted" }, "You stopped it. It can be trained on all the same.")
    : h("div", { class: "working" }, progressBar(job), standing(job, "p"), stopButton(job));
  card.replaceChildren(h("h2", {}, "Looking it over"), words);
  return null;
}
