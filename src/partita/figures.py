"""Every picture that partita draws, with matplotlib, off screen."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import wilson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from partita.explanation import Explanation
    from partita.models.classifier import Segment
    from partita.models.space import Values
    from partita.search import Trial

PALETTE = ("#4e79a7", "#b07aa1", "#c49a3f", "#e15759", "#f28e2b", "#2f6f6b", "#4d4d55", "#ff8fab", "#59a14f", "#9c755f")
"""Colours of genres in alphabetical order; GTZAN's ten in its own order."""

MUTED = "#808890"
"""A grey that can be read on white and on black."""


def genre_colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label, the same wherever the same labels are drawn."""
    return {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(sorted(labels))}


def curves(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Training and validation loss, and the accuracy of a classifier, over optimiser steps."""
    measured = any("valid_accuracy" in row for row in history)
    figure, axes = plots(1, 1 + measured, width=4.5 * (1 + measured), height=3.4)
    steps = [row["step"] for row in history]
    for name, label in (("loss", "training"), ("valid_loss", "validation")):
        if any(name in row for row in history):
            axes[0, 0].plot(steps, [row.get(name, np.nan) for row in history], label=label, linewidth=1.8)
    axes[0, 0].set(xlabel="optimiser steps", ylabel="loss (nats)")
    axes[0, 0].legend(frameon=False)
    if measured:
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
    """Parallel coordinates: a line for each trial over the settings, the better the stronger, the best in red."""
    best_first = sorted(trials, key=lambda trial: (trial.value or 0.0) * (-1 if objective == "accuracy" else 1))
    for rank, trial in reversed([*enumerate(best_first)]):
        heights = [_height(space[name], trial.drawn[name]) for name in space]
        best = rank == 0
        strength = 1 - 0.8 * rank / max(1, len(trials) - 1)
        colour, width = (PALETTE[3], 2.2) if best else (PALETTE[0], 0.9)
        axis.plot(heights, color=colour, alpha=strength, linewidth=width, zorder=-rank)
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
    figure, axes = plots(len(rows), 3, width=12, height=0.6 + 2.1 * len(rows), widths=(5, 4, 2))
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


def calibration(bins: Sequence[Sequence[float]]) -> "Figure":
    """Accuracy over confidence, with a Wilson interval and the number of songs at each bin.

    A bin is (songs, mean confidence, accuracy), as `metrics.classification.calibration_bins` gives them.
    """
    figure, axes = plots(1, 1, width=4.4, height=3.6)
    axis = axes[0, 0]
    axis.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    axis.text(0.02, 0.97, "righter than it says", color=MUTED, fontsize=9, va="top")
    axis.text(1.03, 0.03, "surer than it is right", color=MUTED, fontsize=9, ha="right")
    for songs, confidence, accuracy in bins:
        low, high = wilson(round(songs * accuracy), int(songs))
        axis.plot([confidence] * 2, [low, high], color=PALETTE[0], linewidth=2, solid_capstyle="round")
        axis.text(confidence, low - 0.015, f"{songs:.0f}", fontsize=8, ha="center", va="top")
    axis.plot([row[1] for row in bins], [row[2] for row in bins], "o-", color=PALETTE[0], linewidth=1.2, markersize=6)
    axis.set(xlim=(0, 1.05), ylim=(0, 1.02), xlabel="confidence (mean of the bin)", ylabel="accuracy")
    return figure


