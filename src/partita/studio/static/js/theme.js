// Before the first paint: the theme that the reader chose here, else the system's.
const chosen = localStorage.getItem("partita-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
