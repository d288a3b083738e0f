"""Every picture that partita draws, with matplotlib, off screen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from partita.models.classifier import Segment
    from partita.models.space import Values
    from partita.search import Trial

PALETTE = ("#4e79a7", "#b07aa1", "#c49a3f", "#e15759", "#f28e2b", "#2f6f6b", "#4d4d55", "#ff8fab", "#59a14f", "#9c755f")
"""Colours of genres in alphabetical order; GTZAN's ten in its own order."""


def genre_colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label, the same wherever the same labels are drawn."""
    return {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(sorted(labels))}


def curves(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Training and validation loss, and validation accuracy, over optimiser steps."""
    figure, axes = _figure(1, 2, width=9, height=3.4)
    steps = [row["step"] for row in history]
    for name, label in (("loss", "training"), ("valid_loss", "validation")):
        if any(name in row for row in history):
            axes[0, 0].plot(steps, [row.get(name, np.nan) for row in history], label=label, linewidth=1.8)
    axes[0, 0].set(xlabel="optimiser steps", ylabel="cross-entropy (nats)")
    axes[0, 0].legend(frameon=False)
    axes[0, 1].plot(steps, [row.get("valid_accuracy", np.nan) for row in history], color=PALETTE[5], linewidth=1.8)
    axes[0, 1].set(xlabel="optimiser steps", ylabel="validation accuracy (songs)", ylim=(0, 1))
    return figure


def search(
    trials: "Sequence[Trial]", space: "Mapping[str, Values]", importance: Mapping[str, float], objective: str
) -> "Figure":
    """A search in three panels: its history, what mattered, and every trial's settings side by side."""
    from matplotlib.figure import Figure

    finished = [trial for trial in trials if trial.value is not None]
    values = np.array([trial.value for trial in finished], float)
    better = np.maximum if objective == "accuracy" else np.minimum
    shown = [name for name in importance if name in space] or [*space]
    figure = Figure(figsize=(max(9, 1.1 * len(shown)), 7), layout="constrained")
    panels = figure.subplot_mosaic([["history", "importance"], ["lines", "lines"]], width_ratios=(3, 2))
    for axis in panels.values():
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    history = panels["history"]
    numbers = [trial.number for trial in finished]
    history.scatter(numbers, values, s=18, color=PALETTE[0], label="finished")
    history.step(numbers, better.accumulate(values), where="post", color=PALETTE[3], label="best so far")
    for state, mark in (("pruned", "|"), ("infeasible", "x")):
        others = [trial.number for trial in trials if trial.state == state]
        if others:
            foot = np.zeros(len(others))
            history.scatter(
                others, foot, marker=mark, color=PALETTE[6], label=state, transform=history.get_xaxis_transform()
            )
    history.set(xlabel="trial", ylabel=f"validation {objective}")
    history.legend(frameon=False, fontsize=8)
    bars = panels["importance"]
    if importance:
        bars.barh([*importance][::-1], [*importance.values()][::-1], color=PALETTE[5])
        bars.set(xlabel="importance (PED-ANOVA, shares of 1)", xlim=(0, None))
    else:
        bars.text(0.5, 0.5, "too few finished trials\nto tell what matters", ha="center", va="center", fontsize=9)
        bars.set_axis_off()
    _side_by_side(panels["lines"], finished, {name: space[name] for name in shown}, objective)
    return figure


def _side_by_side(axis: Any, trials: "Sequence[Trial]", space: "Mapping[str, Values]", objective: str) -> None:
    """Parallel coordinates: a line for each trial over the settings, the better the darker, the best in red."""
    best_first = sorted(trials, key=lambda trial: (trial.value or 0.0) * (-1 if objective == "accuracy" else 1))
    for rank, trial in reversed([*enumerate(best_first)]):
        heights = [_height(space[name], trial.drawn[name]) for name in space]
        shade = 0.85 * rank / max(1, len(trials) - 1)
        axis.plot(
            heights, color=PALETTE[3] if rank == 0 else str(shade), linewidth=2.2 if rank == 0 else 0.9, zorder=-rank
        )
    axis.set(xlim=(-0.3, len(space) - 0.7), ylim=(-0.05, 1.05), yticks=[])
    axis.set_xticks(range(len(space)), [*space], rotation=30 if len(space) > 7 else 0, fontsize=8)
    axis.spines["left"].set_visible(False)
    for place, values in enumerate(space.values()):
        axis.axvline(place, color="0.6", linewidth=0.8, zorder=-1000)
        for height, text in _ends(values):
            axis.text(place + 0.03, height, text, fontsize=7, color="0.3", va="center")