def risk_coverage(curve: Sequence[Sequence[float]]) -> "Figure":
    """The share of wrong answers over the share of songs that are answered, the surest first.

    A point is (coverage, risk, ...), as `metrics.classification.risk_coverage` gives them.
    """
    figure, axes = plots(1, 1, width=4.4, height=3.6)
    axis = axes[0, 0]
    coverage, risk = [point[0] for point in curve], [point[1] for point in curve]
    axis.fill_between(coverage, risk, color=PALETTE[3], alpha=0.18, linewidth=0)
    axis.plot(coverage, risk, color=PALETTE[3], linewidth=2)
    axis.axhline(risk[-1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    axis.text(0, risk[-1], " all songs answered", color=MUTED, fontsize=9, va="bottom")
    axis.set(xlim=(0, 1), ylim=(0, max(0.05, 1.15 * max(risk))), xlabel="share of songs answered", ylabel="wrong")
    return figure


def votes(songs: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> "Figure":
    """Where each song's segments vote: a column for each song, sorted by truth and by how many votes are right.

    A song is a mapping with "truth" and "votes" (in the order of `labels`).
    """
    place = {label: number for number, label in enumerate(labels)}
    shares = [(place[song["truth"]], np.asarray(song["votes"]) / sum(song["votes"])) for song in songs]
    shares.sort(key=lambda pair: (pair[0], -pair[1][pair[0]]))
    truth = np.array([number for number, _ in shares])
    figure, axes = plots(1, 1, width=4.6, height=1.3 + 0.22 * len(labels))
    axis = axes[0, 0]
    extent = (0, len(shares), len(labels), 0)
    axis.imshow(
        np.stack([row for _, row in shares], 1), cmap=_transparent(PALETTE[0]), vmin=0, vmax=1, aspect="auto",
        extent=extent, interpolation="nearest",
    )  # fmt: skip
    edges = [0, *(np.flatnonzero(np.diff(truth)) + 1), len(truth)]
    for start, end in pairwise(edges):
        row = truth[start]
        axis.plot([start, end, end, start, start], [row, row, row + 1, row + 1, row], color=PALETTE[3], linewidth=1.2)
    axis.set_yticks(np.arange(len(labels)) + 0.5, labels)
    names = [labels[truth[start]] for start in edges[:-1]]
    axis.set_xticks([(a + b) / 2 for a, b in pairwise(edges)], names, rotation=45, ha="right", rotation_mode="anchor")
    axis.set(xlabel="songs by their genre", ylabel="votes of segments")
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    return figure


def svg(figure: "Figure", ink: str) -> str:
    """A figure as SVG text on a transparent ground, with lines and letters of one colour; the same bytes each time."""
    import io

    import matplotlib as mpl

    for axis in figure.axes:
        axis.patch.set_alpha(0)
        axis.tick_params(colors=ink)
        legend = axis.get_legend()
        named = legend.get_texts() if legend else ()
        for part in (axis.title, axis.xaxis.label, axis.yaxis.label, *axis.texts, *named):
            if part.get_color() != MUTED:
                part.set_color(ink)
        for spine in axis.spines.values():
            spine.set_color(ink)
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "partita", "font.family": "sans-serif"}):
        figure.savefig(text, format="svg", dpi=200, transparent=True, metadata={"Date": None})
    return text.getvalue()


def _transparent(colour: str) -> Any:
    """A colour map from nothing to `colour`, which suits a light ground and a dark one."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    return LinearSegmentedColormap.from_list("votes", [(*to_rgb(colour), 0.04), (*to_rgb(colour), 1.0)])


def explanations(rows: "Sequence[tuple[str, NDArray[np.uint8], Explanation]]") -> "Figure":
    """One block for each recording: what each stretch of time and range of frequencies did for its genre.

    A row is (title, log-mel levels (bands, columns), explanation). Red speaks for the genre, blue against it; the
    spectrogram shows the decisive three seconds between white lines.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4 * len(rows)), layout="constrained")
    blocks = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for block, (title, levels, why) in zip(blocks, rows, strict=True):
        axes = block.subplots(2, 2, width_ratios=(6, 1.3), height_ratios=(1, 2.2), sharex="col")
        (time, empty), (sound, bands) = axes
        empty.set_axis_off()
        end = max(part.end for part in why.stretches)
        starts = [part.start for part in why.stretches]
        falls = np.array([part.importance for part in why.stretches])
        widths = [part.end - part.start for part in why.stretches]
        time.bar(starts, falls, widths, align="edge", color=_signs(falls))
        time.set(ylabel="nats")
        block.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        sound.imshow(levels, origin="lower", aspect="auto", cmap="magma", extent=(0, end, 0, len(levels)))
        sound.set(yticks=[], ylabel="mel band", xlabel="seconds", xlim=(0, end))
        for axis in (time, sound):
            axis.axvspan(why.decisive.start, why.decisive.end, facecolor="none", edgecolor="black", linewidth=1)
        for edge in (why.decisive.start, why.decisive.end):
            sound.axvline(edge, color="white", linewidth=1.4)
        height = len(levels) / len(why.ranges)
        drops = np.array([part.importance for part in why.ranges])
        bands.barh((np.arange(len(drops)) + 0.5) * height, drops, 0.92 * height, color=_signs(drops))
        bands.set(ylim=(0, len(levels)), xlabel="nats")
        bands.set_yticks(
            (np.arange(len(drops)) + 0.5) * height, [f"{part.low:.0f} to {part.high:.0f} Hz" for part in why.ranges]
        )
        bands.yaxis.tick_right()
        time.axhline(0, color="0.3", linewidth=0.8)
        bands.axvline(0, color="0.3", linewidth=0.8)
        time.spines[["top", "right"]].set_visible(False)
        bands.spines[["top", "left"]].set_visible(False)
        for axis in (time, sound, bands):
            axis.tick_params(labelsize=8)
    return figure


