"""How like real music a set of composed passages is: overlapping area, divergence, and a Fréchet distance.

Yang and Lerch 2020 take, for each feature, the distances between all pairs of real passages (intra) and those between
each composed and each real one (inter); if what was composed is like what is real, both are distributed alike. Their
reference implementation evaluates the two densities on two different grids for the divergence, so that N(0, 1) against
N(5, 1) gives 0.05 instead of 12.5, and cuts the overlap off at the samples' extremes; here both densities lie on one
grid that reaches as far as they do.

Such numbers move with sampling settings, with the size of sets and with the length of passages. They are blind to the
order of things, and they reward diversity. So they never stand alone: `measure` is also taken between real music and
real music (the ceiling), and for real music whose every note was transposed at random (the floor).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.metrics.classification import Interval
from partita.metrics.symbolic.passages import Passage
from partita.metrics.symbolic.pieces import FEATURES, summary

Matrix = NDArray[np.float64]
Shares = NDArray[np.float32]

POINTS = 256
"""Points of the grid that both densities are on."""

REACH = 5.0
"""Bandwidths that the grid reaches beyond the farthest samples."""

TAIL = 0.5
"""Standard deviations of the kernel by which divergence is estimated.

Where one set has samples and the other none, a narrow kernel decides how improbable they are, and the divergence grows
without bound; this one gives 13 to 14 of the true 12.5 at five standard deviations, from 1000 samples up, and about
four fifths of small divergences.
"""

DRAWS = 200
"""Resamples of pieces for an interval."""


class Overlap(NamedTuple):
    """How alike two distributions are: overlapping area 0..1, and Kullback-Leibler divergence in nats."""

    area: float
    divergence: float


class Estimate(NamedTuple):
    """A number and its 95 % bootstrap interval over passages."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Likeness:
    """Composed passages beside real ones.

    `area` is the mean overlapping area of `FEATURES` and `divergence` their mean divergence in nats, `features` each
    one's own. `frechet` is the Fréchet distance of `summary`, standardised by the real passages: as measured, and
    extrapolated to sets without end.
    """

    composed: int
    real: int
    area: Estimate
    divergence: float
    features: dict[str, Overlap]
    frechet: float
    frechet_unbiased: float


def measure(composed: Sequence[Passage], real: Sequence[Passage]) -> Likeness:
    """Compare two sets of passages of one length, with two or more real ones and one or more composed."""
    pairs = np.triu_indices(len(real), 1)
    weights = _resamples(len(composed), pairs)
    areas = np.zeros(DRAWS + 1)
    features = {}
    for name, feature in FEATURES.items():
        ours, theirs = (np.array([np.atleast_1d(feature(p)) for p in part], float) for part in (composed, real))
        inter, intra = distances(ours, theirs).ravel(), distances(theirs, theirs)[pairs]
        features[name] = overlap(intra, inter)
        areas += _areas(intra, inter, weights) / len(FEATURES)
    ours, theirs = (np.array([summary(p) for p in part]) for part in (composed, real))
    scale = np.where(theirs.std(0) > 1e-9, theirs.std(0), 1.0)  # what never changes in real music has no unit
    near, limit = frechet(ours / scale, theirs / scale)
    low, high = areas[0] + np.quantile(areas[1:], [0.025, 0.975]) - areas[1:].mean()
    area = Estimate(float(areas[0]), Interval(float(low), float(high)))
    divergence = float(np.mean([feature.divergence for feature in features.values()]))
    return Likeness(len(composed), len(real), area, divergence, features, near, limit)


def distances(ours: Matrix, theirs: Matrix) -> Matrix:
    """Euclidean distances (n, m) between the rows of (n, d) and (m, d)."""
    squares = (ours**2).sum(1)[:, None] + (theirs**2).sum(1) - 2 * ours @ theirs.T
    exact = ours.shape[1] == 1  # sums of squares lose what is small between large numbers
    return np.abs(ours - theirs.T) if exact else np.sqrt(np.maximum(squares, 0))


def overlap(first: Matrix, second: Matrix) -> Overlap:
    """Overlapping area, and divergence of the first from the second, of two samples (n,) and (m,).

    Densities are Gaussian kernel estimates on one grid: by Scott's rule for the area, by `TAIL` for the divergence.
    """
    here = _density(first, second, 0.0)
    there = _density(first, second, TAIL)
    known = there.first > 0
    ratio = np.log(there.first[known]) - np.log(np.maximum(there.second[known], np.finfo(float).tiny))
    return Overlap(
        area=float(np.minimum(here.first, here.second).sum() * here.step),
        divergence=max(0.0, float((there.first[known] * ratio).sum() * there.step)),
    )


