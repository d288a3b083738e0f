// One answer: what it is, how sure, heard on one time axis, and what decided.
import { progressBar, reason, refresh, standing, stopButton } from "./activity.js";
import { genreColours } from "./colours.js";
import { clock, h, icon, notice, percent, redraw } from "./dom.js";
import { listener, stretches } from "./listen.js";
import { ask, ENDED, forget, get, jobs, send, watch } from "./server.js";

/** Fill `main` with the answer of a job, as soon as there is one. */
export async function detail(main, id) {
  let player = null;
  let state = "";
  const body = h("div", { class: "answer-body" });
  const head = h("header", { class: "room-head answer-head" });
  main.append(head, body);

  const draw = async () => {
    const job = jobs.get(id);
    if (!job) {
      head.replaceChildren(h("h1", {}, "Not here any more"));
      body.replaceChildren(h("p", {}, "The studio was closed since, or this answer was removed. ", h("a", { href: "#/classify" }, "Classify something else")));
      return;
    }
    if (job.state === state) {
      if (!ENDED.has(state)) refresh(body, job);
      return;
    }
    if (job.state !== "done") {
      state = job.state;
      head.replaceChildren(crumbs(), h("h1", {}, job.title));
      redraw(body, waiting(job));
      return;
    }
    state = "done";
    const [full, levels] = await Promise.all([
      get(`jobs/${id}`), fetch(`api/jobs/${id}/files/levels.u8`).then((response) => response.arrayBuffer()),
    ]);
    head.replaceChildren(crumbs(), h("h1", {}, job.title));
    player?.close();
    player = answer(body, full, new Uint8Array(levels));
  };
  const unwatch = watch((job) => {
    if (job.id === id) draw();
    else if (job.batch === `why ${id}`) player?.why(job);
  });
  await draw();
  for (const job of jobs.values()) if (job.batch === `why ${id}`) player?.why(job);
  return () => {
    unwatch();
    player?.close();
  };
}

const crumbs = () => h("nav", { class: "crumbs", aria: { label: "Back" } }, h("a", { href: "#/classify" }, icon("back"), "All recordings"));

function waiting(job) {
  if (job.state === "failed") {
    return h("section", { class: "card warn-card", role: "alert" }, h("h2", {}, "This one can't be classified"), h("p", {}, reason(job)),
      h("div", { class: "buttons" }, h("a", { class: "button primary", href: "#/classify" }, "Try another")));
  }
  if (job.state === "stopped") {
    return h("section", { class: "card" }, h("h2", {}, "Stopped"), h("p", {}, "You stopped it before there was an answer."),
      h("div", { class: "buttons" }, h("button", { class: "primary", onclick: () => again(job) }, "Classify it after all"),
        h("a", { class: "button", href: "#/classify" }, "Something else")));
  }
  return h("section", { class: "card working" }, progressBar(job), standing(job, "p"), stopButton(job));
}

async function again(job) {
  try {
    const full = await get(`jobs/${job.id}`);
    const next = await ask("classify", { source: { recording: job.id } }, full.parameters);
    location.hash = `#/classify/${next.id}`;
  } catch (error) {
    notice(error.message, "warn");
  }
}

/** Bars of probabilities, the greatest first: {element, show(probabilities)}; `show` moves them to a moment's values. */
function bars(probabilities) {
  const colours = genreColours(Object.keys(probabilities));
  const rows = new Map(Object.entries(probabilities).map(([label, share]) => {
    const value = h("span", { class: "n" }, percent(share));
    const fill = h("i", { style: { background: colours[label] } });
    const moment = h("b", {});
    fill.style.width = `${100 * share}%`;
    return [label, { value, fill, moment, row: h("li", {}, h("span", {}, label), h("div", { class: "meter" }, fill, moment), value) }];
  }));
  return {
    element: h("ol", { class: "bars", aria: { label: "Probabilities" } }, [...rows.values()].map(({ row }) => row)),
    show(part) {
      for (const [label, { moment }] of rows) {
        moment.hidden = !part;
        if (part) moment.style.left = `${100 * part[label]}%`;
      }
    },
  };
}

function verdict(result) {
  const [[first, share], [second, rest]] = Object.entries(result.probabilities);
  if (result.unsure) {
    return [h("p", { class: "verdict unsure" }, "Unsure"),
      h("p", { class: "lead" }, `Perhaps ${first} (${percent(share)}), perhaps ${second} (${percent(rest)}). The model has no clear answer, and says so rather than guess.`)];
  }
  return [h("p", { class: "verdict", style: { "--genre": genreColours(Object.keys(result.probabilities))[first] } }, first),
    h("p", { class: "lead" }, h("strong", {}, `${percent(share)} sure`), rest >= 0.05 ? `; next comes ${second} with ${percent(rest)}.` : "; nothing else comes close.")];
}

