"""Is it a copy? The longest run that a score shares with a training set, and the share of its n-grams that are new.

A score is read as its notes in order of time, those of a chord from low to high, without rhythm, length and loudness;
what counts are the steps from each pitch to the next. So a copy is found in any key and tempo and however it is played;
a voice lifted out of its accompaniment is not. `Index` holds of the training set hashes of such steps alone, about two
bytes a note, so that it may travel with a checkpoint.

Human music borrows, too: numbers mean something beside those of human pieces that are not in the training set, cut to
the same length (`Originality`). Winnowing is by Schleimer, Wilkerson and Aiken 2003, the filter by Bloom 1970.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from partita.errors import CheckpointError, UsageError
from partita.metrics.classification import Interval
from partita.metrics.symbolic.passages import TOGETHER, Passage
from partita.midi import Score

SEED = 8
"""Notes of a seed: a run is found by seeds that it shares."""

DISTINCT = 3
"""A seed has so many different steps: trills, scales and repeated notes are nobody's."""

WINDOW = 8
"""Of so many successive seeds one is kept, so every exact run of 15 notes has one."""

SIZES = (4, 8, 16)
"""The n of `Index.novelty`."""

STRAY = 24
"""Notes that may lie between two seeds of a run, for those that were left out or changed."""

DRIFT = 4
"""How many more notes may be missing on one side than on the other between two seeds of a run."""

PARTS = 128
"""The longest exact runs that are tried to be joined."""


class Match(NamedTuple):
    """The longest run that a score shares with one work: its notes, its length in the score, and the work's name.

    Without any shared seed, 0 notes of no work ("").
    """

    notes: int
    seconds: float
    work: str


class _Run(NamedTuple):
    """An exact run: notes `begin` to `end` of the score, the first of which is note `place` of the training set."""

    begin: int
    end: int
    place: int


