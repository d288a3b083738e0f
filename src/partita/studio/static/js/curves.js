// What a training has measured, as curves over its steps: drawn with the page's own style, so that they follow the theme.
import { h, percent } from "./dom.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString());

/** Round marks from 0 up to `high`, about `most` of them. */
function marks(high, most) {
  const power = 10 ** Math.floor(Math.log10(high / most));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= (high / most) * 0.999);
  return Array.from({ length: Math.floor(high / step + 0.001) + 1 }, (_, place) => Number((place * step).toPrecision(6)));
}

function line(kind, points) {
  const drawn = document.createElementNS(NAMESPACE, "polyline");
  drawn.setAttribute("class", kind);
  drawn.setAttribute("points", points.map(([x, y]) => `${x},${100 - y}`).join(" "));
  return drawn;
}

/**
 * One panel over `total` steps: `lines` are [{name, words, kind}] of which each `kind` is a class of its style. Words
 * stand beside the drawing, not in it, so that they keep their size on a phone.
 */
function panel(history, total, { title, lines, high, form = short, kept = null }) {
  const points = lines.map(({ name }) => history.filter((row) => Number.isFinite(row[name])).map((row) => [row.step, row[name]]));
  const values = points.flat().map(([, value]) => value);
  const rungs = marks(high ?? (Math.max(...values) || 1), 4);
  if (rungs.at(-1) < Math.max(...values)) rungs.push(rungs.at(-1) + rungs[1]);
  const places = points.map((all) => all.map(([step, value]) => [(100 * step) / total, (100 * value) / rungs.at(-1)]));
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(...rungs.map((value) => line("rung", [[0, (100 * value) / rungs.at(-1)], [100, (100 * value) / rungs.at(-1)]])), ...places.map((all, place) => line(lines[place].kind, all)));
  const last = (place) => (points[place].length ? form(points[place].at(-1)[1]) : "");
  const said = lines.map(({ words }, place) => `${words} ${last(place)}`).join(", ");
  const dot = (kind, [x, y]) => h("i", { class: `dot ${kind}`, style: { left: `${x}%`, bottom: `${y}%` } });
  const best = kept === null ? [] : points.map((all, place) => [place, all.findIndex(([step]) => step === kept)]).filter(([place, at]) => at >= 0 && lines[place].kind === "two");
  return h("figure", { class: "curve" },
    h("figcaption", {}, h("b", {}, title), lines.map(({ words, kind }, place) => h("span", { class: `key ${kind}` }, words, " ", h("span", { class: "n" }, last(place))))),
    h("div", { class: "plot", role: "img", aria: { label: `${title} over ${history.at(-1).step} steps; last: ${said}` } }, svg,
      best.map(([place, at]) => dot("kept", places[place][at])),
      places.map((all, place) => all.slice(-1).map((at) => dot(lines[place].kind, at))),
      rungs.map((value) => h("span", { class: "rung", style: { bottom: `${(100 * value) / rungs.at(-1)}%` } }, form(value))),
      marks(total, 4).map((step) => h("span", { class: "step", style: { left: `${(100 * step) / total}%` } }, step.toLocaleString("en")))));
}

const COLUMNS = [["step", "Step", 0], ["loss", "Loss, training", 3], ["valid_loss", "Loss, held out", 3], ["valid_accuracy", "Right, held out", 3]];

/** Loss and accuracy of a training's rows, with the same as a table: {element, show(history, total)} draws what there is now. */
export function curves() {
  const panels = h("div", { class: "curves" });
  const words = h("p", { class: "muted small-words" });
  const head = h("tr");
  const rows = h("tbody");
  const element = h("div", {}, panels, words,
    h("details", { class: "as-text" }, h("summary", {}, "The curves as a table"),
      h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: "Curves as a table" } }, h("table", {}, h("thead", {}, head), rows))));
  return { element, show(history, total) {
    const held = history.filter((row) => Number.isFinite(row.valid_loss));
    const kept = held.length ? held.reduce((a, b) => (b.valid_loss < a.valid_loss ? b : a)).step : null;
    const shown = COLUMNS.filter(([name]) => history.some((row) => Number.isFinite(row[name])));
    panels.replaceChildren(
      panel(history, total, { title: "Loss (nats)", kept, lines: [{ name: "loss", words: "training", kind: "one" }, { name: "valid_loss", words: "held out", kind: "two" }] }),
      ...(shown.some(([name]) => name === "valid_accuracy") ? [panel(history, total, { title: "Songs named right", high: 1, form: (share) => percent(share), kept, lines: [{ name: "valid_accuracy", words: "held out", kind: "two" }] })] : []));
    words.textContent = `${kept === null ? "" : `The ring is where the loss on songs held out is least, step ${kept}: that state is kept. `}Songs may be altered while it learns, so the loss in training may lie higher.`;
    head.replaceChildren(...shown.map(([, title]) => h("th", { scope: "col" }, title)));
    rows.replaceChildren(...history.map((row) => h("tr", {}, shown.map(([name, , digits]) => h("td", { class: "n" }, row[name]?.toFixed(digits) ?? "")))));
  } };
}