def frechet(ours: Matrix, theirs: Matrix) -> tuple[float, float]:
    """The Fréchet distance of two sets of rows (n, d), (m, d), and what it tends to as both sets grow.

    Covariances of few rows make it too large by about a constant over their number, so the second figure is the
    intercept of a line through distances of smaller and smaller parts (Chong and Forsyth 2020). It can fall below 0.
    """
    whole = _frechet(ours, theirs)
    rng = np.random.default_rng(0)
    inverse: list[float] = []
    found: list[float] = []
    for share in np.linspace(0.5, 1.0, 6):
        sizes = [max(2, round(share * len(rows))) for rows in (ours, theirs)]
        for _ in range(1 if share == 1 else 8):
            parts = [rows[rng.permutation(len(rows))[:size]] for rows, size in zip((ours, theirs), sizes, strict=True)]
            inverse.append(1 / share)
            found.append(_frechet(*parts))
    slope = np.polyfit(inverse, found, 1)[0]
    return whole, float(whole - slope)


class _Densities(NamedTuple):
    first: Matrix
    second: Matrix
    step: float


def _density(first: Matrix, second: Matrix, width: float) -> _Densities:
    grid, places, kernels = _grid(first, second, width)
    parts = [np.bincount(place, minlength=POINTS) / len(place) for place in places]
    return _Densities(kernels[0] @ parts[0], kernels[1] @ parts[1], float(grid[1] - grid[0]))


def _grid(
    first: Matrix, second: Matrix, width: float
) -> tuple[Matrix, tuple[NDArray[np.int64], NDArray[np.int64]], tuple[Matrix, Matrix]]:
    """One grid for two samples, the point of it that each is nearest to, and the kernel of either (points, points).

    Kernels of `width` standard deviations, or by Scott's rule where it is 0, but no narrower than the grid's steps.
    """
    spread = max(float(np.ptp(np.concatenate([first, second]))), 1e-9)
    widths = [max(float(values.std()) * (width or len(values) ** -0.2), spread / 100) for values in (first, second)]
    low = min(first.min() - REACH * widths[0], second.min() - REACH * widths[1])
    high = max(first.max() + REACH * widths[0], second.max() + REACH * widths[1])
    grid = np.linspace(low, high, POINTS)
    places = tuple(np.rint((values - low) / (high - low) * (POINTS - 1)).astype(np.int64) for values in (first, second))
    away = grid[:, None] - grid
    kernels = tuple(np.exp(-0.5 * (away / w) ** 2) / (w * np.sqrt(2 * np.pi)) for w in widths)
    return grid, (places[0], places[1]), (kernels[0], kernels[1])


def _resamples(composed: int, pairs: tuple[NDArray[np.int64], ...]) -> tuple[Shares, Shares]:
    """How often each pair of passages counts in each resample: (draws + 1, pairs), (draws + 1, composed * real).

    `pairs` are those of real passages. A pair counts as often as both of its passages together; row 0 is the sample
    itself.
    """
    rng = np.random.default_rng(0)
    draws = [rng.multinomial(n, np.full(n, 1 / n), DRAWS) for n in (composed, int(pairs[1].max()) + 1)]
    ours, theirs = (np.vstack([np.ones((1, draw.shape[1])), draw]).astype(np.float32) for draw in draws)
    return theirs[:, pairs[0]] * theirs[:, pairs[1]], (ours[:, :, None] * theirs[:, None]).reshape(DRAWS + 1, -1)


def _areas(intra: Matrix, inter: Matrix, weights: tuple[Shares, Shares]) -> Matrix:
    """The overlapping area of every resample: (draws + 1,)."""
    grid, places, kernels = _grid(intra, inter, 0.0)
    first, second = (
        kernel @ np.array([np.bincount(place, row, POINTS) / max(float(row.sum()), 1.0) for row in rows]).T
        for kernel, place, rows in zip(kernels, places, weights, strict=True)
    )
    return np.asarray(np.minimum(first, second).sum(0) * (grid[1] - grid[0]))


def _frechet(ours: Matrix, theirs: Matrix) -> float:
    """Squared difference of means, and how far the covariances are apart."""
    apart = float(((ours.mean(0) - theirs.mean(0)) ** 2).sum())
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (ours, theirs))
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    both = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return apart + float(np.trace(first) + np.trace(second) - 2 * both)
