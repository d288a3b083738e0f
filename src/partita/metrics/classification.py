"""Measures of classification: `probabilities` is (n, labels), `truth` (n,) label numbers; the song is the unit.

Intervals are 95 %.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def accuracy(probabilities: Probabilities, truth: Labels) -> float:
    """Share of songs whose most probable label is the true one, 0..1."""
    return float((probabilities.argmax(1) == truth).mean())


def wilson(right: int, n: int) -> Interval:
    """Interval of a share of `right` in `n` (Wilson, JASA 22, 1927), which holds near 0 and 1 and for small n.

    >>> [round(x, 3) for x in wilson(45, 50)]
    [0.786, 0.957]
    """
    if n == 0:
        return Interval(0.0, 1.0)
    share = right / n
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    low = 0.0 if right == 0 else float(centre - half)  # exact at the ends, where rounding would miss the share
    high = 1.0 if right == n else float(centre + half)
    return Interval(low, high)


def song_bootstrap(totals: NDArray[Any], counts: NDArray[Any] | None = None, draws: int = 2000) -> Interval:
    """Interval of sum(totals) / sum(counts) by drawing songs anew (percentiles), each song with all that is in it.

    `totals` (songs,) may be right segments and `counts` all segments of each song; without `counts` it is the mean over
    songs. Unlike Wilson's it keeps what hangs together together, but has no width where all songs agree.
    """
    size = np.ones(len(totals)) if counts is None else np.asarray(counts, np.float64)
    rng = np.random.default_rng(0)
    picks = (rng.integers(0, len(totals), len(totals)) for _ in range(draws))
    values = [totals[pick].sum() / size[pick].sum() for pick in picks]
    low, high = np.percentile(values, [2.5, 97.5])
    point = totals.sum() / size.sum()  # with very few songs the percentiles can miss it
    return Interval(float(min(low, point)), float(max(high, point)))


def confusion(probabilities: Probabilities, truth: Labels) -> NDArray[np.int64]:
    """Counts (true label, predicted label)."""
    size = probabilities.shape[1]
    counts = np.bincount(truth * size + probabilities.argmax(1), minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def recall_precision_f1(counts: NDArray[np.int64]) -> tuple[Probabilities, Probabilities, Probabilities]:
    """Recall, precision and F1 of each label (labels,) from a confusion matrix; 0 where undefined."""
    hits = np.diag(counts).astype(np.float64)
    recall = hits / np.maximum(counts.sum(1), 1)
    precision = hits / np.maximum(counts.sum(0), 1)
    f1 = 2 * hits / np.maximum(counts.sum(1) + counts.sum(0), 1)
    return recall, precision, f1


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Mean F1 over the labels that occur in the truth."""
    present = counts.sum(1) > 0
    return float(recall_precision_f1(counts)[2][present].mean()) if present.any() else 0.0


def nll(probabilities: Probabilities, truth: Labels) -> float:
    """Mean negative log-likelihood of the truth, in nats; log(labels) for a guess without knowledge."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())


def brier(probabilities: Probabilities, truth: Labels) -> float:
    """Mean squared distance to the one-hot truth, summed over labels: 0 best, 2 worst."""
    return float(((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(1).mean())


def calibration_bins(probabilities: Probabilities, truth: Labels, bins: int = 5) -> NDArray[np.float64]:
    """Equal-mass bins of the top probability: rows (songs, mean confidence, accuracy), the least confident first."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    parts = np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(truth)))
    return np.array([[len(part), confidence[part].mean(), right[part].mean()] for part in parts])


def ece(probabilities: Probabilities, truth: Labels, bins: int = 5) -> float:
    """Expected calibration error over equal-mass bins: mean distance between confidence and accuracy, 0..1.

    With few songs many bins bias it upwards, hence five (Guo et al., ICML 2017, use fifteen on thousands).
    """
    table = calibration_bins(probabilities, truth, bins)
    return float((table[:, 0] * np.abs(table[:, 1] - table[:, 2])).sum() / table[:, 0].sum())


def ece_interval(probabilities: Probabilities, truth: Labels, bins: int = 5, draws: int = 1000) -> Interval:
    """Bootstrap interval of `ece` over songs (percentiles; the resampled error is biased upwards by the resampling)."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(truth), (draws, len(truth)))
    values = [ece(probabilities[pick], truth[pick], bins) for pick in picks]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def risk_coverage(probabilities: Probabilities, truth: Labels) -> Probabilities:
    """What abstention buys: rows (coverage, risk, least confidence), from one song answered to all of them.

    Coverage is the share of songs answered, the surest first; risk is the share of wrong answers among them (El-Yaniv
    and Wiener, JMLR 11, 2010). Songs of equal confidence share their errors, so that their order does not count.
    """
    confidence = probabilities.max(1)
    wrong = (probabilities.argmax(1) != truth).astype(np.float64)
    _, place = np.unique(confidence, return_inverse=True)
    wrong = (np.bincount(place, wrong) / np.bincount(place))[place]
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(truth) + 1)
    return np.stack([answered / len(truth), np.cumsum(wrong[order]) / answered, confidence[order]], axis=1)


def aurc(curve: Probabilities) -> float:
    """Area under a `risk_coverage` curve: the mean risk over all coverages, 0 best (Geifman et al., ICLR 2019)."""
    return float(curve[:, 1].mean())


def fit_temperature(log_probabilities: NDArray[np.floating], truth: Labels) -> float:
    """The temperature in 0.05..20 at which softmax(log_probabilities / t) gives the truth the greatest likelihood.

    The likelihood is unimodal in 1/t, so golden-section search over log t finds it (Guo et al., ICML 2017).
    """
    scores = np.asarray(log_probabilities, np.float64)

    def loss(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        top = scaled.max(1)
        normaliser = top + np.log(np.exp(scaled - top[:, None]).sum(1))
        return float((normaliser - scaled[np.arange(len(truth)), truth]).mean())

    low, high = np.log(0.05), np.log(20.0)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))
