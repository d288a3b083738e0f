"""What was measured, as JSON and as Markdown: figures by theme, and before them which bars were met."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from measure import Bar, Figure

PACKAGES = ("partita", "torch", "numpy", "symusic", "soundfile", "soxr", "av", "librosa", "transformers")


@dataclass(frozen=True)
class Theme:
    """Figures that belong together, when they were measured, and how busy the machine was meanwhile."""

    title: str
    text: str
    date: str
    load: float
    figures: list[Figure]

    def json(self) -> dict[str, Any]:
        """One JSON-ready object."""
        return {**self.__dict__, "figures": [figure.json() for figure in self.figures]}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Theme":
        """The inverse of `json`."""
        return cls(**{**given, "figures": [Figure.from_json(figure) for figure in given["figures"]]})


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def load() -> float:
    """How many processes wanted to run in the last minute, on average; of this benchmark and of all else."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0


def machine() -> dict[str, str]:
    """What was measured on, without its name."""
    system = f"{platform.system()} {platform.machine()}"
    if sys.platform == "linux":
        with suppress(OSError, KeyError):
            system = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {system}"
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": system,
        "Python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of the packages that matter here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def markdown(themes: Mapping[str, Theme], weights: str) -> str:
    """The whole report."""
    head = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts = [
        "# How fast partita is, and how much memory it takes",
        "Written by `python benchmarks/run.py`; see [README.md](README.md) for how to read it.",
        f"{head}\n- packages: {packages}\n- weights: {weights}",
        _bars(themes),
        *(_theme(theme) for theme in themes.values()),
    ]
    return "\n\n".join(parts) + "\n"


def _bars(themes: Mapping[str, Theme]) -> str:
    figures = [figure for theme in themes.values() for figure in _full_names(theme.figures)]
    barred = [figure for figure in figures if figure.bar and figure.values]
    missed = [figure for figure in barred if figure.verdict != "met"]
    parts = ["## Bars"]
    if barred:
        parts.append(f"{len(barred) - len(missed)} of {len(barred)} bars are met by every run.")
    if missed:
        parts.append("\n".join(f"- **{f.verdict}**: {f.what}, {_values(f)} ({_limit(f)})" for f in missed))
    if barred:
        nearest = max(barred, key=_use)
        parts.append(
            f"The worst case: {nearest.what}, {_number(nearest.worst)} {nearest.unit} in its worst run "
            f"({_limit(nearest)})."
        )
    several = [figure for figure in figures if len(figure.values) > 2 and min(figure.values) > 0]
    if several:
        wild = max(several, key=lambda figure: max(figure.values) / figure.median)
        parts.append(
            f"The least steady: {wild.what}, up to {max(wild.values) / wild.median:.2f} times its median. "
            "What else ran on the machine is in these figures."
        )
    return "\n\n".join(parts)


def _full_names(figures: Sequence[Figure]) -> list[Figure]:
    """Figures whose indented names are preceded by that of the figure which they belong to."""
    named, of = [], ""
    for figure in figures:
        inner = figure.what.startswith("  ")
        of = of if inner else figure.what
        named.append(replace(figure, what=f"{of}: {figure.what.strip()}" if inner else of))
    return named


def _use(figure: Figure) -> float:
    """How much of its bar the worst run uses up; above 1 it is missed."""
    bar = figure.bar or Bar(1)
    return figure.worst / bar.limit if bar.at_most else bar.limit / max(figure.worst, 1e-9)


def _theme(theme: Theme) -> str:
    rows = ["| what | median | least to greatest | unit | bar | reached | remark |", "|---|---:|---:|---|---|---|---|"]
    for figure in theme.figures:
        name = figure.what.replace("  ", "&nbsp;&nbsp;", 1) if figure.what.startswith("  ") else figure.what
        median = _number(figure.median) if figure.values else "-"
        spread = f"{_number(min(figure.values))} to {_number(max(figure.values))}" if len(figure.values) > 1 else ""
        verdict = f"**{figure.verdict}**" if figure.verdict else ""
        limit = _limit(figure)
        rows.append(f"| {name} | {median} | {spread} | {figure.unit} | {limit} | {verdict} | {figure.remark} |")
    measured = f"Measured {theme.date}; over its last minute {theme.load:g} processes wanted to run, on average."
    return f"## {theme.title}\n\n{theme.text} {measured}\n\n" + "\n".join(rows)


def _values(figure: Figure) -> str:
    return f"{_number(figure.median)} {figure.unit}, {_number(figure.worst)} in its worst run"


def _limit(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    return f"at {'most' if figure.bar.at_most else 'least'} {figure.bar.limit:g}"


def _number(value: float) -> str:
    """Three digits that count, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.4f}"
