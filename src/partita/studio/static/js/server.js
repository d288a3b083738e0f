// Talking to the studio's server: requests, uploads, and the stream of what becomes of jobs.

/** What the server answered with, in its own words. */
export class Refused extends Error {
  constructor(words, status) {
    super(words);
    this.status = status;
  }
}

async function answered(response) {
  if (response.status === 204) return null;
  const kind = response.headers.get("content-type") ?? "";
  const body = kind.includes("json") ? await response.json() : { error: await response.text() };
  if (response.ok) return body;
  const detail = Array.isArray(body.detail) ? body.detail.map((each) => each.msg).join("; ") : body.detail;
  throw new Refused(body.error ?? detail ?? response.statusText, response.status);
}

export const get = async (path) => answered(await fetch(`api/${path}`));

export async function send(path, body = null, method = "POST") {
  const options = body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  return answered(await fetch(`api/${path}`, { method, ...options }));
}

/** Upload a file (streamed by the browser) and get {id, name, size}; several of one `group` lie in one folder. */
export function upload(file, name = file.name, group = "") {
  const query = new URLSearchParams({ name, group });
  return fetch(`api/uploads?${query}`, { method: "POST", body: file }).then(answered);
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Ask for a job; while the queue is full, wait in line. */
export async function ask(verb, given, parameters = {}, batch = "") {
  for (;;) {
    try {
      const job = await send("jobs", { verb, given, parameters, batch });
      if (!jobs.has(job.id)) take(job);
      return job;
    } catch (error) {
      if (error.status !== 503) throw error;
      await sleep(1500);
    }
  }
}

/** Every job that the server knows, by id, kept up to date by its events. */
export const jobs = new Map();
const changes = new EventTarget();

function take(job) {
  jobs.set(job.id, job);
  changes.dispatchEvent(new CustomEvent("job", { detail: job }));
}

/** Call `heard(job)` for every change until the returned function is called. */
export function watch(heard) {
  const listener = (event) => heard(event.detail);
  changes.addEventListener("job", listener);
  return () => changes.removeEventListener("job", listener);
}

/** Remove a job on the server and here. */
export async function forget(id) {
  await send(`jobs/${id}`, null, "DELETE");
  drop(id);
}

function drop(id) {
  const job = jobs.get(id);
  jobs.delete(id);
  if (job) changes.dispatchEvent(new CustomEvent("job", { detail: { ...job, state: "forgotten" } }));
}

/** Resolves when the first list of jobs is here. */
export const connected = new Promise((resolve) => {
  const source = new EventSource("api/events");
  source.addEventListener("jobs", (event) => {
    const all = JSON.parse(event.data);
    const known = new Set(all.map((job) => job.id));
    for (const id of [...jobs.keys()]) if (!known.has(id)) drop(id);
    all.forEach(take);
    document.documentElement.dataset.connected = "yes";
    resolve();
  });
  source.addEventListener("job", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    document.documentElement.dataset.connected = "no";
  });
});

/** The verbs with their options, as the tasks define them; a studio that is still starting is waited for. */
async function describe() {
  for (;;) {
    try {
      return await get("verbs");
    } catch (error) {
      if (error.status !== 503) throw error;
      await sleep(500);
    }
  }
}

let described = null;
export const verbs = () => (described ??= describe());

export const ENDED = new Set(["done", "failed", "stopped", "forgotten"]);
