"""Differences between ways of measuring, with intervals that count both seeds and songs as drawn at random.

An `Outcomes` holds, for every seed and song, how many answers were right of how many. Seeds and songs are resampled
independently, and an answer weighs the product of its seed's and its song's weight: the pigeonhole bootstrap (Owen,
Annals of Applied Statistics 1, 2007), which errs on the wide side. What is compared shares its weights, so that
differences are paired by seed and, where both sides asked a song, by song. Of S seeds S - 1 are drawn, which makes the
variance right for few of them (Rao and Wu, JASA 83, 1988); of one seed, that one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Interval

Array = NDArray[np.float64]


class Outcomes(NamedTuple):
    """Counts (seeds, songs) of right answers, and of all; a song that a seed did not ask has zeros."""

    right: Array
    asked: Array


class Weights(NamedTuple):
    """How often each seed (draws, seeds) and each song (draws, songs) was drawn; row 0 is the sample itself."""

    seeds: Array
    songs: Array


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    interval: Interval


def resample(seeds: int, songs: int, draws: int = 2000) -> Weights:
    """Weights of the sample itself and of `draws` resamples, always the same ones."""
    rng = np.random.default_rng(0)
    picked = max(1, seeds - 1)
    seed_weights = rng.multinomial(picked, np.full(seeds, 1 / seeds), draws)
    song_weights = rng.multinomial(songs, np.full(songs, 1 / songs), draws)
    return Weights(np.vstack([np.ones(seeds), seed_weights]), np.vstack([np.ones(songs), song_weights]))


def accuracy(outcomes: Outcomes, weights: Weights) -> Estimate:
    """The share of right answers."""
    return _estimate(_shares(outcomes, weights))


def gap(left: Outcomes, right: Outcomes, weights: Weights) -> Estimate:
    """The share of right answers of `left` minus that of `right`."""
    return _estimate(_shares(left, weights) - _shares(right, weights))


def gap_on_same_songs(left: Outcomes, right: Outcomes, weights: Weights) -> Estimate:
    """The mean over songs that both asked, each counted once, of the difference between their shares.

    Songs that are easier than others can't make this gap. Not a number where no song was asked by both.
    """
    sums = [weights.seeds @ part for part in (left.right, left.asked, right.right, right.asked)]  # (draws, songs)
    both = (sums[1] > 0) & (sums[3] > 0)
    difference = sums[0] / np.maximum(sums[1], 1) - sums[2] / np.maximum(sums[3], 1)
    counted = weights.songs * both
    with np.errstate(invalid="ignore"):
        return _estimate((counted * difference).sum(1) / counted.sum(1))


def _shares(outcomes: Outcomes, weights: Weights) -> Array:
    right, asked = (((weights.seeds @ part) * weights.songs).sum(1) for part in outcomes)
    with np.errstate(invalid="ignore"):  # a resample without a single question has no share
        return np.asarray(right / asked)


def _estimate(values: Array) -> Estimate:
    low, high = np.nanpercentile(values[1:], [2.5, 97.5]) if np.isfinite(values[1:]).any() else (np.nan, np.nan)
    return Estimate(float(values[0]), Interval(float(low), float(high)))
