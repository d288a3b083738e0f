// A piano to be played with pointer, letters or a MIDI keyboard; what is played is written down from the first note on.
import { h, icon, notice } from "./dom.js";
import { midiFile } from "./midi.js";
import { paintNotes } from "./roll.js";

const LETTERS = "awsedftgyhujkolp";
const NAMES = ["C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const LOWEST = 48;
const OCTAVES = 3;
const LOUD = 90;

export const nameOf = (pitch) => `${NAMES[pitch % 12]} ${Math.floor(pitch / 12) - 1}`;

/** A plucked tone for each key at once, made in the page: {on(pitch, velocity), off(pitch), close()}. */
function voices() {
  let context = null;
  let wave = null;
  const sounding = new Map();
  const off = (pitch) => {
    const voice = sounding.get(pitch);
    if (!voice) return;
    sounding.delete(pitch);
    voice.gain.gain.setTargetAtTime(0, context.currentTime, 0.08);
    voice.tone.stop(context.currentTime + 0.6);
  };
  return {
    off,
    on(pitch, velocity) {
      context ??= new AudioContext();
      context.resume();
      wave ??= context.createPeriodicWave(new Float32Array([0, 0, 0, 0, 0, 0, 0]), new Float32Array([0, 1, 0.42, 0.22, 0.12, 0.07, 0.04]));
      off(pitch);
      const tone = context.createOscillator();
      const gain = context.createGain();
      const now = context.currentTime;
      tone.setPeriodicWave(wave);
      tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
      gain.gain.setValueAtTime(0, now);
      gain.gain.linearRampToValueAtTime(0.28 * (velocity / 127) ** 1.5, now + 0.006);
      gain.gain.setTargetAtTime(0, now + 0.02, 1.6 * 2 ** (-(pitch - 60) / 24));
      tone.connect(gain).connect(context.destination);
      tone.start();
      sounding.set(pitch, { tone, gain });
    },
    close: () => context?.close(),
  };
}

/** What was played: notes and pedals in seconds from the first note on. */
function recording(changed) {
  let began = null;
  let notes = [];
  let pedals = [];
  const held = new Map();
  const now = () => (performance.now() - began) / 1000;
  const off = (pitch) => {
    const note = held.get(pitch);
    if (!note) return;
    note.length = Math.max(0.03, now() - note.start);
    held.delete(pitch);
    changed();
  };
  return {
    off,
    on(pitch, velocity) {
      began ??= performance.now();
      off(pitch);
      const note = { start: now(), length: 0.03, pitch, velocity };
      held.set(pitch, note);
      notes.push(note);
      changed();
    },
    pedal: (down) => began !== null && pedals.push({ at: now(), down }),
    get notes() {
      return notes;
    },
    bytes() {
      for (const pitch of [...held.keys()]) off(pitch);
      return midiFile(notes, pedals);
    },
    clear() {
      [began, notes, pedals] = [null, [], []];
      held.clear();
      changed();
    },
  };
}

/** The piano as {element, close}; `taken(file)` gets what was played, as a MIDI file. */
export function piano(taken) {
  const sound = voices();
  let number = 0;
  let octave = 1;
  const sketch = h("canvas", { class: "sketch", hidden: true, "aria-hidden": "true" });
  const words = h("p", { class: "muted", role: "status" });
  const use = h("button", { class: "primary", disabled: true, onclick: () => {
    number += 1;
    taken(new File([take.bytes()], `Played ${number}.mid`, { type: "audio/midi" }));
  } }, icon("compose"), "Use what I played");
  const clear = h("button", { class: "quiet", disabled: true, onclick: () => take.clear() }, icon("bin"), "Forget it");
  const paint = () => take.notes.length && paintNotes(sketch, take.notes);
  const take = recording(() => {
    const { notes } = take;
    use.disabled = clear.disabled = !notes.length;
    sketch.hidden = !notes.length;
    words.textContent = notes.length ? `${notes.length} note${notes.length === 1 ? "" : "s"} written down` : "Every note is written down, from the first one on.";
    paint();
  });

  const keys = new Map();
  const lit = (pitch, down) => keys.get(pitch)?.classList.toggle("down", down);
  const on = (pitch, velocity = LOUD) => {
    sound.on(pitch, velocity);
    take.on(pitch, velocity);
    lit(pitch, true);
  };
  const off = (pitch) => {
    sound.off(pitch);
    take.off(pitch);
    lit(pitch, false);
  };
  let whites = 0;
  for (let pitch = LOWEST; pitch <= LOWEST + 12 * OCTAVES; pitch++) {
    const black = BLACK.has(pitch % 12);
    const key = h("button", {
      class: `piano-key ${black ? "black" : "white"}${pitch > LOWEST + 24 ? " high" : ""}`, tabindex: pitch === 60 ? 0 : -1, "data-pitch": pitch,
      aria: { label: nameOf(pitch) }, style: { "grid-column": `${2 * whites + (black ? 0 : 1)} / span 2` },
    },
      pitch % 12 === 0 ? h("span", { "aria-hidden": "true" }, `C${pitch / 12 - 1}`) : null);
    key.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      key.releasePointerCapture?.(event.pointerId);
      event.preventDefault();
      const box = key.getBoundingClientRect();
      on(pitch, Math.round(50 + 65 * Math.min(1, Math.max(0, (event.clientY - box.top) / box.height))));
    });
    key.addEventListener("pointerenter", (event) => event.buttons === 1 && on(pitch));
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) key.addEventListener(name, () => off(pitch));
    key.addEventListener("keydown", (event) => {
      if (event.repeat) return;
      const to = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 12, ArrowDown: -12 }[event.key];
      if (to !== undefined) {
        keys.get(pitch + to)?.focus();
        event.preventDefault();
      } else if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        on(pitch);
      }
    });
    key.addEventListener("keyup", (event) => (event.key === " " || event.key === "Enter") && off(pitch));
    whites += black ? 0 : 1;
    keys.set(pitch, key);
  }

  const down = new Map();
  const typed = (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const letter = event.key.toLowerCase();
    if (letter === "z") octave = Math.max(0, octave - 1);
    else if (letter === "x") octave = Math.min(OCTAVES - 1, octave + 1);
    else if (LETTERS.includes(letter) && letter.length === 1) {
      const pitch = LOWEST + 12 * octave + LETTERS.indexOf(letter);
      down.set(letter, pitch);
      on(pitch);
    }
  };
  const released = (event) => {
    const letter = event.key.toLowerCase();
    if (down.has(letter)) off(down.get(letter));
    down.delete(letter);
  };
  addEventListener("keydown", typed);
  addEventListener("keyup", released);
  addEventListener("themechange", paint);

  const board = h("div", { class: "keys", role: "group", aria: { label: "Piano; arrow keys move, space plays" } }, [...keys.values()]);
  const outside = midiInputs(on, off, take.pedal);
  const element = h("div", { class: "piano" }, board, sketch,
    h("div", { class: "buttons" }, use, clear, outside.button, words),
    h("p", { class: "muted small-words" }, "Letters play, too: A to P are keys from C on, Z and X go an octave down and up."));
  take.clear();
  return {
    element,
    close() {
      removeEventListener("keydown", typed);
      removeEventListener("keyup", released);
      removeEventListener("themechange", paint);
      outside.close();
      sound.close();
    },
  };
}

