// Colours that are drawn on canvases, from the page's own style, so that they follow the theme.

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A colour of the page as [red, green, blue], whatever form it is written in. */
export function rgb(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return numbers.slice(0, 3);
}

export const css = ([red, green, blue], alpha = 1) => `rgb(${red} ${green} ${blue} / ${alpha})`;

/** A colour for each label, the same wherever the same labels are shown. */
export function genreColours(labels) {
  const sorted = [...labels].sort();
  return Object.fromEntries(sorted.map((label, place) => [label, `var(--genre-${place % 10})`]));
}

/** The same for canvases: numbers of red, green and blue. */
export function genreInks(labels) {
  const sorted = [...labels].sort();
  return Object.fromEntries(sorted.map((label, place) => [label, rgb(`--genre-${place % 10}`)]));
}

/** 256 colours from the quietest to the loudest level of a spectrogram. */
export function ramp() {
  const stops = ["--level-0", "--level-1", "--level-2", "--level-3"].map(rgb);
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(place));
    return stops[left].map((value, i) => Math.round(value + (stops[left + 1][i] - value) * (place - left)));
  });
}

export { style };
