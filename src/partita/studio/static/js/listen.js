// One time axis: waveform, spectrogram and genres over time under one playhead. A click plays that second.
import WaveSurfer from "../vendor/wavesurfer/wavesurfer.esm.js";
import { css, genreInks, rgb } from "./colours.js";
import { clock, h, icon } from "./dom.js";
import { drawAxis, fit, picture } from "./paint.js";

function drawGenres(canvas, segments, seconds, labels, inks) {
  const pen = fit(canvas);
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  const x = (time) => (time / seconds) * width;
  for (const { start, end, probabilities } of segments) {
    let y = height;
    for (const label of labels) {
      const tall = probabilities[label] * height;
      pen.fillStyle = css(inks[label]);
      pen.fillRect(x(start), y - tall, x(end) - x(start) + 0.6, tall + 0.6);
      y -= tall;
    }
  }
}

/** Stretches of the timeline with the same top genre, for the text beside the picture. */
export function stretches(segments) {
  const found = [];
  for (const part of segments) {
    const label = Object.entries(part.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    const last = found.at(-1);
    if (last && last.label === label) {
      last.end = part.end;
      last.sum += part.probabilities[label];
      last.count += 1;
    } else found.push({ label, start: part.start, end: part.end, sum: part.probabilities[label], count: 1 });
  }
  return found;
}

/**
 * The player of a classified recording: {element, seek, play, mark, close}. `result` is a job's result, `levels` the
 * bytes of its spectrogram, `media` the address of its sound. `heard(segment)` is called as the playhead moves.
 */
export function listener({ result, levels, media, heard = () => {} }) {
  const { seconds, segments, bands, columns } = result;
  const labels = Object.keys(result.probabilities).sort();
  const audio = h("audio", { preload: "metadata", src: media });
  const wave = h("div", { class: "track wave" });
  const spectrogram = h("canvas", { class: "track spectrogram", "aria-hidden": "true" });
  const genres = h("canvas", { class: "track genres", "aria-hidden": "true" });
  const axis = h("canvas", { class: "axis", "aria-hidden": "true" });
  const head = h("div", { class: "playhead", "aria-hidden": "true" });
  const shadow = h("div", { class: "pointer", hidden: true, "aria-hidden": "true" });
  const marks = h("div", { class: "marks", "aria-hidden": "true" });
  const strip = h("div", { class: "track strip", hidden: true, "aria-hidden": "true" });
  const stack = h("div", {
    class: "stack", role: "slider", tabindex: 0,
    aria: { label: "Position in the recording", valuemin: 0, valuemax: Math.round(seconds), valuenow: 0, valuetext: clock(0) },
  }, wave, spectrogram, genres, strip, marks, shadow, head);
  const button = h("button", { class: "play", aria: { label: "Play" } }, icon("play"));
  const time = h("output", { class: "time" }, `0:00 / ${clock(seconds)}`);
  const now = h("output", { class: "now", aria: { live: "off" } });
  const element = h("section", { class: "listener", aria: { label: "Listen" } },
    h("div", { class: "transport" }, button, time, now), stack, axis, audio);

  const surfer = WaveSurfer.create({
    container: wave, media: audio, height: 72, interact: false, cursorWidth: 0, normalize: true,
    peaks: [result.peaks.map((peak) => peak / 255)], duration: seconds, barWidth: 2, barGap: 1, barRadius: 2,
  });
  let image = null;
  let end = Infinity;

  const draw = () => {
    surfer.setOptions({ waveColor: css(rgb("--other")), progressColor: css(rgb("--accent")) });
    image ??= picture(levels, bands, columns);
    const pen = fit(spectrogram);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, spectrogram.width, spectrogram.height);
    drawGenres(genres, segments, seconds, labels, genreInks(labels));
    drawAxis(axis, seconds);
  };
  const at = (when) => segments.find((part) => part.start <= when && when < part.end) ?? null;
  const words = (part) => {
    if (!part) return [];
    const [label, probability] = Object.entries(part.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
    return [h("i", { class: "swatch", style: { background: `var(--genre-${labels.indexOf(label) % 10})` } }), `${label} ${Math.round(100 * probability)} %`];
  };
  const move = () => {
    const when = audio.currentTime;
    head.style.transform = `translateX(${(when / seconds) * stack.clientWidth}px)`;
    time.textContent = `${clock(when)} / ${clock(seconds)}`;
    stack.setAttribute("aria-valuenow", Math.round(when));
    const part = at(when);
    stack.setAttribute("aria-valuetext", part ? `${clock(when)}, ${words(part)[1]}` : clock(when));
    now.replaceChildren(...words(part));
    heard(part);
    if (when >= end) {
      audio.pause();
      end = Infinity;
    }
  };
  let frame = 0;
  const follow = () => {
    move();
    frame = audio.paused ? 0 : requestAnimationFrame(follow);
  };
  const seek = (when) => {
    end = Infinity;
    audio.currentTime = Math.min(Math.max(0, when), Math.max(0, seconds - 0.05));
    move();
  };
  const play = (from = null, to = Infinity) => {
    if (from !== null) seek(from);
    end = to;
    return audio.play().catch(() => now.replaceChildren("Your browser can't play this recording."));
  };
  const toggle = () => (audio.paused ? play() : audio.pause());
  const timeOf = (event) => {
    const box = stack.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * seconds;
  };

  button.addEventListener("click", toggle);
  audio.addEventListener("play", () => {
    button.replaceChildren(icon("pause"));
    button.setAttribute("aria-label", "Pause");
    if (!frame) follow();
  });
  audio.addEventListener("pause", () => {
    button.replaceChildren(icon("play"));
    button.setAttribute("aria-label", "Play");
  });
  audio.addEventListener("seeked", move);
  stack.addEventListener("click", (event) => play(timeOf(event)));
  stack.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    shadow.hidden = false;
    shadow.style.transform = `translateX(${event.clientX - stack.getBoundingClientRect().left}px)`;
    const part = at(timeOf(event));
    if (audio.paused) now.replaceChildren(`${clock(timeOf(event))} `, ...words(part));
  });
  stack.addEventListener("pointerleave", () => {
    shadow.hidden = true;
    move();
  });
  stack.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -5, ArrowRight: 5, PageUp: 30, PageDown: -30 };
    if (event.key in steps) seek(audio.currentTime + steps[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(seconds);
    else if (event.key === " " || event.key === "Enter") toggle();
    else return;
    event.preventDefault();
  });

  const size = new ResizeObserver(() => {
    draw();
    move();
  });
  const repaint = () => {
    image = null;
    draw();
  };
  size.observe(stack);
  addEventListener("themechange", repaint);
  return {
    element, audio, seek, play,
    /** Show how much each stretch of time speaks for the answer, and the one that decided. */
    explain({ stretches: parts, decisive }) {
      const place = ({ start, end }) => ({ left: `${(100 * start) / seconds}%`, width: `${(100 * (end - start)) / seconds}%` });
      const most = Math.max(...parts.map((part) => Math.abs(part.importance)), 1e-9);
      marks.replaceChildren(h("div", { class: "mark", style: place(decisive) }),
        h("span", { style: { "--at": `${(50 * (decisive.start + decisive.end)) / seconds}%` } }, "decided"));
      stack.classList.add("explained");
      strip.hidden = false;
      strip.replaceChildren(...parts.map((part) => h("i", {
        class: part.importance < 0 ? "against" : "",
        style: { ...place(part), height: `${(50 * Math.abs(part.importance)) / most}%` },
      })));
    },
    close() {
      size.disconnect();
      removeEventListener("themechange", repaint);
      audio.pause();
      audio.removeAttribute("src");
      surfer.destroy();
    },
  };
}