/** A button that lets the MIDI keyboards of this machine play: {button, close}. */
function midiInputs(on, off, pedal) {
  let access = null;
  const heard = ({ data: [status, first, second] }) => {
    const kind = status & 0xf0;
    if (kind === 0x90 && second) on(first, second);
    else if (kind === 0x80 || kind === 0x90) off(first);
    else if (kind === 0xb0 && first === 64) pedal(second >= 64);
  };
  const listen = () => {
    const inputs = [...access.inputs.values()];
    for (const input of inputs) input.onmidimessage = heard;
    notice(inputs.length ? `Listening to ${inputs.map((input) => input.name).join(", ")}.` : "No MIDI keyboard is connected to this machine.", inputs.length ? "" : "warn");
  };
  const button = h("button", { hidden: !navigator.requestMIDIAccess, onclick: async () => {
    try {
      access ??= await navigator.requestMIDIAccess();
      access.onstatechange = () => [...access.inputs.values()].forEach((input) => (input.onmidimessage = heard));
      listen();
    } catch {
      notice("The browser does not let the studio listen to MIDI keyboards.", "warn");
    }
  } }, icon("midi"), "MIDI keyboard");
  return { button, close: () => access && [...access.inputs.values()].forEach((input) => (input.onmidimessage = null)) };
}
