"""Bits per note of composers: totals, their interval, the difference of two, and the simplest baseline.

Nats of different tokens do not compare; bits of whole notes do, as long as the same fields are told with the same
precision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Interval
from partita.midi import Score
from partita.tokens import FIELDS, VOCABULARY, encode

FieldNats = Mapping[str, tuple[float, int]]
"""Nats of a piece and how many notes it has, by field."""


def count_notes(piece: FieldNats) -> int:
    """How many notes a piece has."""
    return next(iter(piece.values()))[1]


def bits(pieces: Sequence[FieldNats]) -> dict[str, float]:
    """Bits per note by field: total nats of all pieces / total notes / log 2.

    >>> bits([{"pitch": (log(2) * 30, 10)}, {"pitch": (log(2) * 10, 10)}])
    {'pitch': 2.0}
    """
    notes = max(1, sum(count_notes(piece) for piece in pieces))
    return {field: sum(piece[field][0] for piece in pieces) / notes / log(2) for field in pieces[0]}


def bits_interval(pieces: Sequence[FieldNats]) -> Interval:
    """95 % bootstrap interval over pieces of bits per note, all fields together."""
    return _drawn(np.array([_total(piece) for piece in pieces]), pieces)


def bits_difference(pieces: Sequence[FieldNats], others: Sequence[FieldNats]) -> tuple[float, Interval]:
    """Bits per note less those that the same pieces cost `others`, and its 95 % bootstrap interval, paired by piece."""
    nats = np.array([_total(piece) - _total(other) for piece, other in zip(pieces, others, strict=True)])
    notes = max(1, sum(count_notes(piece) for piece in pieces))
    return float(nats.sum()) / notes / log(2), _drawn(nats, pieces)


def _drawn(nats: NDArray[np.float64], pieces: Sequence[FieldNats], draws: int = 2000) -> Interval:
    notes = np.array([count_notes(piece) for piece in pieces])
    picked = np.random.default_rng(0).integers(len(pieces), size=(draws, len(pieces)))
    low, high = np.quantile(nats[picked].sum(1) / np.maximum(notes[picked].sum(1), 1) / log(2), [0.025, 0.975])
    return Interval(float(low), float(high))


@dataclass(frozen=True)
class TokenFrequency:
    """The token 1-gram: each token comes with its share of those of its field in training, whatever came before.

    It is told of each note that pitch, velocity and duration follow, so only what happens next is drawn from all kinds.
    """

    nats: NDArray[np.float64]

    @classmethod
    def fit(cls, scores: Sequence[Score]) -> "TokenFrequency":
        """Count, with half an observation added to every token so that none is impossible."""
        counts = np.full(VOCABULARY, 0.5)
        for score in scores:
            counts += np.bincount(encode(score)[1:], minlength=VOCABULARY)
        nats = np.zeros(VOCABULARY)
        free = np.ones(VOCABULARY, bool)
        for field in ("velocity", "duration"):  # they follow of themselves; all else may come next
            own = slice(FIELDS[field].start, FIELDS[field].stop)
            free[own] = False
            nats[own] = -np.log(counts[own] / counts[own].sum())
        nats[free] = -np.log(counts[free] / counts[free].sum())
        return cls(nats)

    def field_nats(self, score: Score) -> dict[str, tuple[float, int]]:
        """Nats of a piece by field, as `Composer.field_nats` gives them; its end counts as time."""
        tokens = encode(score)[1:]
        nats = self.nats[tokens]
        notes = int(np.isin(tokens, FIELDS["pitch"]).sum())
        split = {
            name: (float(nats[np.isin(tokens, FIELDS[name])].sum()), notes)
            for name in ("time", "pitch", "velocity", "duration", "pedal")
        }
        end = float(nats[np.isin(tokens, FIELDS["mark"])].sum())
        return {**split, "time": (split["time"][0] + end, notes)}


def _total(piece: FieldNats) -> float:
    return float(sum(nats for nats, _ in piece.values()))
