// The room Transfer: a content and a style on two decks, and a desk on which content and result are mixed.
import { choosers, droppable } from "./drop.js";
import { capital, clock, h, icon, percent } from "./dom.js";
import { attempt, fileOf, follow, form as filling, keep, shelf } from "./making.js";
import { mixer, playButton, timeline, wave } from "./mixer.js";
import { drawAxis } from "./paint.js";
import { recorder } from "./record.js";
import { ask, connected, get, upload } from "./server.js";

/** Show the decks and what was made, or one result. */
export async function show(main, [id]) {
  await connected;
  if (!id) return overview(main);
  return follow(main, id, { room: "transfer", all: "All transfers", title: (job) => job.title }, desk);
}

const place = (job) => {
  location.hash = `#/transfer/${job.id}`;
};

/** Which of a style's recordings is taken: {element, offer(names, reference, name), given()}. */
function donors() {
  let from = null;
  const choice = h("select", { id: "transfer-donor", aria: { describedby: "transfer-donor-words" } });
  const element = h("div", { class: "option", hidden: true }, h("label", { for: "transfer-donor" }, "Donor"), choice,
    h("small", { id: "transfer-donor-words" }, "The recording whose sound is taken, where the style has several."));
  return {
    element,
    offer(names, reference, name = "") {
      from = reference;
      element.hidden = names.length < 2;
      choice.replaceChildren(h("option", { value: "" }, "the one that suits best"), ...names.map((each) => h("option", { value: each, selected: each === name }, each)));
    },
    given: () => (choice.value ? { donor: { ...from, inside: choice.value } } : {}),
  };
}

/**
 * A deck: something is put on it from the disk, the microphone, the bundled pieces or the library of styles:
 * {element, given(), close}. Where it may hold several recordings, `which` offers them.
 */
function deck({ id, name, words, pieces, styles = null, which = null }) {
  const audio = h("audio", { preload: "none" });
  const title = h("strong", {}, "Nothing yet");
  const said = h("span", { class: "muted" }, words);
  const button = playButton(() => (audio.paused ? audio.play().catch(() => (said.textContent = "The browser can't play this one; it can be used all the same.")) : audio.pause()), `Play the ${name.toLowerCase()}`);
  button.element.disabled = true;
  let given = null;
  let address = "";
  const put = (reference, label, sound, note, names = []) => {
    URL.revokeObjectURL(address);
    address = sound ?? "";
    audio.pause();
    if (sound) audio.src = sound;
    else audio.removeAttribute("src");
    button.element.disabled = !sound;
    given = reference;
    which?.offer(names, reference);
    title.textContent = label;
    said.textContent = note;
    element.classList.add("loaded");
  };
  const take = (files) => files.length && attempt(async () => {
    if (files.length === 1) {
      const [{ file, path }] = files;
      said.textContent = "Handing over …";
      put({ upload: (await upload(file, path)).id }, path, URL.createObjectURL(file), `${(file.size / 1e6).toFixed(1)} MB`);
      return;
    }
    const group = crypto.randomUUID().slice(0, 8);
    const names = [];
    for (const [place, { file, path }] of files.entries()) {
      said.textContent = `Handing over ${place + 1} of ${files.length}`;
      names.push((await upload(file, path, group)).name);
    }
    put({ group, title: `${files.length} recordings` }, `${files.length} recordings`, null, "One of them is taken.", names.sort());
  });
  const piece = h("select", { aria: { label: `${name}: a bundled piece` }, onchange: () => {
    const found = pieces.find(({ file }) => file === piece.value);
    if (found) put({ piece: found.file }, found.title.replace(/ \([^)]*\)$/, ""), `api/pieces/${found.file}`, found.title.match(/\(([^)]*)\)$/)?.[1] ?? "");
  } }, h("option", { value: "" }, "A bundled piece"), pieces.map(({ file, title: each }) => h("option", { value: file }, each.replace(/ \([^)]*\)$/, ""))));
  const library = styles ? h("select", { aria: { label: "Style: by name" }, onchange: () => library.value && put({ style: library.value }, library.value, null, "A style of the library.", styles[library.value]) },
    h("option", { value: "" }, "A style by name"), Object.keys(styles).map((each) => h("option", { value: each }, each))) : null;
  const element = h("section", { class: "drop deck", id, aria: { label: name } },
    h("h2", {}, name),
    h("div", { class: "deck-head" }, button.element, h("p", {}, title, said)),
    h("div", { class: "buttons" }, choosers(take, { multiple: Boolean(styles), folder: Boolean(styles), primary: false, words: "Choose a file" }),
      recorder((file) => take([{ file, path: file.name }]))),
    h("div", { class: "deck-choices" }, library, piece),
    which?.element, audio);
  droppable(element, (files) => take(styles ? files : files.slice(0, 1)));
  for (const event of ["play", "pause"]) audio.addEventListener(event, () => button.show(!audio.paused));
  return {
    element,
    given: () => {
      if (!given) throw new Error(`Put something on the deck ${name} first.`);
      return given;
    },
    close() {
      audio.pause();
      URL.revokeObjectURL(address);
    },
  };
}

