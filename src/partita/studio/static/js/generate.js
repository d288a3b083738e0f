// The room Generate: sounds of a class at any tempo, to be heard, looped and kept.
import { css, rgb } from "./colours.js";
import { droppable } from "./drop.js";
import { capital, clock, h, icon } from "./dom.js";
import { attempt, besides, fileOf, follow, form as filling, keep, shelf } from "./making.js";
import { mixer, playButton, timeline, wave } from "./mixer.js";
import { fit, picture } from "./paint.js";
import { ask, connected } from "./server.js";

const BEATS = 4;

/** Show the form and what was made, or the sounds of one request. */
export async function show(main, [id]) {
  await connected;
  if (!id) return overview(main);
  return follow(main, id, { room: "generate", all: "All sounds", title: titleOf }, sounds);
}

const titleOf = (job) => (job.digest?.labels ? `${job.digest.labels.map(capital).join(", ")} at ${job.digest.bpm} bpm` : job.title);
const place = (job) => {
  location.hash = `#/generate/${job.id}`;
};

/** The form with its button; `values` are those of an earlier request. */
function request(values = {}, given = null) {
  const form = filling("generate", {}, values);
  const extend = besides({ id: "generate-extend", words: "Go on from a recording", said: (title) => `Goes on from ${title}`, without: "From nothing instead", given });
  const element = h("section", { class: "card", aria: { label: "What to make" } }, form.element, extend.element,
    h("div", { class: "buttons ask" }, h("button", { class: "primary", onclick: () => attempt(async () => place(await ask("generate", extend.given() ? { extend: extend.given() } : {}, form.values()))) }, icon("generate"), "Generate")));
  droppable(element, extend.take);
  return element;
}

function overview(main) {
  const form = request();
  const made = shelf(["generate"], "generate", ({ digest }) => `${digest.sounds} ${digest.loop ? "loop" : "sound"}${digest.sounds === 1 ? "" : "s"} of ${digest.seconds.toFixed(1)} s at ${digest.bpm} beats a minute · ${digest.model.split("@")[0]}`, titleOf);
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "What shall it play?"), h("p", { class: "lead" }, "Loops and grooves of a class at any tempo. The same seed gives the same sound.")),
    form, made.element,
  );
  return made.close;
}

/** One sound: heard, seen with its bars, kept. */
function sound(job, entry) {
  const spectrogram = h("canvas", { class: "track spectrogram", "aria-hidden": "true" });
  const peaks = h("canvas", { class: "track wave", "aria-hidden": "true" });
  const seconds = entry.seconds;
  const time = h("output", { class: "time" }, `0:00 / ${clock(seconds)}`);
  const name = `${capital(entry.class)}, seed ${entry.seed}`;
  let image = null;
  let levels = null;
  const draw = () => {
    wave(peaks, entry.peaks, "--accent");
    bars(peaks, entry);
    if (!levels) return;
    image = picture(levels, entry.bands, entry.columns);
    const pen = fit(spectrogram);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, spectrogram.width, spectrogram.height);
  };
  const player = mixer({ sound: fileOf(job, entry.file) }, (when, on) => {
    line.move(when);
    button.show(on);
    time.textContent = `${clock(when)} / ${clock(seconds)}`;
  });
  const button = playButton(player.toggle, `Play ${name}`);
  const line = timeline({ canvases: [peaks, spectrogram], seconds, label: `Position in ${name}`, seek: player.seek, toggle: player.toggle, draw });
  const again = h("button", { class: "quiet", aria: { pressed: String(entry.loop), label: `Play ${name} over and over` }, onclick: () => {
    const on = again.getAttribute("aria-pressed") !== "true";
    again.setAttribute("aria-pressed", String(on));
    player.loop(on, seconds);
  } }, icon("loop"));
  player.loop(entry.loop, seconds);
  fetch(fileOf(job, entry.levels)).then((response) => response.arrayBuffer()).then((bytes) => {
    levels = new Uint8Array(bytes);
    if (line.element.clientWidth) draw();
  });
  const words = [`${entry.bpm} beats a minute`, entry.loop ? `${Math.round((seconds * entry.bpm) / 60 / BEATS)} bars` : "", `${seconds.toFixed(1)} s`, `seed ${entry.seed}`];
  const element = h("li", { class: "card sound" },
    h("div", { class: "transport" }, button.element, h("div", {}, h("h2", {}, capital(entry.class)), h("p", { class: "muted" }, words.filter(Boolean).join(" · "))), time, again,
      h("div", { class: "buttons" }, keep(job, entry.file, ".wav"))),
    line.element,
    entry.faults.length ? h("p", { class: "warn" }, `It ${entry.faults.join("; it ")}.`)
      : h("p", { class: "muted well" }, `Looked over: not clipped, not silent, not standing still${entry.loop ? ", and the end leads into the beginning" : ""}.`));
  return { element, close() {
    player.close();
    line.close();
  } };
}

/** Lines at bars, fainter ones at beats, over a waveform. */
function bars(canvas, { seconds, bpm, extends: before }) {
  const beat = 60 / bpm;
  if (before || (seconds / beat) * 4 > canvas.clientWidth) return;
  const pen = canvas.getContext("2d");
  const ink = rgb("--ink");
  const scale = devicePixelRatio || 1;
  for (let place = 0; place * beat < seconds - 0.01; place++) {
    pen.fillStyle = css(ink, place % BEATS ? 0.12 : 0.5);
    pen.fillRect(Math.round(((place * beat) / seconds) * canvas.width), 0, scale, canvas.height);
  }
}

function sounds(body, job) {
  const players = job.result.sounds.map((entry) => sound(job, entry));
  const extend = job.names.extend ? { recording: job.id, title: job.names.extend } : null;
  body.append(
    h("p", { class: "legend" }, `Made by ${job.result.model.split("@")[0]}${extend ? `, going on from ${extend.title}` : ""}. Lines are bars and beats.`),
    h("ol", { class: "sounds" }, players.map(({ element }) => element)),
    h("div", { class: "buttons" }, h("button", { onclick: () => attempt(async () => {
      const seed = Math.max(...job.result.sounds.map((entry) => entry.seed)) + 1;
      place(await ask("generate", extend ? { extend } : {}, { ...job.parameters, seed }));
    }) }, icon("again"), "More with other seeds"), keep(job, "sounds.json", "Card (.json)", "")),
    h("h2", { class: "again-head" }, "Change something"),
    request(job.parameters, extend),
  );
  return () => players.forEach(({ close }) => close());
}
