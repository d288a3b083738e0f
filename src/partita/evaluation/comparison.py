"""Another classifier's answers for the same songs, paired song by song."""

from dataclasses import dataclass

import numpy as np

from partita.data import Dataset
from partita.errors import DataError
from partita.evaluation.predictions import Answers, predict
from partita.evaluation.preparation import prepare_all
from partita.metrics.classification import Interval
from partita.metrics.comparison import compare
from partita.models.classifier import Classifier
from partita.training import Progress


@dataclass(frozen=True)
class Compared:
    """The measured classifier beside another on the `n` songs that both answered.

    `difference` is the measured accuracy less the other's, with its paired bootstrap interval. `only_this` and
    `only_other` count songs that one alone has right; `p` is McNemar's, exact and two-sided. `unpaired` songs are
    answered by one of the two alone.
    """

    other: str
    n: int
    accuracy: float
    other_accuracy: float
    difference: float
    interval: Interval
    only_this: int
    only_other: int
    p: float
    unpaired: int


def compare_with(other: str, these: Answers, those: Answers) -> Compared:
    """Pair the answers of two classifiers.

    Raises `DataError` where they have no song in common, or do not agree on what is true.
    """
    both = sorted(these.keys() & those.keys())
    if not both:
        raise DataError(f"{other}: answers none of the {len(these)} songs that were measured, so it can't be compared")
    for song in both:
        if these[song][0] != those[song][0]:
            raise DataError(f"{other}: takes {song} for {those[song][0]!r}, but it is {these[song][0]!r} here")
    right, other_right = (
        np.array([answers[song][0] == answers[song][1] for song in both]) for answers in (these, those)
    )
    paired = compare(right, other_right)
    return Compared(
        other=other,
        n=paired.n,
        accuracy=float(right.mean()),
        other_accuracy=float(other_right.mean()),
        difference=paired.difference,
        interval=paired.interval,
        only_this=paired.only_first,
        only_other=paired.only_second,
        p=paired.p,
        unpaired=len(these.keys() ^ those.keys()),
    )


def measure_beside(model: Classifier, dataset: Dataset, split: str, progress: Progress | None = None) -> Answers:
    """The answers of another classifier for the songs of a split."""
    return predict(model, prepare_all(model, dataset.split(split), progress), progress).answers
