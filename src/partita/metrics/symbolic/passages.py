"""`Passage`: a stretch of a score in seconds, as columns, and cutting scores into such stretches.

Numbers of whole pieces grow with their length, and modulations spread their pitch classes; so pieces are compared by
passages of one length, and a figure is stated with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from partita.events import DRUMS, Note, Track, columns
from partita.midi import Score

TOGETHER = 0.03
"""Seconds up to which notes that follow each other are one chord: players and grids of 10 ms spread it."""


@dataclass(frozen=True, eq=False)
class Passage:
    """The notes of all tracks but drums that begin within `seconds`, by onset, then pitch.

    `onset` and `duration` float64 (notes,) in seconds from the begin of the passage, `pitch` and `velocity` int64
    (notes,). A note sounds as long as its key is down, and not beyond the passage.
    """

    onset: NDArray[np.float64]
    duration: NDArray[np.float64]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    seconds: float

    @classmethod
    def of(cls, score: Score) -> Self:
        """The whole score, from its first onset to its last end."""
        tables = [track.notes for track in score.tracks if track.channel != DRUMS]
        notes = np.concatenate(tables) if tables else columns(Note, tick=np.zeros(0, np.int32))
        onset = score.seconds_at(notes["tick"])
        duration = score.seconds_at(notes["tick"].astype(np.int64) + notes["duration"]) - onset
        order = np.lexsort((notes["pitch"], onset))
        onset, duration, notes = onset[order], duration[order], notes[order]
        first = float(onset[0]) if len(onset) else 0.0
        pitch, velocity = notes["pitch"].astype(np.int64), notes["velocity"].astype(np.int64)
        return cls(onset - first, duration, pitch, velocity, float((onset + duration).max(initial=first)) - first)

    def __len__(self) -> int:
        return len(self.onset)

    def cut(self, begin: float, seconds: float) -> Self:
        """The notes that begin from `begin` on for so many seconds."""
        low, high = np.searchsorted(self.onset, [begin, begin + seconds])
        onset = self.onset[low:high] - begin
        duration = np.minimum(self.duration[low:high], seconds - onset)
        return replace(
            self,
            onset=onset,
            duration=duration,
            pitch=self.pitch[low:high],
            velocity=self.velocity[low:high],
            seconds=seconds,
        )

    def windows(self, seconds: float) -> Iterator[Self]:
        """Passages of so many seconds side by side, without the rest and without those that have fewer than two notes.

        A passage that is shorter gives none.
        """
        for number in range(int(self.seconds // seconds)):
            window = self.cut(number * seconds, seconds)
            if len(window) >= 2:
                yield window

    def scattered(self, rng: np.random.Generator, most: int = 12) -> Self:
        """Each note transposed by itself, up to `most` semitones: the rhythm stays, melody and harmony are lost.

        A note that would leave 0..127 goes the other way.
        """
        moved = self.pitch + rng.integers(-most, most + 1, len(self))
        back = (moved < 0) | (moved > 127)
        return replace(self, pitch=np.where(back, 2 * self.pitch - moved, moved))

    def score(self) -> Score:
        """The passage as a score of one track whose ticks are milliseconds."""
        values: dict[str, NDArray[Any]] = {
            "tick": np.rint(1000 * self.onset),
            "duration": np.rint(1000 * self.duration),
            "pitch": self.pitch,
            "velocity": self.velocity,
        }
        return Score([Track(columns(Note, **values))], ticks_per_beat=500)


def groove_consistency(score: Score, positions: int = 16) -> float:
    """How much each bar is struck where the one before was: 1 less the mean share of positions that differ.

    A bar, as time signatures make it (4/4 where there is none), has so many positions; bars count from that of the
    first onset to that of the last, so identical bars give exactly 1. Not a number for fewer than two bars. It needs
    bars: files of performances whose ticks follow a clock have none. After Wu and Yang 2020, between neighbours.
    """
    ticks = score.notes()["tick"].astype(np.int64)
    if not len(ticks):
        return float("nan")
    begins = _bars(score, int(ticks[-1]))
    bar = np.searchsorted(begins, ticks, "right") - 1
    place = ((ticks - begins[bar]) * positions + (begins[bar + 1] - begins[bar]) // 2) // (
        begins[bar + 1] - begins[bar]
    )
    bar, place = bar + place // positions, place % positions  # what is just ahead of a bar belongs to it
    bar -= bar.min()
    struck = np.zeros((int(bar.max()) + 1, positions), bool)
    struck[bar, place] = True
    if len(struck) < 2:
        return float("nan")
    return float(1 - (struck[1:] != struck[:-1]).mean())


def _bars(score: Score, last: int) -> NDArray[np.int64]:
    """The ticks at which bars begin, up to the second one after tick `last`."""
    changes = [(int(s["tick"]), int(s["numerator"]), int(s["denominator"])) for s in score.time_signatures]
    changes = [change for change in changes if change[0] <= last]
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0, 4, 4))
    begins = [np.zeros(0, np.int64)]
    for number, (tick, numerator, denominator) in enumerate(changes):
        length = max(1, score.ticks_per_beat * 4 * numerator // denominator)
        end = changes[number + 1][0] if number + 1 < len(changes) else last + 2 * length + 1
        begins.append(np.arange(tick, end, length))
    return np.unique(np.concatenate(begins))
