"""Measures of next-step prediction on piano rolls, bool (steps, 88): nats per step and the baselines to beat.

The figure of merit is total nats / total steps over whole pieces, the first step included. The baselines are exact
likelihoods, too; they are fitted to a training part and give the nats of every step of a piece.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Interval

Cells = NDArray[np.bool_]
Nats = NDArray[np.float64]


def per_step(nats: Sequence[Nats]) -> float:
    """Total nats / total steps of pieces, each given by the nats of its steps."""
    return float(sum(piece.sum() for piece in nats) / sum(len(piece) for piece in nats))


def per_step_interval(nats: Sequence[Nats], draws: int = 2000) -> Interval:
    """95 % bootstrap interval of `per_step` over pieces: steps of one piece are no independent evidence."""
    totals, steps = np.array([piece.sum() for piece in nats]), np.array([len(piece) for piece in nats])
    picked = np.random.default_rng(0).integers(len(nats), size=(draws, len(nats)))
    low, high = np.quantile(totals[picked].sum(1) / steps[picked].sum(1), [0.025, 0.975])
    return Interval(float(low), float(high))


def uniform(cells: Cells) -> Nats:
    """Nats (steps,) of tossing a coin for every key: keys times log 2.

    >>> float(uniform(np.zeros((1, 88), bool))[0].round(2))
    61.0
    """
    return np.full(len(cells), cells.shape[1] * np.log(2))


@dataclass(frozen=True)
class KeyFrequency:
    """The note 1-gram: every key sounds with its share of training steps, whatever came before."""

    on: NDArray[np.float64]

    @classmethod
    def fit(cls, pieces: Sequence[Cells]) -> "KeyFrequency":
        """Count, with half an observation added to each side so that nothing is impossible."""
        counts = sum((piece.sum(0, dtype=np.float64) for piece in pieces), np.zeros(pieces[0].shape[1]))
        return cls((counts + 0.5) / (sum(len(piece) for piece in pieces) + 1))

    def nats(self, cells: Cells) -> Nats:
        """Nats (steps,) of a piece."""
        return _bernoulli(cells, self.on)


@dataclass(frozen=True)
class KeyChain:
    """A Markov chain for each key: `on[s]` is the chance that it sounds after having been silent (0) or sounded (1).

    With `tied` chances one pair serves all keys: "the last step again", with the two errors that it makes. A piece
    starts from silence.
    """

    on: NDArray[np.float64]

    @classmethod
    def fit(cls, pieces: Sequence[Cells], *, tied: bool = False) -> "KeyChain":
        """Count transitions, with half an observation added to each side."""
        keys = pieces[0].shape[1]
        counts, hits = np.zeros((2, keys)), np.zeros((2, keys))
        for piece in pieces:
            before = _before(piece)
            for state, seen in enumerate((~before, before)):
                counts[state] += seen.sum(0)
                hits[state] += (seen & piece).sum(0)
        if tied:
            counts, hits = (np.repeat(table.sum(1, keepdims=True), keys, axis=1) for table in (counts, hits))
        return cls((hits + 0.5) / (counts + 1))

    def nats(self, cells: Cells) -> Nats:
        """Nats (steps,) of a piece."""
        return _bernoulli(cells, np.where(_before(cells), self.on[1], self.on[0]))


def _before(cells: Cells) -> Cells:
    return np.concatenate([np.zeros_like(cells[:1]), cells[:-1]])


def _bernoulli(cells: Cells, on: NDArray[np.float64]) -> Nats:
    nats: Nats = -np.where(cells, np.log(on), np.log1p(-on)).sum(1)
    return nats
