"""Fingerprints of recordings from their log-mel levels, to find the same recording again in many.

Thirteen broad bands, smoothed over time and without their slow movement, survive encoding, gain and equalisers. The
signs of the differences between neighbouring bands at two times make one number of 24 bits, in the manner of Haitsma
and Kalker (ISMIR 2002). Recordings that share such numbers at one distance in time are candidates, found by sorting,
not by comparing everybody with everybody. What decides is how the bands correlate where the two recordings overlap.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BANDS = 13
USED = 0.8
"""The share of mel bands that is looked at, from the lowest up: codecs take away the highest."""
SMOOTHING = 3
"""Columns in a running mean, so that half a column of offset matters less."""
TREND = 33
"""Columns in the running mean that is taken away: two slow sounds swell alike without being the same."""
DISTANCE = 4
"""Columns between the two times of a code."""
COMMON = 200
"""A code that occurs more often than this, as that of silence does, says nothing."""
VOTES = 5
"""Shared codes at one offset, give or take a column, that make a candidate."""
SAME = 0.5
"""Correlation from which two recordings are called the same."""

Print = NDArray[np.float32]


class Match(NamedTuple):
    """Two recordings by their places in the list, alike to `similarity` (a correlation) over `overlap` columns.

    Column c of the first sounds like column c + `lag` of the second.
    """

    first: int
    second: int
    similarity: float
    lag: int
    overlap: int


def fingerprint(levels: NDArray[np.uint8]) -> Print:
    """Broad bands (13, columns) of log-mel levels (bands, columns), smoothed, without their running mean."""
    bands, columns = levels.shape
    edges = np.linspace(0, bands * USED, BANDS + 1).round().astype(int)
    sums = np.vstack([np.zeros((1, columns)), levels.cumsum(0, dtype=np.float64)])
    broad = np.diff(sums[edges], axis=0) / np.diff(edges)[:, None]
    smooth = _running_mean(broad, SMOOTHING)
    return np.asarray(smooth - _running_mean(smooth, TREND), np.float32)


def find_same(prints: Sequence[Print], least: float = SAME, overlap: int = 32) -> list[Match]:
    """Pairs alike to `least` or more over `overlap` columns or more, the most alike first.

    Time and memory grow in proportion to the total length of all recordings, as long as most of them differ.
    """
    matches = []
    for (first, second), lag in _candidates(prints).items():
        found = max(
            (_compare(first, second, prints, near) for near in range(lag - 2, lag + 4)), key=lambda m: m.similarity
        )
        if found.similarity >= least and found.overlap >= overlap:
            matches.append(found)
    return sorted(matches, key=lambda m: (-m.similarity, m.first, m.second))


def _running_mean(x: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    padded = np.pad(x, ((0, 0), (width // 2 + 1, width // 2)), "edge").cumsum(1)
    return np.asarray((padded[:, width:] - padded[:, :-width]) / width)


def _codes(bands: Print) -> NDArray[np.int64]:
    """Codes (4, columns - 4): as heard, and with either or both of the least certain two bits the other way round."""
    steps = np.diff(bands, axis=0)
    steps = np.concatenate([steps[:, :-DISTANCE], steps[:, DISTANCE:]])
    code = ((steps > 0).astype(np.int64) << np.arange(len(steps))[:, None]).sum(0)
    flips = np.left_shift(1, np.argsort(np.abs(steps), axis=0, kind="stable")[:2])
    return np.stack([code, code ^ flips[0], code ^ flips[1], code ^ flips[0] ^ flips[1]])


def _candidates(prints: Sequence[Print]) -> dict[tuple[int, int], int]:
    """Pairs of recordings that share enough codes at one lag, with that lag (the lower of two columns)."""
    codes = [_codes(bands) for bands in prints]
    if not codes:
        return {}
    code = np.concatenate([part.ravel() for part in codes])
    song = np.repeat(np.arange(len(codes)), [part.size for part in codes])
    column = np.concatenate([np.tile(np.arange(part.shape[1]), len(part)) for part in codes])
    _, place, count = np.unique(code, return_inverse=True, return_counts=True)
    kept = np.flatnonzero((count[place] > 1) & (count[place] <= COMMON))
    order = kept[np.argsort(code[kept], kind="stable")]  # equal codes side by side, songs in order within them
    code, song, column = code[order], song[order], column[order]
    pairs: list[NDArray[np.int64]] = []
    ahead, live = 1, np.arange(len(code) - 1)
    while len(live):
        live = live[live + ahead < len(code)]
        live = live[code[live] == code[live + ahead]]
        here = live[song[live] != song[live + ahead]]
        there = here + ahead
        pairs.append(np.stack([song[here], song[there], column[there] - column[here]], axis=1))
        ahead += 1
    return _voted(np.concatenate(pairs), len(prints)) if pairs else {}


def _voted(pairs: NDArray[np.int64], songs: int) -> dict[tuple[int, int], int]:
    """The lag with most votes of each pair that has enough; two neighbouring lags vote together."""
    best: dict[tuple[int, int], tuple[int, int]] = {}
    reach = int(np.abs(pairs[:, 2]).max(initial=0)) + 2
    for phase in (0, 1):
        bins = (pairs[:, 2] + reach + phase) // 2
        keys, votes = np.unique((pairs[:, 0] * songs + pairs[:, 1]) * (reach + 2) + bins, return_counts=True)
        for key, count in zip(keys[votes >= VOTES].tolist(), votes[votes >= VOTES].tolist(), strict=True):
            pair, bin = divmod(key, reach + 2)
            best[divmod(pair, songs)] = max(best.get(divmod(pair, songs), (0, 0)), (count, 2 * bin - reach - phase))
    return {pair: lag for pair, (_, lag) in best.items()}


def _compare(first: int, second: int, prints: Sequence[Print], lag: int) -> Match:
    """The correlation of two recordings at a lag, over all bands of the columns that both have."""
    a, b = prints[first], prints[second]
    start, end = max(0, -lag), min(a.shape[1], b.shape[1] - lag)
    if end - start < 2:
        return Match(first, second, 0.0, lag, 0)
    a, b = a[:, start:end], b[:, start + lag : end + lag]
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    similarity = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9)
    return Match(first, second, float(similarity), lag, end - start)