function answer(body, job, levels) {
  const { result } = job;
  const chart = bars(result.probabilities);
  const player = listener({
    result, levels, media: `api/jobs/${job.id}/media`, heard: (part) => chart.show(part?.probabilities),
  });
  const reasons = h("section", { class: "card reasons", aria: { label: "What decided" } });
  const labels = Object.keys(result.probabilities);
  const colours = genreColours(labels);
  const timeline = stretches(result.segments);
  const told = h("details", { class: "as-text" }, h("summary", {}, `The timeline as text (${timeline.length} stretches)`),
    h("ol", { class: "timeline-text" }, timeline.map(({ label, start, end, sum, count }) => h("li", {},
      h("button", { class: "quiet small", onclick: () => player.play(start, end) }, `${clock(start)} to ${clock(end)}`),
      h("i", { class: "swatch", style: { background: colours[label] } }), `${label} ${percent(sum / count)}`))));
  body.replaceChildren(
    h("div", { class: "answer-grid" },
      h("section", { class: "card verdict-card" }, verdict(result), chart.element, h("p", { class: "muted small-words" }, "A mark on a bar: the moment at the playhead."),
        result.warnings.length ? h("p", { class: "warn" }, result.warnings.join("; ")) : null),
      h("div", { class: "card listen-card" }, player.element, told)),
    reasons,
    h("section", { class: "card keep" }, h("h2", {}, "Keep it"), correction(job, labels),
      h("p", { class: "digest" }, `${result.model} · ${clock(result.seconds)}`),
      h("div", { class: "buttons" },
        h("a", { class: "button", href: `api/jobs/${job.id}/recording`, download: "" }, icon("down"), "Recording"),
        h("a", { class: "button", href: `api/jobs/${job.id}`, download: `${job.title}.json` }, icon("down"), "Answer as JSON"),
        h("button", { class: "quiet", onclick: async () => {
          await forget(job.id);
          location.hash = "#/classify";
        } }, icon("bin"), "Remove"))),
  );
  const ask1 = h("button", { id: "classify-explain", onclick: () => ask("classify", { source: { recording: job.id } }, { ...job.parameters, explain: true }, `why ${job.id}`).catch((error) => notice(error.message, "warn")) }, icon("why"), "Find the seconds that decided");
  reasons.append(h("div", { class: "reasons-head" }, h("h2", {}, "Why?"), ask1),
    h("p", { class: "muted" }, "Leaves out stretches of the music and bands of frequencies, one after another, and listens how the answer changes. Some seconds for each minute."));
  let shown = "";
  return {
    ...player,
    async why(other) {
      const version = `${other.id} ${other.state}`;
      if (shown === version) return;
      shown = version;
      if (other.state === "running" || other.state === "waiting") {
        reasons.replaceChildren(h("h2", {}, "Why?"), h("div", { class: "working" }, progressBar({ ...other, total: 0 }), h("p", {}, "Listening again and again, each time without something …"), stopButton(other)));
      } else if (other.state === "done") {
        const { result: explained } = await get(`jobs/${other.id}`);
        reasons.replaceChildren(...because(explained.explanation, player));
      } else if (other.state === "failed" || other.state === "stopped") {
        reasons.replaceChildren(h("div", { class: "reasons-head" }, h("h2", {}, "Why?"), ask1), h("p", { class: "muted" }, other.state === "failed" ? other.error : "Stopped."));
      }
    },
  };
}

const hertz = (value) => (value >= 1000 ? `${(value / 1000).toFixed(1)} kHz` : `${value} Hz`);

/** What decided: in words, along the time axis, and by frequency. */
function because({ genre, decisive, stretches: parts, ranges }, player) {
  const { start, end } = decisive;
  player.explain({ stretches: parts, decisive });
  const strongest = [...ranges].sort((a, b) => b.importance - a.importance)[0];
  const loudest = Math.max(...ranges.map((part) => Math.abs(part.importance)), 1e-9);
  return [
    h("div", { class: "reasons-head" }, h("h2", {}, `Why ${genre}?`),
      h("button", { class: "primary", onclick: () => player.play(start, end) }, icon("play"), `Hear ${clock(start)} to ${clock(end)}`)),
    h("p", {}, `Most of it is decided from ${start.toFixed(1)} s to ${end.toFixed(1)} s, and between ${hertz(strongest.low)} and ${hertz(strongest.high)}. The lowest track above shows every stretch: up speaks for ${genre}, down against. So do the frequencies here, in nats of its odds.`),
    h("ol", { class: "bars ranges", aria: { label: "Frequencies" } }, ranges.map((part) => h("li", {}, h("span", {}, `${hertz(part.low)} to ${hertz(part.high)}`),
      h("div", { class: "meter" }, h("i", { class: part.importance < 0 ? "against" : "", style: { width: `${(100 * Math.abs(part.importance)) / loudest}%` } })),
      h("span", { class: "n" }, part.importance.toFixed(2).replace("-", "−"))))),
  ];
}

/** A label put right by hand, and tags. */
function correction(job, labels) {
  const own = localStorage.getItem(`label ${job.id}`);
  const choice = h("select", { id: "own-label", onchange: () => {
    if (choice.value === job.result.genre) localStorage.removeItem(`label ${job.id}`);
    else localStorage.setItem(`label ${job.id}`, choice.value);
  } }, labels.map((label) => h("option", { value: label, selected: label === (own ?? job.result.genre) }, label)));
  const write = async (overwrite) => {
    try {
      const { outcome, genre } = await send(`jobs/${job.id}/tag`, { genre: choice.value, overwrite });
      if (outcome === "written") notice(`Its tags now say ${genre}. Download the recording to have them.`);
      else if (confirm(`Its tags already say ${genre}. Write ${choice.value} instead?`)) await write(true);
    } catch (error) {
      notice(error.message, "warn");
    }
  };
  return h("div", { class: "correct" }, h("label", { for: "own-label" }, "It is"), choice,
    job.taggable ? h("button", { onclick: () => write(false) }, icon("tag"), "Write it into the tags") : null);
}
