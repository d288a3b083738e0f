"""Measures of one passage of music: its pitches, its rhythm, its texture.

They follow Yang and Lerch 2020 (mgeval), Wu and Yang 2020 (MusDr) and Dong et al. 2020 (muspy), in seconds instead of
beats, so that performances without bars can be measured. Those of a passage without notes are 0, or not a number where
nothing can be said.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from partita.metrics.symbolic.passages import TOGETHER, Passage

Vector = NDArray[np.float64]

MAJOR = (0, 2, 4, 5, 7, 9, 11)
"""Steps of the major scale above its tonic; the natural minor scales have the pitch classes of the same twelve."""

CLASSES = 0.03125 * 2 ** (np.arange(1, 12) / 2)
"""Seconds that part twelve classes of time, half an octave each, from below 44 ms to beyond 1.4 s."""


def pitch_class_entropy(passage: Passage) -> float:
    """Bits, 0..3.585, of the pitch classes of notes."""
    shares = pitch_classes(passage)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def scale_consistency(passage: Passage) -> float:
    """The share of notes in the major or natural minor scale that has most of them; not a number without notes."""
    if not len(passage):
        return float("nan")
    shares = pitch_classes(passage)
    return float(max(shares[[(tonic + step) % 12 for step in MAJOR]].sum() for tonic in range(12)))


def polyphony(passage: Passage) -> float:
    """The mean number of pitches that sound, of the time in which any does."""
    time, count = _sounding(passage)
    sounds = time[count > 0].sum()
    return float((time * count).sum() / sounds) if sounds else 0.0


def polyphony_rate(passage: Passage, least: int = 2) -> float:
    """The share of all its time in which `least` pitches or more sound."""
    time, count = _sounding(passage)
    return float(time[count >= least].sum() / passage.seconds) if passage.seconds else 0.0


def density(passage: Passage) -> float:
    """Notes a second, of the time in which any sounds."""
    time, count = _sounding(passage)
    sounds = time[count > 0].sum()
    return float(len(passage) / sounds) if sounds else 0.0


def pitch_count(passage: Passage) -> float:
    """Different pitches."""
    return float(len(np.unique(passage.pitch)))


def pitch_range(passage: Passage) -> float:
    """Semitones from the lowest note to the highest."""
    return float(np.ptp(passage.pitch)) if len(passage) else 0.0


def pitch_classes(passage: Passage) -> Vector:
    """The share of notes of each pitch class, C first: (12,)."""
    return _shares(np.bincount(passage.pitch % 12, minlength=12))


def pitch_class_transitions(passage: Passage) -> Vector:
    """The share of each pair of pitch classes among successive notes: (144,)."""
    return _transitions(passage.pitch % 12)


def mean_interval(passage: Passage) -> float:
    """The mean step between successive notes, in semitones either way."""
    return float(np.abs(np.diff(passage.pitch)).mean()) if len(passage) > 1 else 0.0


def intervals(passage: Passage) -> Vector:
    """The share of steps of 0, 1, ... 11 and 12 or more semitones between successive notes: (13,)."""
    return _shares(np.bincount(np.minimum(np.abs(np.diff(passage.pitch)), 12), minlength=13))


def mean_inter_onset(passage: Passage) -> float:
    """The mean seconds from an onset to the next, chords counted once. Long pauses weigh much in it."""
    times = _inter_onsets(passage)
    return float(times.mean()) if len(times) else 0.0


def inter_onsets(passage: Passage) -> Vector:
    """The share of notes that are struck with the one before, and of each class of time between onsets: (13,)."""
    later = _inter_onsets(passage)
    together = max(0, len(passage) - 1 - len(later))
    return _shares(np.concatenate([[together], np.bincount(_class(later), minlength=12)]))


def durations(passage: Passage) -> Vector:
    """The share of each class of note length: (12,)."""
    return _shares(np.bincount(_class(passage.duration), minlength=12))


def duration_transitions(passage: Passage) -> Vector:
    """The share of each pair of classes of length among successive notes: (144,)."""
    return _transitions(_class(passage.duration))


def velocities(passage: Passage) -> Vector:
    """Mean and standard deviation of velocity: (2,)."""
    return np.array([passage.velocity.mean(), passage.velocity.std()]) if len(passage) else np.zeros(2)


FEATURES: Mapping[str, Callable[[Passage], Vector | float]] = {
    "pitch count": pitch_count,
    "pitch range": pitch_range,
    "pitch classes": pitch_classes,
    "pitch-class transitions": pitch_class_transitions,
    "mean interval": mean_interval,
    "intervals": intervals,
    "note count": len,
    "density": density,
    "mean inter-onset time": mean_inter_onset,
    "inter-onset times": inter_onsets,
    "note lengths": durations,
    "note-length transitions": duration_transitions,
    "velocities": velocities,
}
"""The thirteen features by which sets are compared."""


def summary(passage: Passage) -> Vector:
    """Seventeen numbers that describe a passage, for the Fréchet distance: times and densities as logarithms: (17,)."""
    later, length = np.log2(_inter_onsets(passage) + 1e-3), np.log2(passage.duration + 1e-3)
    return np.array(
        [
            pitch_class_entropy(passage),
            scale_consistency(passage),
            pitch_count(passage),
            pitch_range(passage),
            passage.pitch.mean(),
            passage.pitch.std(),
            mean_interval(passage),
            polyphony(passage),
            polyphony_rate(passage),
            np.log2(density(passage) + 1e-3),
            inter_onsets(passage)[0],
            np.median(later) if len(later) else 0.0,
            later.std() if len(later) else 0.0,
            np.median(length),
            length.std(),
            *velocities(passage),
        ]
    )


def _shares(counts: NDArray[np.int64] | NDArray[np.float64]) -> Vector:
    return np.asarray(counts / max(1.0, float(counts.sum())))


def _transitions(classes: NDArray[np.int64]) -> Vector:
    return _shares(np.bincount(12 * classes[:-1] + classes[1:], minlength=144))


def _class(seconds: Vector) -> NDArray[np.int64]:
    return np.searchsorted(CLASSES, seconds)


def _inter_onsets(passage: Passage) -> Vector:
    """Seconds from each onset to the next, those of one chord left out."""
    times = np.diff(passage.onset)
    return np.asarray(times[times > TOGETHER])


def _sounding(passage: Passage) -> tuple[Vector, NDArray[np.int64]]:
    """Seconds between changes, and how many different pitches sound in each of them."""
    order = np.lexsort((passage.onset, passage.pitch))
    pitch, begin = passage.pitch[order], passage.onset[order]
    end = begin + passage.duration[order]
    lift = 1e6 * pitch  # pitches apart, so that one maximum runs through them all
    reach = np.maximum.accumulate(end + lift) - lift  # until when the pitch sounds without a break
    new = np.append(True, (begin[1:] > reach[:-1]) | (np.diff(pitch) != 0))[: len(begin)]
    first = np.flatnonzero(new)
    stop = reach[np.append(first[1:], len(begin)) - 1] if len(first) else reach
    times = np.concatenate([begin[first], stop])
    change = np.repeat([1, -1], len(first))
    order = np.argsort(times, kind="stable")
    return np.diff(times[order], append=times[order[-1:]]), np.cumsum(change[order])
