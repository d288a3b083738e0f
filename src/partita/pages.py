"""The parts of HTML pages that stand alone: no network, fit for a phone, light or dark as their reader has it."""

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from partita import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIGHT_INK, DARK_INK = "#1d2126", "#e8eaed"


def page(title: str, body: str) -> str:
    """A whole HTML page around `body`, with its style inside."""
    style = "".join((files("partita") / name).read_text(encoding="utf-8") for name in ("theme.css", "report.css"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n"
        "<footer>Written by partita. Intervals are 95 %.</footer>\n</main>\n</body>\n</html>\n"
    )


def section(title: str, body: str) -> str:
    """A part of the page under its heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def row(name: str, *cells: str) -> str:
    """A row of a table, from its name, which may break before a digest, and cells of HTML."""
    return f'<tr><th scope="row">{escape(name).replace("@", "<wbr>@")}</th>{"".join(cells)}</tr>'


def text(words: str) -> str:
    """A cell of words."""
    return f"<td>{escape(words)}</td>"


def number(words: str, below: str = "") -> str:
    """A cell of a number, with what stands small below it."""
    small = f"<br><small>{escape(below)}</small>" if below else ""
    return f'<td class="n">{escape(words)}{small}</td>'


def bar(value: float, low: float, high: float, kind: str = "") -> str:
    """A cell that draws a share 0..1 with its interval; the number itself stands in another."""
    return (
        f'<td class="plot"><div class="bar {kind}" aria-hidden="true" '
        f'style="--value:{value:.1%};--low:{low:.1%};--high:{high:.1%}"><i></i></div></td>'
    )


def table(caption: str, head: str, rows: Iterable[str]) -> str:
    """A table under its caption; `head` names the columns, divided by |: "#" is for numbers, "-" is a plot.

    The caption stands outside, so that it is read whole where a wide table has to be scrolled on a phone.
    """
    cells = []
    for name in head.split("|"):
        if name in {"", "-"}:
            cells.append('<td class="plot"></td>' if name else "<td></td>")
        else:
            kind = ' class="n"' if name.startswith("#") else ""
            cells.append(f'<th scope="col"{kind}>{escape(name.removeprefix("#"))}</th>')
    thead = f"<thead><tr>{''.join(cells)}</tr></thead>"
    return captioned(caption, f"{thead}<tbody>{''.join(rows)}</tbody>")


def captioned(caption: str, inside: str, kind: str = "") -> str:
    """A table from what is `inside` it, under its caption."""
    words = escape(caption)
    return (
        f'<p class="muted">{words}</p><div class="scroll" tabindex="0" role="region" aria-label="{words}">'
        f'<table class="{kind}" aria-label="{words}">{inside}</table></div>'
    )


def details(summary: str, body: str) -> str:
    """What is folded away under its summary."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def figure(picture: "Figure", alt: str, caption: str = "", *, wide: bool = False) -> str:
    """A picture in two inks, of which the browser takes the one for its theme; a wide one is scrolled on a phone."""
    light, dark = (_data_uri(figures.svg(picture, ink)) for ink in (LIGHT_INK, DARK_INK))
    words = f'<figcaption class="muted">{escape(caption)}</figcaption>' if caption else ""
    kind = ' class="wide" tabindex="0"' if wide else ""
    return (
        f'<figure{kind}><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(alt)}"></picture>{words}</figure>'
    )


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
