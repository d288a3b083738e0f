// Sounds that play together to the sample, over and over if wished, and the pictures of them that can be sought in.
import { css, rgb } from "./colours.js";
import { clock, h, icon, notice } from "./dom.js";
import { drawPeaks } from "./paint.js";

let playing = null; // one mixer is heard at a time

/**
 * A player of `sounds` {name: address}: {play, pause, toggle, seek, level, close, duration, position}. Those that are as
 * long as one another stay together. `moved(seconds, isPlaying)` is called as it plays.
 */
export function mixer(sounds, moved) {
  const names = Object.keys(sounds);
  const levels = Object.fromEntries(names.map((name, place) => [name, place ? 0 : 1]));
  const lengths = {};
  let context = null;
  let ready = null;
  let buffers = {};
  let running = null; // {sources, gains, since}
  let at = 0;
  let frame = 0;
  let main = names[0];
  let loop = false;

  async function load() {
    context = new AudioContext();
    const decoded = await Promise.all(names.map(async (name) => {
      const bytes = await (await fetch(sounds[name])).arrayBuffer();
      return [name, await context.decodeAudioData(bytes)];
    }));
    buffers = Object.fromEntries(decoded);
  }
  const lengthOf = (name) => lengths[name] ?? buffers[name]?.duration ?? 0;
  const position = () => {
    if (!running) return at;
    const when = context.currentTime - running.since;
    return loop ? when % lengthOf(main) : Math.min(when, lengthOf(main));
  };
  const halt = () => {
    if (!running) return;
    at = position();
    for (const source of running.sources) {
      source.onended = null;
      source.stop();
    }
    running = null;
  };
  const tell = () => moved(position(), Boolean(running));
  const follow = () => {
    tell();
    frame = running ? requestAnimationFrame(follow) : 0;
  };
  const self = {
    position,
    get playing() {
      return Boolean(running);
    },
    async play() {
      try {
        await (ready ??= load());
      } catch {
        notice("This sound can't be played here.", "warn");
        return;
      }
      if (playing && playing !== self) playing.pause();
      playing = self;
      halt();
      await context.resume();
      if (at >= lengthOf(main) - 0.02) at = 0;
      const gains = {};
      const sources = names.map((name) => {
        const source = context.createBufferSource();
        const gain = context.createGain();
        gains[name] = gain;
        gain.gain.value = levels[name];
        source.buffer = buffers[name];
        source.loop = loop;
        if (lengths[name]) source.loopEnd = lengths[name];
        source.connect(gain).connect(context.destination);
        source.start(context.currentTime, Math.min(at, lengthOf(name)));
        return source;
      });
      running = { sources, gains, since: context.currentTime - at };
      sources[names.indexOf(main)].onended = () => {
        halt();
        at = 0;
        tell();
      };
      if (!frame) follow();
    },
    pause() {
      halt();
      tell();
    },
    toggle: () => (running ? self.pause() : self.play()),
    seek(when) {
      const was = Boolean(running);
      halt();
      at = Math.max(0, when);
      if (was) self.play();
      else tell();
    },
    /** How loud a sound is, 0 to 1. */
    level(name, value) {
      levels[name] = value;
      running?.gains[name].gain.setTargetAtTime(value, context.currentTime, 0.015);
    },
    /** Which sound the position is one of. */
    lead(name) {
      main = name;
    },
    loop(on, seconds) {
      loop = on;
      if (seconds) lengths[main] = seconds;
      if (running) self.seek(position());
    },
    close() {
      halt();
      if (playing === self) playing = null;
      cancelAnimationFrame(frame);
      context?.close();
    },
  };
  return self;
}

/** A round button that plays and pauses: {element, show(isPlaying)}. */
export function playButton(toggle, words = "Play") {
  const element = h("button", { class: "play", onclick: toggle, aria: { label: words } }, icon("play"));
  let shown = false;
  return {
    element,
    show(on) {
      if (on === shown) return;
      shown = on;
      element.replaceChildren(icon(on ? "pause" : "play"));
      element.setAttribute("aria-label", on ? words.replace("Play", "Pause") : words);
    },
  };
}

/**
 * A stack of `canvases` over `seconds` with a playhead, to be sought in: {element, move(seconds), close}. `draw()` is
 * called whenever they need to be drawn.
 */
export function timeline({ canvases, seconds, label, seek, toggle, draw }) {
  const head = h("div", { class: "playhead", "aria-hidden": "true" });
  const element = h("div", {
    class: "stack", role: "slider", tabindex: 0, aria: { label, valuemin: 0, valuemax: Math.round(seconds), valuenow: 0, valuetext: clock(0) },
  }, canvases, head);
  let now = 0;
  const move = (when) => {
    now = when;
    head.style.transform = `translateX(${(when / seconds) * element.clientWidth}px)`;
    element.setAttribute("aria-valuenow", Math.round(when));
    element.setAttribute("aria-valuetext", clock(when));
  };
  element.addEventListener("click", (event) => {
    const box = element.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * seconds);
  });
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
    if (step) seek(Math.min(seconds, Math.max(0, now + step)));
    else if (event.key === "Home") seek(0);
    else if (event.key === " " || event.key === "Enter") toggle();
    else return;
    event.preventDefault();
  });
  const repaint = () => element.clientWidth && draw();
  const size = new ResizeObserver(() => {
    repaint();
    move(now);
  });
  size.observe(element);
  addEventListener("themechange", repaint);
  return {
    element, move,
    close() {
      size.disconnect();
      removeEventListener("themechange", repaint);
    },
  };
}

/** A waveform in one of the page's colours. */
export const wave = (canvas, peaks, colour) => drawPeaks(canvas, peaks, css(rgb(colour)));