async function overview(main) {
  const [pieces, styles] = await Promise.all([get("pieces"), get("styles")]);
  const form = filling("transfer");
  const which = donors();
  const content = deck({ id: "transfer-content", name: "Content", words: "Whose chords and melody stay. Drop a recording here.", pieces });
  const style = deck({ id: "transfer-to", name: "Style", words: "Whose drums, playing and colour are taken. Drop a recording, or a folder of them.", pieces, styles, which });
  const made = shelf(["transfer"], "transfer", ({ digest }) => `in the style of ${digest.donor} · ${clock(digest.seconds)}`);
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "What if it were played otherwise?"), h("p", { class: "lead" }, "The tones of one recording with the drums, the colour and the groove of another.")),
    h("div", { class: "decks" }, content.element, style.element),
    h("section", { class: "card making-card", aria: { label: "How much" } }, h("h2", {}, "How much of the style"), form.element,
      h("div", { class: "buttons ask" }, h("button", { class: "primary", onclick: () => attempt(async () => place(await ask("transfer", { content: content.given(), to: style.given(), ...which.given() }, form.values()))) }, icon("transfer"), "Transfer"))),
    made.element,
  );
  return () => [content, style, made].forEach(({ close }) => close());
}

const MEASURES = [
  { key: "target", words: ({ target }) => `A judge hears ${target}`, form: percent, better: "more" },
  { key: "source", words: ({ source }) => `A judge hears ${source}`, form: percent, better: "less", once: ({ source, target }) => source !== target },
  { key: "chroma", words: () => "Chords like the content's", form: (value) => value.toFixed(2), better: "kept" },
  { key: "pulse", words: () => "Pulse like the style's", form: (value) => value.toFixed(2), better: "more" },
  { key: "bar", words: () => "Bars like the style's", form: (value) => value.toFixed(2), better: "more" },
  { key: "spectrum_db", words: () => "Spectrum off the style's", form: (value) => `${value.toFixed(1)} dB`, better: "less", scale: 12 },
  { key: "balance_db", words: () => "Drums to tones, off the style's", form: (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)} dB`, better: "nearer 0", scale: 30 },
];

/** What was measured of the content, of controls and of the result. */
function measurements(result) {
  const columns = [["Content", result.before], ...Object.entries(result.controls), ["Result", result.after]];
  const bar = (value, scale = 1) => h("div", { class: "meter", "aria-hidden": "true" }, h("i", { style: { width: `${Math.min(100, (100 * Math.abs(value)) / scale)}%` } }));
  return h("section", { class: "card", aria: { label: "Measurements" } }, h("h2", {}, "What has changed"),
    h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: "Table of measurements" } }, h("table", { class: "measures" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Measure"), columns.map(([words]) => h("th", { scope: "col" }, capital(words))), h("th", { scope: "col" }, "Wished for"))),
      h("tbody", {}, MEASURES.filter(({ once }) => !once || once(result)).map(({ key, words, form, better, scale }) => h("tr", {}, h("th", { scope: "row" }, words(result)),
        columns.map(([, measured], place) => h("td", {}, place === columns.length - 1 ? bar(measured[key], scale) : null, h("span", { class: "n" }, form(measured[key])))),
        h("td", { class: "muted" }, better)))))),
    h("p", { class: "muted small-words" }, `The judge had no part in making it and knows ${result.judge.right} of ${result.judge.of} real clips by their genre. Chords of unrelated songs: the style's own have ${result.chroma_of_unrelated.toFixed(2)}.`),
    result.method !== "stems" ? null : h("p", { class: "warn" }, `Drums and accompaniment are the sound of ${result.donor}: its rights apply to the result, too.`));
}

