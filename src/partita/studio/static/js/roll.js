// A piano roll on a canvas: the prompt and each variation in its own colour, a playhead that follows the sound.
import { css, rgb } from "./colours.js";
import { clock, h, icon } from "./dom.js";
import { fit } from "./paint.js";

const GUTTER = 34;
const FOOT = 22;
const BLACK = new Set([1, 3, 6, 8, 10]);
const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
export const TAKES = 6;

/** The colour of the prompt (-1) or of a variation, as the page's style has it. */
export const takeColour = (take) => (take < 0 ? "--take-prompt" : `--take-${take % TAKES}`);

/** A worker's columns as notes, in order of time. */
export const notesOf = ({ start, length, pitch, velocity }) => start.map((at, i) => ({ start: at, length: length[i], pitch: pitch[i], velocity: velocity[i] }));

/** The lowest and the highest pitch to be shown, at least two octaves. */
function range(notes) {
  let low = 127;
  let high = 0;
  for (const { pitch } of notes) {
    low = Math.min(low, pitch);
    high = Math.max(high, pitch);
  }
  if (low > high) [low, high] = [54, 78];
  const spare = Math.max(2, Math.ceil((24 - (high - low)) / 2));
  return [Math.max(0, low - spare), Math.min(127, high + spare)];
}

/** All of a few notes on a small canvas. */
export function paintNotes(canvas, notes) {
  const pen = fit(canvas);
  const [low, high] = range(notes);
  const seconds = Math.max(4, ...notes.map((note) => note.start + note.length));
  const tall = canvas.height / (high - low + 1);
  pen.fillStyle = css(rgb(takeColour(-1)));
  for (const { start, length, pitch } of notes) {
    pen.fillRect((start / seconds) * canvas.width, (high - pitch) * tall, Math.max(2, (length / seconds) * canvas.width), Math.max(2, tall - 1));
  }
}

const SPANS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/**
 * The roll of `layers` [{take, notes}] over `seconds`, with its player: {element, audio, show(take, sound), choose, close}.
 * `place` {begin, end} is where new music lies. `chosen(span | null)` is called when a span [from, to] is selected.
 */