def transfer(sounds: "Mapping[str, tuple[NDArray[np.uint8], float, Sequence[float]]]") -> "Figure":
    """Spectrograms one below the other by name: levels (128, columns), seconds, and the beats as ticks above."""
    figure, axes = plots(len(sounds), 1, width=10, height=2.1 * len(sounds))
    for axis, (name, (levels, seconds, beats)) in zip(axes[:, 0], sounds.items(), strict=True):
        axis.imshow(levels, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, len(levels)))
        axis.plot(beats, [len(levels)] * len(beats), "|", color=PALETTE[3], markersize=9, clip_on=False)
        axis.set(xlim=(0, seconds), yticks=[], ylabel="mel bands")
        axis.set_title(name, fontsize=9, loc="left", pad=8)
    axes[-1, 0].set(xlabel="seconds; beats in red")
    return figure


def _signs(values: NDArray[np.float64]) -> list[str]:
    """Red for what speaks for a genre, blue for what speaks against it."""
    return [PALETTE[3] if value > 0 else PALETTE[0] for value in values]


def ladder(rungs: Sequence[Mapping[str, Any]], gaps: Sequence[Mapping[str, Any]], title: str) -> "Figure":
    """Accuracy at every rung, each seed a dot, beside what the gaps between them are worth, with 95 % intervals.

    Rows are those of `tasks.ladder.Ladder`.
    """
    figure, axes = plots(1, 2, width=10, height=3.8)
    left, right = axes[0]
    for unit, colour, shift in (("segments", PALETTE[0], -0.08), ("songs", PALETTE[4], 0.08)):
        rows = [row for row in rungs if row["unit"] == unit]
        places = np.array(["abcd".index(row["rung"]) + shift for row in rows])
        means = np.array([row["accuracy"] for row in rows])
        errors = np.abs(np.array([row["interval"] for row in rows]).T - means)
        left.errorbar(places, means, errors, fmt="o-", color=colour, capsize=3, label=unit)
        for place, row in zip(places, rows, strict=True):
            seeds = row["by_seed"]
            left.plot([place] * len(seeds), seeds, ".", color=colour, alpha=0.5, markersize=4)
    names = ("a\nwindows\nat random", "b\nchunks\nat random", "c\nsongs\nat random", "d\nown\nprotocol")
    left.set(xticks=range(4), xticklabels=names, ylim=(0, 1), ylabel="accuracy")
    left.set_title(title, loc="left", fontsize=10, fontweight="bold")
    left.legend(frameon=False, fontsize=8)
    shown = [row for row in gaps if row["value"] is not None][::-1]
    values = np.array([row["value"] for row in shown])
    errors = np.abs(np.array([row["interval"] for row in shown]).T - values)
    colours = [PALETTE[0] if row["unit"] == "segments" else PALETTE[4] for row in shown]
    right.axvline(0, color=PALETTE[6], linewidth=0.8)
    for place, (value, error, colour) in enumerate(zip(values, errors.T, colours, strict=True)):
        right.errorbar(value, place, xerr=error[:, None], fmt="o", color=colour, capsize=3)
    right.set(yticks=range(len(shown)), yticklabels=[f"{row['gap']} ({row['unit']})" for row in shown])
    right.set(xlabel="what the leak is worth (accuracy)")
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


def plots(
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
