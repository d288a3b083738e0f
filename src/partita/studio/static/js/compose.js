// The room Compose: a prompt from a file, from a keyboard or none; what goes on from it, on a roll.
import { choosers, droppable } from "./drop.js";
import { clock, h, icon, notice, percent } from "./dom.js";
import { piano } from "./keys.js";
import { attempt, besides, fileOf, follow, form as filling, keep, shelf } from "./making.js";
import { notesOf, roll, takeColour } from "./roll.js";
import { ask, connected, upload } from "./server.js";

const FOR_NEW = ["key", "tempo", "density"];
const MIDI = ".mid,.midi,audio/midi,audio/x-midi";

/** Show where to begin, or a prompt or its variations if the address names them. */
export async function show(main, [id]) {
  await connected;
  if (!id) return beginning(main);
  return follow(main, id, { room: "compose", all: "All pieces", title: (job) => job.title }, (body, job) => (job.verb === "render" ? prompt(body, job) : variations(body, job)));
}

const place = (job) => {
  location.hash = `#/compose/${job.id}`;
};

/** Have notes read and rendered, and show them. */
const take = (given) => attempt(async () => place(await ask("render", { score: given })));
const takeFile = async ([first, ...more]) => {
  if (more.length) notice("One MIDI file at a time; the first was taken.", "warn");
  if (first) await attempt(async () => take({ upload: (await upload(first.file, first.path)).id }));
};

function beginning(main) {
  const zone = h("section", { class: "drop small-drop", id: "compose-prompt", aria: { label: "A MIDI file" } },
    h("div", { class: "drop-words" }, icon("compose"), h("p", {}, h("strong", {}, "Drop a MIDI file here"), h("span", { class: "muted" }, "The model goes on from its end, or fills a span of it anew."))),
    h("div", { class: "buttons" }, choosers(takeFile, { accept: MIDI, multiple: false, folder: false, words: "Choose a MIDI file" })));
  droppable(zone, takeFile);
  const keyboard = piano((file) => takeFile([{ file, path: file.name }]));
  const form = filling("compose", { without: ["infill"] });
  const made = shelf(["render", "compose"], "compose", (job) => (job.verb === "render" ? `prompt · ${clock(job.digest.seconds)} · ${job.digest.notes} notes`
    : `${job.digest.infill ? "filled" : "composed"} · ${job.digest.variations} variation${job.digest.variations === 1 ? "" : "s"} of ${clock(job.digest.seconds)} · ${job.digest.model.split("@")[0]}`));
  main.append(
    h("header", { class: "room-head" }, h("h1", {}, "How does it go on?"), h("p", { class: "lead" }, "Give a beginning, or none. Every variation says what it has in common with the music that the model learnt from.")),
    h("div", { class: "making" }, zone,
      h("section", { class: "card", aria: { label: "Play it" } }, h("h2", {}, "Or play a beginning"), keyboard.element),
      h("section", { class: "card", aria: { label: "A new piece" } }, h("h2", {}, "Or start from nothing"), form.element,
        h("div", { class: "buttons ask" }, h("button", { class: "primary", onclick: () => attempt(async () => place(await ask("compose", {}, form.values()))) }, icon("compose"), "Write a new piece")))),
    made.element,
  );
  return () => {
    keyboard.close();
    made.close();
  };
}

/** A prompt by itself: heard, seen, and gone on from. */
function prompt(body, job) {
  const { result } = job;
  const board = roll({ layers: [{ take: -1, notes: notesOf(result) }], seconds: result.seconds, label: `Position in ${job.title}`, chosen: (span) => next.choose(span) });
  const next = asking({ recording: job.id }, result.seconds, board);
  board.show(-1, fileOf(job, result.sound));
  body.append(board.element,
    h("p", { class: "legend" }, h("i", { class: "swatch", style: { background: `var(${takeColour(-1)})` } }), `The prompt: ${result.pitch.length} notes in ${clock(result.seconds)}`,
      result.drums ? `, and ${result.drums} of drums, which are kept and not shown` : "", ". Drag over the roll to select a span."),
    next.element);
  return board.close;
}