/** Content and result under one playhead, and a fader between them. */
function mixing(job) {
  const { result } = job;
  const together = Math.abs(result.content.seconds - result.result.seconds) < 0.1;
  const [above, below, axis] = [h("canvas", { class: "track wave", "aria-hidden": "true" }), h("canvas", { class: "track wave", "aria-hidden": "true" }), h("canvas", { class: "axis", "aria-hidden": "true" })];
  const seconds = result.result.seconds;
  const ratio = result.content.seconds / seconds;
  const time = h("output", { class: "time" }, `0:00 / ${clock(seconds)}`);
  let mix = 1;
  const timeOf = (when) => (mix < 0.5 && !together ? when / ratio : when);
  const player = mixer({ content: fileOf(job, result.content.file), result: fileOf(job, result.result.file) }, (when, on) => {
    const shown = timeOf(when);
    line.move(shown);
    button.show(on);
    time.textContent = `${clock(shown)} / ${clock(seconds)}`;
  });
  const button = playButton(player.toggle, "Play content and result");
  const line = timeline({
    canvases: [above, below], seconds, label: "Position in content and result", toggle: player.toggle,
    seek: (when) => player.seek(mix < 0.5 && !together ? when * ratio : when),
    draw() {
      wave(above, result.content.peaks, "--take-prompt");
      wave(below, result.result.peaks, "--take-0");
      drawAxis(axis, seconds);
      above.style.opacity = 0.35 + 0.65 * (1 - mix);
      below.style.opacity = 0.35 + 0.65 * mix;
    },
  });
  const set = (value) => {
    const next = together ? value : Math.round(value);
    if (!together && next !== Math.round(mix)) {
      const when = timeOf(player.position());
      mix = next;
      player.lead(mix < 0.5 ? "content" : "result");
      player.seek(mix < 0.5 ? when * ratio : when);
    }
    mix = next;
    player.level("content", 1 - mix);
    player.level("result", mix);
    fader.value = 100 * mix;
    fader.setAttribute("aria-valuetext", mix === 0 ? "content" : mix === 1 ? "result" : `${Math.round(100 * mix)} % result`);
    for (const [each, at] of buttons) each.setAttribute("aria-pressed", String(mix === at));
    above.style.opacity = 0.35 + 0.65 * (1 - mix);
    below.style.opacity = 0.35 + 0.65 * mix;
  };
  const fader = h("input", { type: "range", min: 0, max: 100, step: 1, aria: { label: "Mix of content and result" }, oninput: () => set(Number(fader.value) / 100) });
  const side = (words, at) => h("button", { class: "side-button", aria: { pressed: "false" }, onclick: () => set(at) }, words);
  const buttons = new Map([[side("A: content", 0), 0], ...(together ? [[side("Mix", 0.5), 0.5]] : []), [side("B: result", 1), 1]]);
  const style = h("audio", { controls: true, preload: "none", src: fileOf(job, result.style.file), aria: { label: `The style: ${result.donor}` } });
  style.addEventListener("play", () => player.pause());
  player.lead("result");
  set(1);
  const element = h("section", { class: "card", aria: { label: "Listen" } },
    h("div", { class: "transport" }, button.element, time, h("div", { class: "buttons" }, [...buttons.keys()]),
      h("div", { class: "buttons keep-row" }, keep(job, "result.wav", "Result (.wav)"))),
    h("div", { class: "tracks" }, h("span", { class: "track-name" }, "Content"), h("span", { class: "track-name" }, "Result"), line.element), axis,
    together ? h("div", { class: "fader" }, h("span", { "aria-hidden": "true" }, "Content"), fader, h("span", { "aria-hidden": "true" }, "Result"))
      : h("p", { class: "muted" }, "The result has the style's tempo and so another length: switch between A and B at the same place of the music."),
    h("div", { class: "style-row" }, h("span", {}, "The style, ", h("strong", {}, result.donor)), style));
  return { element, close() {
    player.close();
    line.close();
    style.pause();
  } };
}

function desk(body, job) {
  const heard = mixing(job);
  const form = filling("transfer", {}, job.parameters);
  const given = { content: { recording: job.id, part: "content" }, to: { recording: job.id, part: "to" } };
  const which = donors();
  which.offer(job.result.donors, given.to, job.names.donor);
  body.append(
    h("p", { class: "legend" }, `In the style of ${job.names.to}${job.names.to === job.result.donor ? "" : `, of which ${job.result.donor.slice(job.names.to.length + 2)} was taken`}.`),
    heard.element, measurements(job.result),
    h("section", { class: "card", aria: { label: "How much" } }, h("h2", {}, "More of this, less of that"), h("div", { class: "option-grid which" }, which.element), form.element,
      h("div", { class: "buttons ask" }, h("button", { class: "primary", onclick: () => attempt(async () => place(await ask("transfer", { ...given, ...which.given() }, form.values()))) }, icon("again"), "Make it again"))),
  );
  return heard.close;
}
