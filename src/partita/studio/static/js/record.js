// The microphone: a recording with a level that moves, handed over as a file.
import { clock, h, icon, notice } from "./dom.js";

const FORMS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };

/** A button that records; `done(file)` gets what was recorded. */
export function recorder(done) {
  let recording = null;
  let number = 0;
  const label = h("span", {}, "Record");
  const level = h("i", { class: "level", "aria-hidden": "true" });
  const button = h("button", { class: "record", onclick: () => (recording ? recording.stop() : start()) }, icon("record"), label, level);

  async function start() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    } catch (error) {
      notice(error.name === "NotAllowedError" ? "The browser does not let the studio use the microphone." : "No microphone was found.", "warn");
      return;
    }
    const type = FORMS.find((form) => MediaRecorder.isTypeSupported(form));
    const parts = [];
    const began = performance.now();
    recording = new MediaRecorder(stream, type ? { mimeType: type } : {});
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const show = () => {
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      level.style.setProperty("--level", Math.min(1, peak));
      label.textContent = `Stop at ${clock((performance.now() - began) / 1000)}`;
      frame = requestAnimationFrame(show);
    };
    recording.ondataavailable = (event) => event.data.size && parts.push(event.data);
    recording.onstop = () => {
      cancelAnimationFrame(frame);
      context.close();
      stream.getTracks().forEach((track) => track.stop());
      const kind = recording.mimeType.split(";")[0];
      recording = null;
      button.classList.remove("on");
      label.textContent = "Record";
      number += 1;
      done(new File(parts, `Recording ${number}.${ENDINGS[kind] ?? "webm"}`, { type: kind }));
    };
    button.classList.add("on");
    recording.start(500);
    show();
  }
  return button;
}