export function roll({ layers, seconds, place = null, chosen = () => {}, label }) {
  const audio = h("audio", { preload: "metadata" });
  const canvas = h("canvas", { class: "roll-canvas", "aria-hidden": "true" });
  const inner = h("div", { class: "roll-inner" }, canvas);
  const view = h("div", {
    class: "roll", role: "slider", tabindex: 0,
    aria: { label, valuemin: 0, valuemax: Math.round(seconds), valuenow: 0, valuetext: clock(0) },
  }, inner);
  const button = h("button", { class: "play", aria: { label: "Play" } }, icon("play"));
  const time = h("output", { class: "time" });
  const now = h("output", { class: "now", aria: { live: "off", hidden: "true" } });
  const again = h("button", { class: "quiet", aria: { pressed: "false", label: "Play over and over" } }, icon("loop"));
  const zoom = (words, sign, factor) => h("button", { class: "quiet small", aria: { label: words }, onclick: () => magnify(factor) }, icon(sign));
  const element = h("section", { class: "card roll-card", aria: { label: "Piano roll" } },
    h("div", { class: "transport" }, button, again, time, now,
      h("div", { class: "buttons zoom" }, zoom("Show less time", "nearer", 1.6), zoom("Show more time", "farther", 1 / 1.6), zoom("Show all", "whole", 0))),
    view, audio);
  const [low, high] = range(layers.flatMap((layer) => layer.notes));
  let pace = 0; // pixels a second
  let take = layers.at(-1)?.take ?? -1;
  let span = null;
  let inks = {};
  let frame = 0;
  let before = 0; // the width that was drawn last
  let middle = 0; // seconds

  const width = () => view.clientWidth - GUTTER;
  const x = (when) => GUTTER + when * pace - view.scrollLeft;
  const whenAt = (clientX) => Math.min(seconds, Math.max(0, (clientX - view.getBoundingClientRect().left - GUTTER + view.scrollLeft) / pace));
  const spread = (next, centre = audio.currentTime) => {
    pace = Math.min(400, Math.max(width() / Math.max(seconds, 1), next));
    inner.style.width = `${Math.floor(GUTTER + seconds * pace)}px`;
    view.scrollLeft = centre * pace - width() / 2;
    middle = (view.scrollLeft + width() / 2) / pace;
    draw();
  };
  const magnify = (factor) => spread(factor ? pace * factor : 0);

  function grid(pen, scale, bottom, tall) {
    pen.fillStyle = css(inks.soft);
    for (let pitch = low; pitch <= high; pitch++) {
      if (BLACK.has(pitch % 12)) pen.fillRect(0, (high - pitch) * tall, canvas.width, tall);
    }
    if (place) {
      pen.fillStyle = css(inks.accent, 0.09);
      pen.fillRect(x(place.begin) * scale, 0, (place.end - place.begin) * pace * scale, bottom);
    }
    const step = SPANS.find((each) => each * pace >= 64) ?? 1200;
    pen.font = `${11 * scale}px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "alphabetic";
    for (let when = Math.floor(view.scrollLeft / pace / step) * step; x(when) < view.clientWidth; when += step) {
      const at = Math.round(x(when) * scale);
      pen.fillStyle = css(inks.line);
      pen.fillRect(at, 0, scale, bottom);
      pen.fillStyle = css(inks.muted);
      pen.textAlign = "left";
      const words = clock(when);
      const left = at + 4 * scale;
      if (when <= seconds && left + pen.measureText(words).width <= canvas.width) pen.fillText(words, left, bottom + 15 * scale);
    }
  }

  function names(pen, scale, bottom, tall) {
    pen.fillStyle = css(inks.card);
    pen.fillRect(0, 0, GUTTER * scale, canvas.height);
    for (let pitch = low; pitch <= high; pitch++) {
      pen.fillStyle = BLACK.has(pitch % 12) ? css(inks.muted) : css(inks.soft);
      pen.fillRect((GUTTER - 9) * scale, (high - pitch) * tall + 0.5, 7 * scale, Math.max(1, tall - 1));
      if (pitch % 12 === 0) {
        pen.fillStyle = css(inks.muted);
        pen.textAlign = "left";
        const foot = (high - pitch + 1) * tall;
        if (foot > 10 * scale) pen.fillText(`C${pitch / 12 - 1}`, 0, foot);
        pen.fillStyle = css(inks.line);
        pen.fillRect(GUTTER * scale, (high - pitch + 1) * tall, canvas.width, scale);
      }
    }
  }

  function draw() {
    if (!view.clientWidth || pace <= 0) return;
    canvas.style.width = `${view.clientWidth}px`;
    const pen = fit(canvas);
    const scale = devicePixelRatio || 1;
    const bottom = canvas.height - FOOT * scale;
    const tall = bottom / (high - low + 1);
    const when = audio.currentTime;
    const first = view.scrollLeft / pace;
    const last = first + width() / pace;
    grid(pen, scale, bottom, tall);
    const lit = [];
    const order = [...layers].sort((a, b) => (a.take === take) - (b.take === take));
    for (const layer of order) {
      const ghost = layer.take >= 0 && layer.take !== take;
      const colour = inks[layer.take];
      for (const { start, length, pitch, velocity } of layer.notes) {
        if (start > last) break;
        if (start + length < first) continue;
        const sounds = !ghost && !audio.paused && start <= when && when < start + length;
        if (sounds) lit.push(pitch);
        const left = x(start) * scale;
        const wide = Math.max(2 * scale, length * pace * scale - scale);
        pen.fillStyle = css(colour, ghost ? 0.2 : 0.55 + (0.45 * velocity) / 127);
        pen.beginPath();
        pen.roundRect(left, (high - pitch) * tall + 0.5, wide, Math.max(2 * scale, tall * 0.9), Math.min(3 * scale, tall / 3));
        pen.fill();
        if (sounds) {
          pen.strokeStyle = css(inks.ink);
          pen.lineWidth = 2 * scale;
          pen.stroke();
        }
      }
    }
    if (span) {
      pen.fillStyle = css(inks.accent, 0.2);
      pen.fillRect(x(span[0]) * scale, 0, (span[1] - span[0]) * pace * scale, bottom);
      pen.fillStyle = css(inks.accent);
      for (const edge of span) pen.fillRect(x(edge) * scale - scale, 0, 2 * scale, bottom);
    }
    pen.fillStyle = css(inks.ink);
    pen.fillRect(x(when) * scale - scale, 0, 2 * scale, bottom);
    names(pen, scale, bottom, tall);
    now.textContent = [...new Set(lit)].sort((a, b) => a - b).map((pitch) => `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`).join(" ");
  }

  const move = () => {
    const when = audio.currentTime;
    time.textContent = `${clock(when)} / ${clock(seconds)}`;
    view.setAttribute("aria-valuenow", Math.round(when));
    view.setAttribute("aria-valuetext", `${clock(when)}${span ? `, selected ${span[0].toFixed(1)} to ${span[1].toFixed(1)} seconds` : ""}`);
    if (!audio.paused && (x(when) > view.clientWidth - 24 || x(when) < GUTTER)) view.scrollLeft = when * pace - 24;
    draw();
  };
  const follow = () => {
    move();
    frame = audio.paused ? 0 : requestAnimationFrame(follow);
  };
  const seek = (when) => {
    audio.currentTime = Math.min(Math.max(0, when), seconds);
    move();
  };
  const toggle = () => (audio.paused ? audio.play().catch(() => (now.textContent = "The sound can't be played.")) : audio.pause());
  const choose = (next, tell = true) => {
    span = next && next[1] - next[0] >= 0.05 ? next.map((edge) => Math.round(Math.min(seconds, Math.max(0, edge)) * 10) / 10) : null;
    if (tell) chosen(span);
    move();
  };

  button.addEventListener("click", toggle);
  again.addEventListener("click", () => {
    audio.loop = !audio.loop;
    again.setAttribute("aria-pressed", String(audio.loop));
  });
  audio.addEventListener("play", () => {
    button.replaceChildren(icon("pause"));
    button.setAttribute("aria-label", "Pause");
    if (!frame) follow();
  });
  audio.addEventListener("pause", () => {
    button.replaceChildren(icon("play"));
    button.setAttribute("aria-label", "Play");
    draw();
  });
  audio.addEventListener("seeked", move);
  view.addEventListener("scroll", () => {
    if (before === width()) middle = (view.scrollLeft + width() / 2) / pace; // else it has moved by itself
    draw();
  });
  let from = null;
  view.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.offsetY < view.clientHeight) from = event.clientX;
  });
  view.addEventListener("pointermove", (event) => {
    if (from === null || event.pointerType === "touch" || Math.abs(event.clientX - from) < 5) return;
    view.setPointerCapture(event.pointerId);
    choose([whenAt(Math.min(from, event.clientX)), whenAt(Math.max(from, event.clientX))]);
  });
  view.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - from) < 5) seek(whenAt(event.clientX));
    from = null;
  });
  view.addEventListener("pointercancel", () => (from = null));
  view.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
    if (step && event.shiftKey) {
      const [begin, end] = span ?? [audio.currentTime, audio.currentTime];
      choose([begin, Math.max(begin, end + step)]);
    } else if (step) seek(audio.currentTime + step);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(seconds);
    else if (event.key === "Escape") choose(null);
    else if (event.key === "+" || event.key === "-") magnify(event.key === "+" ? 1.6 : 1 / 1.6);
    else if (event.key === " " || event.key === "Enter") toggle();
    else return;
    event.preventDefault();
  });

  const repaint = () => {
    inks = Object.fromEntries(["soft", "line", "muted", "ink", "accent", "card"].map((name) => [name, rgb(`--${name}`)]));
    for (const layer of layers) inks[layer.take] = rgb(takeColour(layer.take));
    draw();
  };
  const size = new ResizeObserver(() => {
    if (width() <= 0) return;
    if (!before) {
      const focus = place ? Math.min(seconds, Math.max(30, 1.5 * (place.end - place.begin))) : seconds;
      spread(width() / focus, place ? (place.begin + place.end) / 2 : 0);
    } else if (before !== width()) spread((pace * width()) / before, middle);
    before = width();
    move();
  });
  repaint();
  size.observe(view);
  addEventListener("themechange", repaint);
  return {
    element, audio, seek, choose, toggle,
    /** Hear another take from where the sound is. */
    show(next, sound) {
      const [when, playing] = [audio.currentTime, !audio.paused];
      take = next;
      audio.src = sound;
      audio.currentTime = when;
      if (playing) audio.play();
      draw();
    },
    close() {
      size.disconnect();
      removeEventListener("themechange", repaint);
      audio.pause();
      audio.removeAttribute("src");
    },
  };
}
