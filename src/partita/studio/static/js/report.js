// A report that a job has written, shown as it is: in a frame that runs no scripts and follows the page's theme.
import { h } from "./dom.js";

/** The frame of a report, as high as what is in it. */
export function framed(address, title) {
  const frame = h("iframe", { class: "report", src: address, title, sandbox: "allow-same-origin" });
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument?.documentElement;
    if (!inside) return;
    const fit = () => { frame.style.height = `${inside.getBoundingClientRect().height}px`; };
    new ResizeObserver(fit).observe(inside);
    fit();
    paint();
  });
  /** Give it the theme that the page has, which need not be the system's. */
  const paint = () => {
    const scheme = document.documentElement.dataset.theme;
    const inside = frame.contentDocument?.documentElement;
    if (!scheme || !inside) return;
    inside.style.colorScheme = scheme;
    for (const picture of inside.querySelectorAll("picture source")) picture.media = scheme === "dark" ? "all" : "not all";
  };
  addEventListener("themechange", paint);
  return { element: frame, close: () => removeEventListener("themechange", paint) };
}
