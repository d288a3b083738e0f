"""Measures on notes, rows (begin, end, pitch) with times in seconds: how many of those meant are found.

A note found is one of the same pitch that begins within a tolerance, as in mir_eval's transcription measures (Raffel et
al., ISMIR 2014); with ends, it also has to end within the tolerance or a fifth of the true note's length. Cells of a
piano roll would flatter: an empty roll has 95 % of them right.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Notes = NDArray[np.float64]

TOLERANCE = 0.05
"""Seconds by which a note found may begin too early or too late."""

LENGTH_TOLERANCE = 0.2
"""Share of a note's length by which its end may be off, where that is more than `TOLERANCE`."""


@dataclass(frozen=True)
class Found:
    """Counts of notes: those meant, those guessed, and the guesses that are right."""

    meant: int
    guessed: int
    right: int

    def __add__(self, other: "Found") -> "Found":
        return Found(self.meant + other.meant, self.guessed + other.guessed, self.right + other.right)

    @property
    def f1(self) -> float:
        """The harmonic mean of the shares of meant notes that are found and of guesses that are right.

        Nothing guessed where nothing is meant is right.
        """
        return 2 * self.right / (self.meant + self.guessed) if self.meant + self.guessed else 1.0


def found(meant: Notes, guessed: Notes, *, ends: bool = False) -> Found:
    """Compare two tables of notes (n, 3); each note counts once.

    Guesses of a pitch are paired in order of time, which for beginnings alone gives the most pairs that there can be.

    >>> meant = np.array([[0.0, 1.0, 60], [1.0, 2.0, 60], [1.0, 2.0, 64]])
    >>> found(meant, meant + [0.04, 0.04, 0]).f1, round(found(meant, meant[:2] + [0.0, 0.5, 0]).f1, 3)
    (1.0, 0.8)
    >>> found(meant, meant + [0, 0.5, 0], ends=True).f1
    0.0
    """
    right = 0
    for pitch in np.intersect1d(meant[:, 2], guessed[:, 2]):
        true, ours = (_in_order(table[table[:, 2] == pitch]) for table in (meant, guessed))
        place = 0
        for begin, end, _ in true:
            while place < len(ours) and ours[place, 0] < begin - TOLERANCE:
                place += 1
            if place == len(ours):
                break
            if ours[place, 0] > begin + TOLERANCE:
                continue
            if not ends or abs(ours[place, 1] - end) <= max(TOLERANCE, LENGTH_TOLERANCE * (end - begin)):
                right += 1
                place += 1
    return Found(len(meant), len(guessed), right)


def total(parts: Iterable[Found]) -> Found:
    """The counts of several pieces together."""
    return sum(parts, Found(0, 0, 0))


def _in_order(notes: Notes) -> Notes:
    return notes[np.lexsort((notes[:, 1], notes[:, 0]))]
