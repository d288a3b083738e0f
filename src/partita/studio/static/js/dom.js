// Elements, and how values are written for people.

/** An element: `h("a", { href: "#", onclick, class: "x", aria: {label: ".."} }, child, ...)`; null children are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "aria") for (const [key, words] of Object.entries(value)) element.setAttribute(`aria-${key}`, words);
    else if (name === "style") for (const [key, words] of Object.entries(value)) element.style.setProperty(key, words);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put other children into an element; a button that had the focus and is there again keeps it. */
export function redraw(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  element.replaceChildren(...children.filter(Boolean));
  if (held) [...element.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === held)?.focus();
}

const PATHS = {
  classify: "M4 10v4M8 6v12M12 9v6M16 4v16M20 10v4",
  transfer: "M4 8h13l-4-4M20 16H7l4 4",
  generate: "M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2.5 2.5M15.5 15.5 18 18M18 6l-2.5 2.5M8.5 15.5 6 18",
  compose: "M4 5h16v14H4zM8 5v8M12 5v8M16 5v8",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  measure: "M4 18a8.5 8.5 0 1 1 16 0M12 16l4-6M12 16h.01",
  train: "M3 20h18M4 16c4 0 4-9 8-9s4 5 8-3",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  stop: "M7 7h10v10H7z",
  record: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  folder: "M3 6h6l2 2h10v11H3z",
  down: "M12 4v11M7 11l5 5 5-5M5 20h14",
  close: "M6 6l12 12M18 6L6 18",
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  why: "M9.5 9a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .9-1 1.7M12 17h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z",
  activity: "M3 12h4l3-8 4 16 3-8h4",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  midi: "M3 8h18v9H3zM7 8v5M12 8v5M17 8v5",
  nearer: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5 20 20M11 8.5v5M8.5 11h5",
  farther: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5 20 20M8.5 11h5",
  whole: "M4 9V5h4M20 9V5h-4M4 15v4h4M20 15v4h-4",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  loop: "M17 2l4 4-4 4M3 11V9a3 3 0 0 1 3-3h15M7 22l-4-4 4-4M21 13v2a3 3 0 0 1-3 3H3",
};

/** A drawn sign; it says nothing to a screen reader, so what holds it needs words. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Minutes and seconds, with hours where there are any. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}\u00a0%`;

/** "about 2 min" for a guess of the time left. */
export function about(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `about ${Math.max(1, Math.round(seconds))} s left`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min left` : `about ${(seconds / 3600).toFixed(1)} h left`;
}

export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** A line at the foot of the page for a while, read out by screen readers. */
export function notice(words, kind = "") {
  const line = h("p", { class: `notice ${kind}` }, words, h("button", {
    class: "quiet small", aria: { label: "Dismiss" }, onclick: () => line.remove(),
  }, icon("close")));
  document.getElementById("notices").append(line);
  if (kind !== "warn") setTimeout(() => line.remove(), 6000);
}

/** Save text that was made in the page as a file. */
export function save(name, text, type) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