const TOLD = 8; // of 4 notes hardly any run is new, of 16 almost all are
const plural = (count, words) => `${count} ${words}${count === 1 ? "" : "s"}`;

/** What a variation shares with what the model has learnt from, in words: [headline, sentence, kind]. */
export function originality(shared) {
  if (!shared) return ["Originality unknown", "This model carries no index of the music it learnt from, so nothing can be said about copies.", ""];
  const { human, notes, seconds, work } = shared;
  const run = notes ? `The longest run it shares with the music the model learnt from has ${plural(notes, "note")} (${seconds.toFixed(1)} s), in ${work}.` : "It shares no run of notes with the music the model learnt from.";
  if (!human) return ["Compared with its training music", run, ""];
  const fresh = shared.novelty[TOLD] === undefined ? "" : ` ${percent(shared.novelty[TOLD])} of its runs of ${TOLD} notes are new${human.novelty[TOLD] === undefined ? "" : `, of people's ${percent(human.novelty[TOLD])}`}.`;
  const usual = `People's own pieces of ${human.seconds.toFixed(0)} s share ${Math.round(human.median)} in the middle, and 19 of 20 share no more than ${Math.round(human.usual)}.${fresh}`;
  if (notes <= human.usual) return ["As original as people's music", `${run} ${usual}`, "good"];
  if (notes <= human.most) return ["Quotes more than most people do", `${run} ${usual} The most was ${Math.round(human.most)}.`, "fair"];
  return ["A copy in part", `${run} ${usual} No human piece measured shares more than ${Math.round(human.most)}: take it for a quotation.`, "poor"];
}

/** One variation in the list: how to hear it, what is known of it, what to keep. */
function card(job, entry, number, hear) {
  const [headline, words, kind] = originality(entry.originality);
  const heard = h("button", { class: "hear", aria: { pressed: "false", label: `Hear variation ${number + 1}` }, onclick: () => hear(number) },
    h("i", { class: "swatch", style: { background: `var(${takeColour(number)})` } }), `Variation ${number + 1}`);
  const facts = [plural(entry.notes.pitch.length, "new note"), entry.key, entry.notes_per_second ? `${entry.notes_per_second.toFixed(1)} a second` : ""];
  return { heard, element: h("li", { class: "take", style: { "--take": `var(${takeColour(number)})` } },
    h("div", { class: "take-head" }, heard, h("span", { class: "muted" }, facts.filter(Boolean).join(" · ")),
      h("div", { class: "buttons" }, keep(job, entry.file, ".mid"), keep(job, entry.sound, ".wav"))),
    h("p", { class: `originality ${kind}` }, h("strong", {}, headline), " ", words),
    entry.repairs.length || entry.unmended ? h("details", {}, h("summary", {}, "What the guard did"), h("ul", {}, entry.repairs.map((each) => h("li", {}, each)), entry.unmended ? h("li", {}, `${entry.unmended} came again and again and was left.`) : null)) : null) };
}

