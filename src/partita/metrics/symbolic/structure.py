"""How a passage repeats itself: the structureness indicator of Wu and Yang 2020 (MusDr), on notes instead of audio.

Every stretch of a passage is laid along the passage as often as it comes again, a little faster or slower included;
its fitness is the harmonic mean of how alike the repetitions are and how much of the passage they cover, the stretch
itself not counted (Müller, Jiang and Grohganz 2011). The indicator is the best fitness of all stretches of a length.
"""

import numpy as np
from numpy.typing import NDArray

from partita.metrics.symbolic.passages import Passage

FRAME = 0.5
"""Seconds of a frame of pitch classes."""

SMOOTHING = 5
"""Frames along a diagonal over which likeness is averaged, so that single frames alike are no repetition."""

KEPT = 0.15
"""The share of pairs of frames that count as alike, the most alike ones."""

PENALTY = -2.0
"""The likeness of all other pairs."""

SHORT, MIDDLE, LONG = (3.0, 8.0), (8.0, 15.0), (15.0, float("inf"))
"""Seconds of stretches, from and up to."""

STEPS = ((1, 1), (1, 2), (2, 1))
"""How a repetition moves on: frames of the passage, frames of the stretch."""


def structureness(passage: Passage, lengths: tuple[float, float]) -> float:
    """The best fitness, 0..1, of stretches of the passage of so many seconds; 0 where there is no such stretch.

    Transposed repetitions are not seen. Passages compare at one length only: the longer, the lower.
    """
    alike = similarity(frames(passage))
    size = len(alike)
    shortest = max(2, round(lengths[0] / FRAME))
    longest = min(size // 2, size if lengths[1] == float("inf") else round(lengths[1] / FRAME) - 1)
    return max((float(_fitness(alike, length).max()) for length in range(shortest, longest + 1)), default=0.0)


def frames(passage: Passage) -> NDArray[np.float64]:
    """How long each pitch class sounds in each frame, as vectors of length 1: (frames, 12); 0 where nothing sounds."""
    count = max(1, int(np.ceil(passage.seconds / FRAME)))
    edges = FRAME * np.arange(count + 1)
    end = passage.onset + passage.duration
    shared = np.minimum(end[:, None], edges[1:]) - np.maximum(passage.onset[:, None], edges[:-1])
    chroma = np.zeros((12, count))
    np.add.at(chroma, passage.pitch % 12, np.maximum(shared, 0))
    norm = np.linalg.norm(chroma, axis=0)
    return np.asarray((chroma / np.maximum(norm, 1e-9)).T)


def similarity(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """How alike each pair of frames is, 0..1 or `PENALTY`: (frames, frames), 1 on the diagonal."""
    size = len(vectors)
    raw = np.pad(vectors @ vectors.T, SMOOTHING // 2)
    weight = np.pad(np.ones((size, size)), SMOOTHING // 2)
    parts = [(slice(lag, lag + size),) * 2 for lag in range(SMOOTHING)]
    smooth = np.sum([raw[part] for part in parts], axis=0) / np.sum([weight[part] for part in parts], axis=0)
    least = np.quantile(smooth, 1 - KEPT)
    span = max(float(smooth.max()) - float(least), 1e-9)
    alike = np.where((smooth >= least) & (smooth > 0), (smooth - least) / span, PENALTY)
    np.fill_diagonal(alike, 1.0)
    return alike


def _fitness(alike: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The fitness of every stretch of so many frames: (frames - length + 1,).

    Dynamic programming over the passage's frames, for all stretches at once. A cell holds the best score of paths that
    end there, with their number of cells and the frames that they cover; column 0 is between two paths.
    """
    size = len(alike)
    stretches = np.lib.stride_tricks.sliding_window_view(alike.astype(np.float32), length, axis=1)
    count = stretches.shape[1]
    # the two frames before, with two columns to the left where no path is: shifts are then views
    rows = [np.full((3, count, length + 2), -np.inf, np.float32) for _ in range(2)]
    between = np.zeros((3, count), np.float32)
    for frame in range(size):
        row = np.full((3, count, length + 2), -np.inf, np.float32)
        best = row[:, :, 2:]
        for ahead, along in STEPS:
            moved = rows[-ahead][:, :, 2 - along : length + 2 - along]
            better = moved[0] > best[0]
            np.copyto(best[0], moved[0], where=better)
            np.copyto(best[1:], moved[1:] + np.array([[[1]], [[ahead]]], np.float32), where=better)
        fresh = between[0] > best[0, :, 0]
        best[:, fresh, 0] = between[:, fresh] + np.array([[0], [1], [1]], np.float32)
        best[0] += stretches[frame]
        done = row[:, :, -1]
        between = np.where(done[0] > between[0], done, between)
        rows = [rows[1], row]
    score, cells, covered = between
    alikeness = np.maximum(score - length, 0) / np.maximum(cells, 1)
    coverage = np.maximum(covered - length, 0) / size
    both = alikeness + coverage
    return np.asarray(np.where(both > 0, 2 * alikeness * coverage / np.maximum(both, 1e-12), 0.0))