def _height(values: "Values", value: Any) -> float:
    """Where a value lies in its range, 0..1."""
    if hasattr(values, "options"):
        return values.options.index(value) / max(1, len(values.options) - 1)
    if getattr(values, "log", False):
        return float(np.log(value / values.low) / np.log(values.high / values.low))
    return float((value - values.low) / max(values.high - values.low, 1e-12))


def _ends(values: "Values") -> list[tuple[float, str]]:
    """The texts beside an axis: every option, or both ends of a range."""
    if hasattr(values, "options"):
        return [(_height(values, option), str(option)) for option in values.options]
    return [(0.0, f"{values.low:g}"), (1.0, f"{values.high:g}{' log' if getattr(values, 'log', False) else ''}")]


def classifications(
    rows: Sequence[tuple[str, NDArray[np.uint8], "Sequence[Segment]", Mapping[str, float]]],
) -> "Figure":
    """One line of panels for each recording: its log-mel, its genres over time, and its probabilities.

    A row is (title, log-mel levels (bands, columns), segments, probabilities).
    """
    figure, axes = _figure(len(rows), 3, width=12, height=0.6 + 2.1 * len(rows), widths=(5, 4, 2))
    for (title, levels, segments, probabilities), (sound, time, bars) in zip(rows, axes, strict=True):
        seconds = segments[-1].end if segments else 1.0
        sound.imshow(levels, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, len(levels)))
        sound.set(yticks=[], ylabel="mel band", xlabel="seconds")
        sound.set_title(title, loc="left", fontsize=10, fontweight="bold")
        colours = genre_colours(list(probabilities))
        _timeline(time, segments, colours)
        shown = sorted(probabilities.items(), key=lambda pair: -pair[1])[:5][::-1]
        bars.barh([label for label, _ in shown], [p for _, p in shown], color=[colours[label] for label, _ in shown])
        for place, (_, p) in enumerate(shown):
            inside = p > 0.75
            side, colour = ("right", "white") if inside else ("left", "black")
            bars.text(
                p - 0.02 if inside else p + 0.02, place, f"{p:.2f}", va="center", ha=side, color=colour, fontsize=8
            )
        bars.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="probability")
        bars.tick_params(axis="y", length=0, labelsize=9)
    return figure


def save(figure: "Figure", path: str | Path) -> Path:
    """Write a figure in the form that the name's ending says (.png, .svg, .pdf).

    Raises `UsageError` for another ending or a folder that does not exist.
    """
    from partita.errors import UsageError

    path = Path(path)
    if path.suffix.lower() not in {".png", ".svg", ".pdf"}:
        raise UsageError(f"{path}: pictures are written as .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder to write the picture to")
    figure.savefig(path, dpi=130, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path


def _timeline(axis: Any, segments: "Sequence[Segment]", colours: Mapping[str, str]) -> None:
    """Stacked probabilities over time; genres that never exceed 0.08 are left white at the top."""
    if not segments:
        return
    edges = np.array([segments[0].start, *(segment.end for segment in segments)])
    shares = {label: np.array([s.probabilities[label] for s in segments]) for label in colours}
    kept = [label for label, share in shares.items() if share.max() > 0.08]
    kept.sort(key=lambda label: -shares[label].mean())
    base = np.zeros(len(segments))
    for label in kept:
        axis.stairs(base + shares[label], edges, baseline=base, fill=True, color=colours[label], label=label)
        base = base + shares[label]
    axis.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), yticks=[0, 0.5, 1], xlabel="seconds", ylabel="probability")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, fontsize=8, frameon=False, handlelength=1)


def _figure(
    rows: int, columns: int, *, width: float, height: float, widths: Sequence[float] | None = None
) -> "tuple[Figure, NDArray[Any]]":
    """A figure without pyplot, which would keep it alive and look for a screen."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, width_ratios=widths)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return figure, axes
