// What a training has measured, as curves over its steps: drawn with the page's own style, so that they follow the theme.
import { h } from "./dom.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [460, 240, 48, 12, 12, 34];

function s(tag, properties, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString());

/** One panel: `lines` are [{name, words, kind}] of which each `kind` is a class of its style. */
function panel(history, title, lines, top = null) {
  const points = lines.map((line) => history.filter((row) => Number.isFinite(row[line.name])).map((row) => [row.step, row[line.name]]));
  const values = points.flat();
  const steps = values.map(([step]) => step);
  const heights = values.map(([, value]) => value);
  const [first, last] = [Math.min(0, ...steps), Math.max(1, ...steps)];
  const low = Math.min(0, ...heights);
  const high = top ?? (Math.max(...heights, low) || 1);
  const x = (step) => LEFT + ((step - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, 1, 2, 3, 4].map((part) => low + (part / 4) * (high - low));
  const said = lines.map((line, place) => (points[place].length ? `${line.words} ${short(points[place].at(-1)[1])}` : "")).filter(Boolean).join(", ");
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} over ${last} steps; last: ${said}` },
    ...ticks.flatMap((value) => [
      s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)),
    ]),
    s("text", { x: LEFT, y: HEIGHT - 12 }, String(first)),
    s("text", { x: WIDTH - RIGHT, y: HEIGHT - 12, "text-anchor": "end" }, `${last} steps`),
    ...lines.map((line, place) => s("polyline", { class: line.kind, points: points[place].map(([step, value]) => `${x(step)},${y(value)}`).join(" ") })),
    ...lines.flatMap((line, place) => points[place].slice(-1).map(([step, value]) => s("circle", { class: line.kind, cx: x(step), cy: y(value), r: 4 }))),
  );
  return h("figure", { class: "curve" }, h("figcaption", {}, h("b", {}, title), lines.map((line) => h("span", { class: `key ${line.kind}` }, line.words))), picture);
}

const COLUMNS = [["step", "Step", 0], ["loss", "Loss, training", 3], ["valid_loss", "Loss, held out", 3], ["valid_accuracy", "Right, held out", 3]];

/** Loss and accuracy of a training's rows, with the same as a table. */
export function curves(history) {
  const shown = COLUMNS.filter(([name]) => history.some((row) => Number.isFinite(row[name])));
  return [
    h("div", { class: "curves" },
      panel(history, "Loss (nats)", [{ name: "loss", words: "training", kind: "one" }, { name: "valid_loss", words: "held out", kind: "two" }]),
      shown.some(([name]) => name === "valid_accuracy") ? panel(history, "Share of songs right", [{ name: "valid_accuracy", words: "held out", kind: "two" }], 1) : null),
    h("details", { class: "as-text" }, h("summary", {}, "The curves as a table"),
      h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: "Curves as a table" } }, h("table", {},
        h("thead", {}, h("tr", {}, shown.map(([, words]) => h("th", { scope: "col" }, words)))),
        h("tbody", {}, history.map((row) => h("tr", {}, shown.map(([name, , digits]) => h("td", { class: "n" }, row[name]?.toFixed(digits) ?? "")))))))),
  ];
}
