"""Two classifiers on the same songs: McNemar's exact test and the interval of the difference."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Interval, song_bootstrap


class Comparison(NamedTuple):
    """`difference` is the accuracy of the first less that of the second, with its paired 95 % interval.

    `only_first` and `only_second` count the discordant songs, those that one alone gets right; `p` is the two-sided
    probability of a division as uneven as theirs, if neither classifier were better.
    """

    n: int
    difference: float
    interval: Interval
    only_first: int
    only_second: int
    p: float


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p of McNemar's test from the two discordant counts (Psychometrika 12, 1947).

    Discordant songs fall to either side like a fair coin if neither is better; without any, p is 1.

    >>> round(mcnemar(12, 2), 4), mcnemar(3, 3)
    (0.0129, 1.0)
    """
    n = only_first + only_second
    ways = total = 1
    for k in range(min(only_first, only_second)):
        ways = ways * (n - k) // (k + 1)  # n over k + 1
        total += ways
    return min(1.0, 2 * total / (1 << n))


def compare(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Comparison:
    """Compare two classifiers by which of the same songs (songs,) each has right."""
    difference = first.astype(np.float64) - second
    only_first, only_second = int((difference > 0).sum()), int((difference < 0).sum())
    return Comparison(
        n=len(first),
        difference=float(difference.mean()),
        interval=song_bootstrap(difference),
        only_first=only_first,
        only_second=only_second,
        p=mcnemar(only_first, only_second),
    )