async function variations(body, job) {
  const { result } = job;
  const again = Object.fromEntries(Object.keys(job.names).map((part) => [part, { recording: job.id, part }]));
  const layers = [{ take: -1, notes: notesOf(result.kept) }, ...result.variations.map((entry, take) => ({ take, notes: notesOf(entry.notes) }))];
  const seconds = Math.max(...result.variations.map((entry) => entry.length));
  const { begin } = result;
  const board = roll({ layers, seconds, place: { begin, end: begin + result.seconds }, label: `Position in ${job.title}`, chosen: (span) => next.choose(span) });
  const cards = result.variations.map((entry, number) => card(job, entry, number, (take) => hear(take, true)));
  let next = null;
  let current = -1;
  const hear = async (number, play = false) => {
    if (number === current && play) return board.toggle();
    current = number;
    board.show(number, fileOf(job, result.variations[number].sound));
    cards.forEach(({ heard, element }, each) => {
      heard.setAttribute("aria-pressed", String(each === number));
      element.classList.toggle("chosen", each === number);
    });
    next?.about(`variation ${number + 1}`, { job: job.id, file: result.variations[number].file });
    if (play && board.audio.paused) await board.audio.play().catch(() => {});
    return null;
  };
  next = asking({ job: job.id, file: result.variations[0].file }, seconds, board, "variation 1", job.parameters);
  const repeat = h("button", { onclick: () => attempt(async () => {
    const seed = result.seed + 1;
    place(await ask("compose", again, { ...job.parameters, seed }, job.batch));
  }) }, icon("again"), "The same with another seed");
  const words = result.rework ? (result.rework.toward ? `On the way to ${result.rework.toward.file}` : `The prompt, varied by ${result.rework.vary}`) : result.infill ? `${clock(begin)} to ${clock(begin + result.seconds)} was written anew` : `${clock(result.seconds)} of new music${begin ? ` from ${clock(begin)} on` : ""}`;
  body.append(
    h("p", { class: "legend" }, result.kept.pitch.length ? [h("i", { class: "swatch", style: { background: `var(${takeColour(-1)})` } }), "The prompt. "] : null, `${words}, ${result.variations.length === 1 ? "" : "each variation in its own colour, "}by ${result.model.split("@")[0]} with seed ${result.seed}.`),
    board.element,
    h("section", { class: "card", aria: { label: "Variations" } }, h("div", { class: "reasons-head" }, h("h2", {}, "Variations"), repeat), h("ol", { class: "takes" }, cards.map(({ element }) => element)),
      result.remarks.length ? h("details", { class: "remarks" }, h("summary", {}, "Good to know"), h("ul", {}, result.remarks.map((remark) => h("li", {}, remark)))) : null,
      h("div", { class: "buttons" }, keep(job, job.files.find((name) => name.endsWith(".json")), "Card (.json)"))),
    next.element,
  );
  await hear(0);
  board.seek(Math.max(0, begin - 4));
  return board.close;
}

/** What may be asked for next: {element, choose(span), about(words, given)}. */
function asking(given, seconds, board, words = "it", values = {}) {
  const toward = besides({ id: "compose-toward", words: "Go towards another piece", said: (title) => `On the way to ${title}; few models can, such as aaa-vae-notes.`, without: "Nowhere in particular", accept: MIDI, changed: () => draw() });
  const form = filling("compose", { without: ["infill", ...FOR_NEW] }, values);
  const edge = (id, label) => h("input", { id, type: "number", min: 0, max: Math.ceil(seconds), step: 0.1, aria: { label }, oninput: () => {
    if (from.value !== "" && to.value !== "" && Number(to.value) > Number(from.value)) board.choose([Number(from.value), Number(to.value)], false);
    draw();
  } });
  const from = edge("span-from", "Span from, seconds");
  const to = edge("span-to", "Span to, seconds");
  const whole = () => (from.value !== "" && to.value !== "" && Number(to.value) > Number(from.value) ? `${from.value}:${to.value}` : null);
  const send = (parameters) => attempt(async () => place(await ask("compose", { prompt: given, ...(toward.given() && !parameters.infill ? { toward: toward.given() } : {}) }, { ...form.values(), ...parameters })));
  const on = h("button", { class: "primary", onclick: () => send({}) }, icon("next"), h("span", {}));
  const fill = h("button", { onclick: () => send({ infill: whole() }) }, icon("again"), h("span", {}));
  const clear = h("button", { class: "quiet small", onclick: () => board.choose(null) }, "Clear");
  const draw = () => {
    const span = whole();
    on.lastChild.textContent = toward.given() ? `Go from ${words} to ${toward.given().title}` : `Go on from ${words}`;
    fill.lastChild.textContent = span ? `Fill ${from.value} to ${to.value} s anew` : "Fill a span anew";
    fill.disabled = clear.disabled = !span;
  };
  draw();
  return {
    element: h("section", { class: "card", aria: { label: "What next" } }, h("h2", {}, "What next?"), form.element, toward.element,
      h("div", { class: "span-row", id: "compose-infill" }, h("span", { id: "span-words" }, "Span in seconds"), from, h("span", { "aria-hidden": "true" }, "to"), to, clear),
      h("div", { class: "buttons ask" }, on, fill)),
    choose(span) {
      [from.value, to.value] = span ?? ["", ""];
      draw();
    },
    about(next, reference) {
      words = next;
      given = reference;
      draw();
    },
  };
}
