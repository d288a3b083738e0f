// What several rooms draw on canvases: spectrograms, axes of time, waveforms.
import { css, ramp, rgb } from "./colours.js";
import { clock } from "./dom.js";

/** Make a canvas as fine as the screen is, and give its pen. */
export const fit = (canvas) => {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
  return canvas.getContext("2d");
};

/** The spectrogram as a picture of its own size, low frequencies below. */
export function picture(levels, bands, columns) {
  const colours = ramp();
  const image = new ImageData(columns, bands);
  for (let band = 0; band < bands; band++) {
    const row = (bands - 1 - band) * columns;
    for (let column = 0; column < columns; column++) {
      const at = 4 * (row + column);
      const [red, green, blue] = colours[levels[band * columns + column]];
      image.data[at] = red;
      image.data[at + 1] = green;
      image.data[at + 2] = blue;
      image.data[at + 3] = 255;
    }
  }
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = bands;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Minutes and seconds along a canvas. */
export function drawAxis(canvas, seconds) {
  const pen = fit(canvas);
  const scale = devicePixelRatio || 1;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.font = `${11 * scale}px ${getComputedStyle(document.body).fontFamily}`;
  pen.fillStyle = css(rgb("--muted"));
  const most = Math.max(2, Math.floor(canvas.clientWidth / 90));
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((each) => seconds / each <= most) ?? 14400;
  for (let time = 0; time <= seconds; time += step) {
    const x = (time / seconds) * canvas.width;
    pen.fillRect(x, 0, scale, 4 * scale);
    pen.textAlign = x < 12 * scale ? "left" : x > canvas.width - 18 * scale ? "right" : "center";
    pen.fillText(clock(time), x, 16 * scale);
  }
}


/** A waveform of `peaks` (0..255) as thin bars around the middle; `ink` is a colour for canvases. */
export function drawPeaks(canvas, peaks, ink) {
  const pen = fit(canvas);
  const { width, height } = canvas;
  const bar = 3 * (devicePixelRatio || 1);
  const bars = Math.floor(width / bar);
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = ink;
  const loudest = Math.max(1, ...peaks);
  for (let place = 0; place < bars; place++) {
    const first = Math.floor((place * peaks.length) / bars);
    const last = Math.max(first + 1, Math.floor(((place + 1) * peaks.length) / bars));
    const tall = Math.max(1, (Math.max(...peaks.slice(first, last)) / loudest) * height * 0.96);
    pen.fillRect(place * bar, (height - tall) / 2, bar * 0.66, tall);
  }
}
