"""A result as a page that stands alone, and as tables for a spreadsheet, both made of the same rows."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from partita import pages
from partita.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"


class Share(NamedTuple):
    """A share 0..1 with its interval; it is drawn as a bar."""

    value: float
    interval: Sequence[float]


class Range(NamedTuple):
    """An interval."""

    low: float
    high: float


Cell = str | int | float | Share | Range | None


@dataclass(frozen=True)
class Table:
    """Rows of cells; those of one column are of one kind, or None. The first column says what a row is about."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def html(self) -> str:
        """The table for the page."""
        kinds = [self._kind(place) for place in range(len(self.columns))]
        heads = [_head(name, kind) for name, kind in zip(self.columns[1:], kinds[1:], strict=True)]
        rows = (
            pages.row(_words(row[0]), *(_html(cell, kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)))
            for row in self.rows
        )
        return pages.table(self.caption, "|".join([self.columns[0], *heads]), rows)

    def write(self, path: Path) -> None:
        """Write the table as CSV, the ends of intervals in columns of their own."""
        kinds = [self._kind(place) for place in range(len(self.columns))]
        with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            names = zip(self.columns, kinds, strict=True)
            writer.writerow([f"{name}{end}" for name, kind in names for end in ENDS.get(kind, ("",))])
            for row in self.rows:
                writer.writerow([part for cell, kind in zip(row, kinds, strict=True) for part in _parts(cell, kind)])

    def _kind(self, place: int) -> type:
        return next((type(row[place]) for row in self.rows if row[place] is not None), str)


@dataclass(frozen=True)
class Picture:
    """A figure with what it shows in words."""

    figure: "Figure"
    words: str


Part = str | Table | Picture
"""A part of a page: a paragraph, a table, a picture."""


@dataclass(frozen=True)
class Paper:
    """A page: its title, the figure that matters most with its words, and parts under headings.

    `model` is the digest of what was measured, `value` the figure; either may be empty.
    """

    title: str
    model: str
    value: str
    words: str
    parts: Sequence[tuple[str, Sequence[Part]]]

    def write(self, folder: Path) -> None:
        """Write the page, and each table of it as CSV under its heading's name."""
        body = [f"<h1>{escape(self.title)}</h1>"]
        body += [f'<p class="digest">{escape(self.model)}</p>'] if self.model else []
        value = f"<b>{escape(self.value)}</b> " if self.value else ""
        body.append(f'<p class="headline">{value}<span>{escape(self.words)}</span></p>')
        for heading, parts in self.parts:
            if not parts:
                continue
            body.append(pages.section(heading, "\n".join(_part(each) for each in parts)))
            for table in (each for each in parts if isinstance(each, Table)):
                table.write(folder / f"{re.sub('[^a-z]+', '-', heading.lower())}.csv")
        with replacing(folder / REPORT) as partial:
            partial.write_text(pages.page(self.title, "\n".join(body)), encoding="utf-8")


ENDS: dict[type, tuple[str, ...]] = {Share: ("", ", low", ", high"), Range: (", low", ", high")}
"""What follows a column's name in the names of the columns that it takes in CSV."""


def _part(part: Part) -> str:
    if isinstance(part, Table):
        return part.html()
    if isinstance(part, Picture):
        return pages.figure(part.figure, part.words, wide=True)
    return f"<p>{escape(part)}</p>"


def _head(name: str, kind: type) -> str:
    return name if kind is str else f"-|#{name}, %|#interval" if kind is Share else f"#{name}"


def _html(cell: Cell, kind: type) -> str:
    if kind is str:
        return pages.text(_words(cell))
    if kind is not Share:
        return pages.number(_words(cell))
    if not isinstance(cell, Share):
        return pages.text("") + pages.number("") + pages.number("")
    low, high = cell.interval
    bar = pages.bar(cell.value, low, high)
    return bar + pages.number(f"{100 * cell.value:.1f}") + pages.number(f"{100 * low:.0f}–{100 * high:.0f}")


def _words(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Share(value):
            return f"{100 * value:.1f} %"
        case Range(low, high):
            return f"{low:.3f} to {high:.3f}"
        case float():
            return f"{cell:,.4g}" if abs(cell) < 1e4 else f"{cell:,.0f}"
        case int():
            return f"{cell:,}"
    return str(cell)


def _parts(cell: Cell, kind: type) -> list[str | int | float | None]:
    match cell:
        case Share(value, interval):
            return [value, *interval]
        case Range(low, high):
            return [low, high]
        case None:
            return [None] * len(ENDS.get(kind, ("",)))
    return [cell]
