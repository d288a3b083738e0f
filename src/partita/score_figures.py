"""Pictures of scores and piano rolls: what was composed, what was foretold, and how foretelling fades."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partita.figures import MUTED, PALETTE, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from partita.composing.place import Place
    from partita.midi import Score


def composition(place: "Place", parts: "Sequence[Score]") -> "Figure":
    """A piano roll for each variation (of 1 ms ticks) in its own colour between what stands around it in grey.

    Soft notes are pale. Of what goes before, and after, as much is drawn as is new, but at least 10 s.
    """
    begin, end, margin = place.begin_seconds, place.begin_seconds + place.seconds, max(10.0, place.seconds)
    around = [(score, zero, MUTED) for score, zero in ((place.before, 0.0), (place.after, end)) if score]
    figure, axes = plots(len(parts), 1, width=11, height=0.7 + 2.3 * len(parts))
    for number, (axis, part) in enumerate(zip(axes[:, 0], parts, strict=True)):
        rows = [(part, begin, colour := PALETTE[number % 6]), *around]
        pitches = np.concatenate([_bars(axis, *row, begin - margin, end + margin) for row in rows])
        low, high = pitches.min(initial=60), pitches.max(initial=60)
        axis.set_yticks(range(0, 128, 12), [f"C{octave - 1}" for octave in range(11)])
        outer = max(0.0, begin - margin) if place.before else begin, end + (margin if place.after else 0)
        axis.set(xlim=outer, ylim=(low - 2, high + 2))
        axis.set_title(f"variation {number + 1}", loc="left", fontsize=10, fontweight="bold", color=colour)
        axis.vlines((begin, end), 0, 127, color=MUTED, linestyle=(0, (4, 3)), linewidth=1, zorder=0)
    axes[-1, 0].set_xlabel("seconds")
    return figure


def _bars(axis: Any, score: "Score", zero: float, colour: str, first: float, last: float) -> NDArray[np.int64]:
    """Draw the notes of a score of 1 ms ticks, counted from `zero`, that lie in `first` to `last` s; their pitches."""
    from matplotlib.colors import to_rgb

    notes = score.notes()
    left, right = zero + notes["tick"] / 1000, zero + (notes["tick"] + notes["duration"]) / 1000
    seen = (right >= first) & (left <= last)
    colours = [(*to_rgb(colour), 0.35 + 0.65 * velocity / 127) for velocity in notes["velocity"][seen]]
    axis.hlines(notes["pitch"][seen], left[seen], right[seen], colors=colours, linewidth=2.4)
    return np.asarray(notes["pitch"][seen], np.int64)


def overlay(truth: NDArray[Any], guessed: NDArray[Any], title: str) -> "Figure":
    """Two piano rolls (steps, pitches) over each other, the true one blue and the guessed one red."""
    figure, axes = plots(1, 1, width=9, height=3.6)
    picture = np.ones((*truth.shape, 3))
    picture[..., :2] -= np.clip(truth, 0, 1)[..., None] * (0.7, 0.5)
    picture[..., 1:] -= np.clip(guessed, 0, 1)[..., None] * 0.8
    axes[0, 0].imshow(np.clip(picture, 0, 1).swapaxes(0, 1), origin="lower", aspect="auto", interpolation="none")
    axes[0, 0].set(xlabel="step", ylabel="pitch", title=title)
    return figure


def continuation(forced: Mapping[str, Any], free: Mapping[str, Any]) -> "Figure":
    """How well the next step is known after a prompt, and what is then written, beside others, by seconds.

    `forced` is a `Continuation` and `free` a `FreeRunning` as JSON. The curve of what is aimed at is dashed.
    """
    figure, axes = plots(1, 4, width=14, height=3.6)
    left, *right = axes[0]
    for number, (name, words) in enumerate(KNOWN.items()):
        left.plot(np.arange(1, len(forced[name]) + 1), forced[name], label=words, color=PALETTE[number], linewidth=1.8)
    left.set(xlabel="seconds after the prompt", title="onsets, nats per step", ylim=(0, None))
    left.legend(frameon=False, fontsize=7)
    for axis, (measure, words) in zip(right, WRITTEN.items(), strict=True):
        for number, (name, curves) in enumerate(free["curves"].items()):
            if values := curves.get(measure):
                line = {"color": MUTED, "linestyle": "--"} if len(curves) == 1 else {"color": PALETTE[number % 6]}
                times = free["window"] * (np.arange(len(values)) + 0.5)
                axis.plot(times, values, label=name, linewidth=1.8, **line)
        axis.set(xlabel="seconds after the prompt", title=words, ylim=(0, None))
    right[-1].legend(frameon=False, fontsize=7)
    return figure


KNOWN = {
    "forced": "given the truth",
    "free": "given what it drew",
    "chain": "Markov chain of each key, given the truth",
    "frequency": "note frequency",
}
WRITTEN = {"onset": "notes found, F1", "chroma": "pitch classes in common", "density": "notes a second"}
