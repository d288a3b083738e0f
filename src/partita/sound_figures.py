"""Pictures of made sound: its spectrogram with the beats, and the losses of networks that play each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partita.features import mel_spectrogram, power_to_db
from partita.figures import MUTED, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOP = 256
BEATS_DRAWN = 160
"""Of a longer sound only bar lines are drawn."""


def spectrograms(sounds: Sequence[tuple[str, NDArray[np.float32], int, float]]) -> "Figure":
    """Log-mel spectrograms of sounds (title, mono samples, rate, beats a minute or 0), one below another."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.3 * len(sounds)), layout="constrained")
    axes = figure.subplots(len(sounds), 1, squeeze=False)[:, 0]
    for axis, (title, samples, rate, bpm) in zip(axes, sounds, strict=True):
        seconds = len(samples) / rate
        levels = power_to_db(mel_spectrogram(samples, rate, 1024, HOP, 96), span=70)
        axis.imshow(levels, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, len(levels)))
        if bpm:
            every = 1 if seconds * bpm / 60 <= BEATS_DRAWN else 4
            for number, beat in enumerate(np.arange(0, seconds, 60 / bpm * every)):
                bar_line = every == 4 or number % 4 == 0
                axis.axvline(beat, color="white", linewidth=0.9 if bar_line else 0.3, alpha=0.6)
        axis.set(yticks=[], ylabel="mel band", xlim=(0, seconds))
        axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
        axis.tick_params(labelsize=8)
    axes[-1].set_xlabel("seconds; lines are beats, bold ones bars")
    return figure


def duel(history: Sequence[Mapping[str, Any]], references: Mapping[str, float]) -> "Figure":
    """The losses of all phases over optimiser steps, with lines at values that mean something, by name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axis = figure.subplots()
    steps = [row["step"] for row in history]
    phases = [name for name in history[0] if name.endswith("_loss") and not name.startswith("valid_")]
    for name, colour in zip(phases, PALETTE, strict=False):
        axis.plot(steps, [row.get(name, np.nan) for row in history], label=name[:-5], color=colour, linewidth=1.8)
    for name, value in references.items():
        axis.axhline(value, color=MUTED, linewidth=0.9, linestyle="--")
        axis.annotate(f"{value:.3f} {name}", (0.99, value), xycoords=("axes fraction", "data"), ha="right", fontsize=7)
    axis.set(xlabel="optimiser steps", ylabel="loss (nats)")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    axis.legend(frameon=False)
    return figure
