// The frame: rooms, theme, activity. Each room is a module that is loaded when it is first entered.
import { activity } from "./activity.js";
import { h, icon } from "./dom.js";
import { ROOMS } from "./rooms.js";

const main = document.getElementById("main");
let leave = null;
let entering = 0;

async function enter() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const room = ROOMS.find((each) => each.name === name) ?? ROOMS[0];
  const turn = ++entering;
  const module = await import(`./${room.name}.js`);
  if (turn !== entering) return;
  leave?.();
  for (const link of document.querySelectorAll("#rooms a")) {
    if (link.dataset.room === room.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${room.title} · partita studio`;
  main.replaceChildren();
  main.dataset.room = room.name;
  leave = (await module.show(main, rest)) ?? null;
}

function themeButton() {
  const button = document.getElementById("theme-button");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const draw = () => {
    const other = isDark() ? "light" : "dark";
    button.replaceChildren(icon(isDark() ? "sun" : "moon"), h("span", {}, `${other[0].toUpperCase()}${other.slice(1)}`));
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("partita-theme", next);
    draw();
    dispatchEvent(new Event("themechange"));
  });
  dark.addEventListener("change", () => {
    draw();
    dispatchEvent(new Event("themechange"));
  });
  draw();
}

document.getElementById("rooms").append(...ROOMS.map((room) => h(
  "a", { href: `#/${room.name}`, "data-room": room.name, title: room.words }, icon(room.name), h("span", {}, room.title),
)));
themeButton();
activity();
addEventListener("hashchange", () => enter().then(() => main.focus({ preventScroll: true })));
enter();
