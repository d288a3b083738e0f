"""Votes of a song's segments: the table, the hard and the soft vote, and how much such votes are worth together.

Segments of one song agree because they are of one song, so a hundred votes are far from a hundred witnesses. P66 puts
the chance of a wrong song at ((1 - 0.8258) / 9) ** 11 = 1.4e-19, taking votes as independent; its own table of votes
(Figure 7) refutes that: the intraclass correlation there is 0.65, so the hundred votes of a song weigh as much as 1.5
independent ones, and two of its five songs are lost.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Labels, Probabilities

Counts = NDArray[np.int64]


class VoteStatistics(NamedTuple):
    """What the votes of songs are worth.

    `votes` is their mean number for a song. `icc` is the intraclass correlation of right and wrong votes, at most 1; it
    can be slightly negative. `design_effect` is the factor by which correlation widens the variance; `effective` is the
    number of independent votes that a song's votes weigh as much as. None where the votes do not tell: with fewer than
    two songs, one vote for each, or all votes right or all wrong.
    """

    votes: float
    icc: float | None
    design_effect: float | None
    effective: float | None


def vote_table(segments: Sequence[NDArray[np.floating]]) -> Counts:
    """Votes (songs, labels): how many segments of each song have each label as their most probable one.

    `segments` are the log-probabilities (n, labels) of each song's segments.
    """
    return np.stack([np.bincount(rows.argmax(1), minlength=rows.shape[1]) for rows in segments]).astype(np.int64)


def soft_votes(segments: Sequence[NDArray[np.floating]]) -> Probabilities:
    """Mean log-probabilities (songs, labels) of each song's segments; the greatest is the soft vote."""
    return np.stack([np.asarray(rows, np.float64).mean(0) for rows in segments])


def hard_votes(table: Counts, soft: Probabilities) -> tuple[Labels, NDArray[np.bool_]]:
    """The label with most votes of each song (songs,), and which songs had a tie.

    A tie goes to the tied label with the greatest mean log-probability `soft`, never to the first of the alphabet.
    """
    first = table == table.max(1, keepdims=True)
    return np.where(first, soft, -np.inf).argmax(1), first.sum(1) > 1


def vote_statistics(right: Counts, counts: Counts) -> VoteStatistics:
    """Correlation and effective number of votes, from the `right` among the `counts` votes of each song (songs,).

    The correlation is the one-way analysis-of-variance estimator with songs as groups (Fleiss, Statistical Methods for
    Rates and Proportions, 1981; Donner and Koval, Biometrics 36, 1980; for binary data Ridout, Demétrio and Firth,
    Biometrics 55, 1999). The design effect is 1 + (m - 1) icc, m being the mean number of votes weighted by itself
    where songs have different numbers; a negative correlation counts as none.

    >>> figure_7 = vote_statistics(np.array([92, 96, 90, 4, 33]), np.full(5, 100))  # P66, five songs of disco
    >>> [round(x, 2) for x in figure_7]
    [100.0, 0.65, 65.6, 1.52]
    """
    songs, total = len(counts), int(counts.sum())
    votes = total / songs
    if songs < 2 or total == songs or right.sum() in (0, total):
        return VoteStatistics(votes, None, None, None)
    share = right / counts
    between = float((counts * (share - right.sum() / total) ** 2).sum()) / (songs - 1)
    within = float((right * (1 - share)).sum()) / (total - songs)
    squares = float((counts.astype(np.float64) ** 2).sum()) / total
    size = (total - squares) / (songs - 1)
    icc = (between - within) / (between + (size - 1) * within)
    effect = 1 + (squares - 1) * max(icc, 0.0)
    return VoteStatistics(votes, icc, effect, votes / effect)
