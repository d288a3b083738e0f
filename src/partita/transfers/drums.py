"""The style's drums on the content's beats.

Whole bars of the style are repeated over the content. Between beats time is stretched, but around each onset it runs at
its own speed, so that attacks stay as sharp as they were; what is stretched is the time between them. The sound follows
this map of time by adding short windows, which is enough for sound without tones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partita.features import Array, hann
from partita.rhythm import BEATS_PER_BAR, FRAMES_PER_SECOND, Rhythm, accents

Curve = NDArray[np.float64]

MOST_BARS = 8
WINDOW_SECONDS = 0.046
"""1,024 samples at 22,050 Hz."""
BEFORE_ONSET, AFTER_ONSET = 0.005, 0.06
"""Seconds around an onset that keep their speed."""


@dataclass(frozen=True, eq=False)
class TimeMap:
    """Which moment of the style sounds at which moment of the content.

    `beats` (n,) are the content's in seconds; from each to the next the style sounds from `starts` to `ends` (n - 1,),
    which begin `positions` beats after the begin of a bar of the style. `onsets` are the style's, in seconds.
    """

    beats: Curve
    starts: Curve
    ends: Curve
    positions: Curve
    onsets: Curve

    def style_seconds(self, seconds: Curve) -> Curve:
        """The style's moments that sound at these moments of the content."""
        beat = np.clip(np.searchsorted(self.beats, seconds, "right") - 1, 0, len(self.starts) - 1)
        here, there = self._anchors()
        unrolled = np.concatenate([[0.0], np.cumsum(self.ends - self.starts)])[:-1]
        return np.asarray(np.interp(seconds, here, there) - unrolled[beat] + self.starts[beat])

    def style_position(self, seconds: Curve) -> Curve:
        """Beats since the begin of the style's bar, 0 up to 4, at these moments of the content."""
        count = np.interp(seconds, self.beats, np.arange(len(self.beats)))
        beat = np.minimum(count.astype(int), len(self.positions) - 1)
        return np.asarray((self.positions[beat] + count - beat) % BEATS_PER_BAR)

    def _anchors(self) -> tuple[Curve, Curve]:
        """Moments of the content and of the style, the latter counted on through repetitions, straight between."""
        here, there, unrolled = [self.beats[0]], [0.0], 0.0
        for beat, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            speed = (self.beats[beat + 1] - self.beats[beat]) / (end - start)
            inside = self.onsets[(self.onsets > start + BEFORE_ONSET) & (self.onsets < end - BEFORE_ONSET)]
            for onset, following in zip(inside, [*inside, end][1:], strict=True):
                at = self.beats[beat] + (onset - start) * speed
                kept = min(AFTER_ONSET, 0.4 * (following - onset) * min(1.0, speed))
                lead = min(BEFORE_ONSET, 0.2 * kept)
                if at - lead > here[-1]:
                    here += [at - lead, at + kept]
                    there += [unrolled + onset - start - lead, unrolled + onset - start + kept]
            unrolled += end - start
            if self.beats[beat + 1] > here[-1] and unrolled > there[-1]:
                here.append(self.beats[beat + 1])
                there.append(unrolled)
        return np.array(here), np.array(there)


def map_time(content: Rhythm, style: Rhythm) -> TimeMap:
    """Lay whole bars of the style over the content's beats.

    The style's beats are halved or doubled where that brings its tempo nearer, and turned by as many beats as make its
    bass accents agree best with the content's.
    """
    style = style.at_octave(content.tempo)
    beats, length = style.beats, style.onsets.shape[1] / FRAMES_PER_SECOND
    whole = np.flatnonzero((beats >= 0) & (beats <= length))
    first = int(whole[0]) if len(whole) else 0
    first += (style.downbeat - first) % BEATS_PER_BAR
    last = int(whole[-1]) if len(whole) else len(beats) - 1
    bars = min(MOST_BARS, (last - first) // BEATS_PER_BAR)
    if bars < 1:  # not one whole bar: what there is, over and over
        first, bars = max(0, min(first, len(beats) - 1 - BEATS_PER_BAR)), 1
    loop = beats[first : first + BEATS_PER_BAR * bars + 1]
    if len(loop) < 2:
        loop = np.array([0.0, max(length, 0.1)])
    count = len(content.beats) - 1
    turn = _best_turn(content, style, loop)
    place = (np.arange(count) - content.downbeat + turn) % (len(loop) - 1)
    positions = (place % BEATS_PER_BAR).astype(np.float64)
    return TimeMap(content.beats, loop[place], loop[place + 1], positions, _onset_times(style))


def follow(drums: Array, rate: int, times: TimeMap, frames: int) -> Array:
    """Samples (channels, frames) in which `drums` (channels, n) sounds as the map says."""
    size = 1 << round(float(np.log2(WINDOW_SECONDS * rate)))
    hop = size // 4
    window = hann(size) / np.float32(2)  # four of them overlap to 1
    centres = np.arange(0, frames + size, hop)
    places = np.rint(times.style_seconds(centres / rate) * rate).astype(int)
    padded = np.pad(drums, ((0, 0), (size, size)))
    places = np.clip(places + size // 2, 0, padded.shape[1] - size)
    made = np.zeros((len(drums), hop * (len(centres) + 3)), np.float32)
    for number, place in enumerate(places):
        made[:, number * hop : number * hop + size] += padded[:, place : place + size] * window
    return made[:, size // 2 : size // 2 + frames]


def _best_turn(content: Rhythm, style: Rhythm, loop: Curve) -> int:
    """By how many beats to turn the loop so that bass accents within the bar agree best; 0 where they say nothing."""
    ours = _by_beat(accents(content.onsets, content.beats)[0], content.downbeat)
    theirs = _by_beat(accents(style.onsets, loop[:-1])[0], 0)
    if ours.std() < 1e-6 or theirs.std() < 1e-6:
        return 0
    return int(np.argmax([float(ours @ np.roll(theirs, -turn)) for turn in range(BEATS_PER_BAR)]))


def _by_beat(struck: Curve, downbeat: int) -> Curve:
    """Mean accent of each beat of the bar, without its mean (4,)."""
    means = [struck[(downbeat + beat) % BEATS_PER_BAR :: BEATS_PER_BAR] for beat in range(BEATS_PER_BAR)]
    values = np.array([part.mean() if len(part) else 0.0 for part in means])
    return np.asarray(values - values.mean())


def _onset_times(style: Rhythm) -> Curve:
    """Seconds of onsets: peaks of the strength that stand above its surroundings."""
    strength = style.strength
    if len(strength) < 3:
        return np.zeros(0)
    around = np.convolve(strength, np.ones(43) / 43, "same")
    peak = (strength[1:-1] >= strength[:-2]) & (strength[1:-1] > strength[2:]) & (strength[1:-1] > around[1:-1] + 0.5)
    return np.asarray((np.flatnonzero(peak) + 1) / FRAMES_PER_SECOND)