@dataclass(frozen=True, eq=False)
class Index:
    """Hashes of a training set.

    `seeds` uint32 and `places` int64 (kept seeds,) are winnowed seeds and the note that each begins at, notes counted
    through all works, in order of seeds; `firsts` int32 (works,) is each work's first note. `filters` has for each n of
    `SIZES` a Bloom filter uint8 (bytes,) of all n-grams.
    """

    works: tuple[str, ...]
    firsts: NDArray[np.int32]
    seeds: NDArray[np.uint32]
    places: NDArray[np.int64]
    filters: Mapping[int, NDArray[np.uint8]]

    @classmethod
    def of(cls, scores: Iterable[tuple[str, Score]]) -> Self:
        """Index scores by name; about a million notes a second."""
        works: list[str] = []
        firsts: list[int] = []
        seeds, places = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
        grams: dict[int, list[NDArray[np.uint64]]] = {n: [np.zeros(0, np.uint64)] for n in SIZES}
        notes = 0
        for name, score in scores:
            pitch, _ = _line(score)
            here, begin = _seeds(pitch)
            kept = _winnowed(here)
            seeds.append(here[kept])
            places.append(begin[kept] + notes)
            for n, found in grams.items():
                found.append(np.unique(_hashes(pitch, n)))
            works.append(name)
            firsts.append(notes)
            notes += len(pitch) + STRAY + 1  # no run goes from one work to the next
        filters = {n: _filter(np.concatenate(found)) for n, found in grams.items()}
        return cls._sorted(works, np.array(firsts, np.int32), np.concatenate(seeds), np.concatenate(places), filters)

    @classmethod
    def _sorted(
        cls,
        works: Sequence[str],
        firsts: NDArray[np.int32],
        seeds: NDArray[np.uint32],
        places: NDArray[np.int64],
        filters: Mapping[int, NDArray[np.uint8]],
    ) -> Self:
        order = np.argsort(seeds, kind="stable")
        return cls(tuple(works), firsts, seeds[order], places[order], filters)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays by name, to be saved with a checkpoint's tensors."""
        names = np.frombuffer("\n".join(name.replace("\n", " ") for name in self.works).encode(), np.uint8)
        order = np.argsort(self.places)
        gaps = np.diff(self.places[order], prepend=0)  # small numbers: a byte or two instead of eight
        return {
            "works": names,
            "firsts": self.firsts,
            "seeds": self.seeds[order],
            "gaps": gaps.astype(np.uint8 if gaps.max(initial=0) < 256 else np.int64),
            **{f"filter_{n}": bits for n, bits in self.filters.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The index of `arrays`.

        Raises `CheckpointError` where they are not all there or do not fit each other.
        """
        try:
            works = bytes(arrays["works"]).decode().split("\n") if len(arrays["firsts"]) else []
            filters = {n: arrays[f"filter_{n}"] for n in SIZES}
            firsts, seeds, gaps = arrays["firsts"], arrays["seeds"], arrays["gaps"]
        except (KeyError, UnicodeDecodeError) as error:
            raise CheckpointError(f"not an index of originality: {error}") from None
        if len(works) != len(firsts) or len(seeds) != len(gaps):
            raise CheckpointError("an index of originality whose arrays differ in length")
        return cls._sorted(works, firsts, seeds, gaps.cumsum(dtype=np.int64), filters)

    def longest(self, score: Score) -> Match:
        """The longest run of notes that `score` shares with one work, in any key and tempo.

        Exact runs are known to within seven notes at either end; those with up to `STRAY` notes of something else
        between them count as one, of which the notes in exact runs are counted.
        """
        pitch, onset = _line(score)
        notes, begin, end, place = _joined(_exact_runs(*self._shared(pitch)))
        if not notes:
            return Match(0, 0.0, "")
        work = self.works[int(np.searchsorted(self.firsts, place, "right")) - 1]
        return Match(notes, float(onset[end - 1] - onset[begin]), work)

    def novelty(self, score: Score, n: int) -> float:
        """The share of the n-grams of `score` (repeated ones counted once) that the training set has nowhere.

        Free of bias: what the filter takes for known by accident, a known share, is put back. Not a number for a score
        of fewer than n notes. Raises `UsageError` for an n that is not in `SIZES`.
        """
        if n not in SIZES:
            raise UsageError(f"novelty of {n}-grams; it is known for n of {', '.join(map(str, SIZES))}")
        grams = np.unique(_hashes(_line(score)[0], n))
        if not len(grams):
            return float("nan")
        bits = self.filters[n]
        known = np.ones(len(grams), bool)
        for bit in _bits(grams, len(bits)):
            known &= (bits[bit >> 3] >> (bit & 7) & 1).astype(bool)
        accident = float(np.unpackbits(bits).mean()) ** 2
        return float(min(1.0, (1 - known.mean()) / (1 - accident)))

    def _shared(self, pitch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of a note of the score and one of the training set at which the same seed begins."""
        seeds, begin = _seeds(pitch)
        low, high = (np.searchsorted(self.seeds, seeds, side) for side in ("left", "right"))
        count = high - low
        nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(begin, count), self.places[np.repeat(low, count) + nth]


@dataclass(frozen=True)
class Originality:
    """The originality of some scores: medians, means and the extreme, each of one figure for each score.

    `longest` is the median of the shared runs in notes with its bootstrap interval over scores, `extreme` the longest
    of all; `novelty` the mean for each n with its interval.
    """

    scores: int
    longest: float
    longest_interval: Interval
    extreme: Match
    novelty: dict[int, tuple[float, Interval]]


def originality(index: Index, scores: Sequence[Score]) -> Originality:
    """Hold each of one or more scores against the training set.

    For a baseline give human pieces that are not in it, cut to the same length.
    """
    matches = [index.longest(score) for score in scores]
    notes = np.array([match.notes for match in matches], np.float64)
    novelty = {}
    for n in SIZES:
        shares = np.array([index.novelty(score, n) for score in scores])
        shares = shares[np.isfinite(shares)]
        mean = float(shares.mean()) if len(shares) else float("nan")
        novelty[n] = (mean, _bootstrap(shares, np.mean))
    return Originality(
        scores=len(scores),
        longest=float(np.median(notes)),
        longest_interval=_bootstrap(notes, np.median),
        extreme=max(matches),
        novelty=novelty,
    )


def _bootstrap(values: NDArray[np.float64], statistic: Callable[..., Any], draws: int = 2000) -> Interval:
    """The 95 % interval of a statistic over scores; not numbers where there are none."""
    if not len(values):
        return Interval(float("nan"), float("nan"))
    picked = np.random.default_rng(0).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(statistic(values[picked], axis=1), [0.025, 0.975])
    return Interval(float(low), float(high))


def _line(score: Score) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pitches (notes,) and onsets in seconds from the first, of all but drums, chords low to high, unisons once."""
    passage = Passage.of(score)
    onset, pitch = passage.onset, passage.pitch
    chord = np.cumsum(np.diff(onset, prepend=-np.inf) > TOGETHER)
    order = np.lexsort((onset, pitch, chord))
    onset, pitch, chord = onset[order], pitch[order], chord[order]
    single = (np.diff(chord, prepend=-1) > 0) | (np.diff(pitch, prepend=-1) != 0)
    return pitch[single], onset[single]


def _hashes(pitch: NDArray[np.int64], n: int) -> NDArray[np.uint64]:
    """A hash of the steps of every n successive notes: (notes - n + 1,), or none where there are fewer notes."""
    steps = (np.diff(pitch) + 128).astype(np.uint64)
    count = max(0, len(pitch) - n + 1)
    hashes = np.full(count, n, np.uint64)
    for lag in range(n - 1):
        hashes = (hashes ^ steps[lag : lag + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return hashes * np.uint64(0xBF58476D1CE4E5B9)


def _seeds(pitch: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The seeds of a line and the notes that they begin at."""
    seeds = (_hashes(pitch, SEED) >> np.uint64(32)).astype(np.uint32)
    if not len(seeds):
        return seeds, np.zeros(0, np.int64)
    steps = np.sort(np.lib.stride_tricks.sliding_window_view(np.diff(pitch).astype(np.int16), SEED - 1), axis=1)
    begin = np.flatnonzero((np.diff(steps, axis=1) != 0).sum(1) + 1 >= DISTINCT)
    return seeds[begin], begin


def _winnowed(seeds: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The places of the least of each `WINDOW` successive seeds."""
    if not len(seeds):
        return np.zeros(0, np.int64)
    least = np.lib.stride_tricks.sliding_window_view(seeds, min(WINDOW, len(seeds))).argmin(1)
    return np.unique(least + np.arange(len(least)))


def _filter(grams: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """A Bloom filter of four bits for each distinct gram, of which it sets two."""
    grams = np.unique(grams)
    bits = np.zeros(max(8, -(-4 * len(grams) // 8)), np.uint8)
    for bit in _bits(grams, len(bits)):
        np.bitwise_or.at(bits, bit >> 3, np.uint8(1) << (bit & 7).astype(np.uint8))
    return bits


def _bits(grams: NDArray[np.uint64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The two bits of each gram in a filter of `size` bytes."""
    count = np.uint64(8 * size)
    return (grams % count).astype(np.int64), ((grams >> np.uint64(32)) % count).astype(np.int64)


def _exact_runs(begin: NDArray[np.int64], place: NDArray[np.int64]) -> list[_Run]:
    """Runs of seeds that lie equally far apart on both sides and leave no note between them uncovered, longest first.

    Of all runs the `PARTS` longest.
    """
    if not len(begin):
        return []
    lag = place - begin
    order = np.lexsort((begin, lag))
    begin, lag = begin[order], lag[order]
    first = np.flatnonzero((np.diff(lag, prepend=lag[0] - 1) != 0) | (np.diff(begin, prepend=begin[0]) > SEED))
    last = np.append(first[1:], len(begin)) - 1
    low, high = begin[first], begin[last] + SEED
    longest = np.argsort(low - high, kind="stable")[:PARTS]
    return [_Run(int(low[i]), int(high[i]), int(low[i] + lag[first[i]])) for i in longest]


def _joined(runs: list[_Run]) -> tuple[int, int, int, int]:
    """The chain of exact runs with most notes: its notes, its begin and end in the score, its first note's place."""
    runs = sorted(runs, key=lambda run: (run.begin, run.end))
    best: list[tuple[int, int, int, int]] = []
    for number, run in enumerate(runs):
        chain = (run.end - run.begin, run.begin, run.end, run.place)
        for before, so_far in zip(runs[:number], best, strict=True):
            gap, other = run.begin - before.end, run.place - before.place - (before.end - before.begin)
            if min(gap, other) > -SEED and max(gap, other) <= STRAY and abs(gap - other) <= DRIFT:
                chain = max(chain, (so_far[0] + run.end - max(run.begin, before.end), so_far[1], run.end, so_far[3]))
        best.append(chain)
    return max(best, default=(0, 0, 0, 0))
