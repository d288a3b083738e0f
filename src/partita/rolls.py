"""Piano rolls: scores as pictures of time and pitch, on a grid of seconds or of beats, and back.

`Roll` has a plane of its own for onsets, so that a note struck again is not a note held. `squeezed` is the form of the
AAA report (Gehmayr), a whole piece stretched to a fixed number of rows, kept for comparison; `survival` counts the
notes that it loses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from partita.errors import UnusableMidiError
from partita.events import DRUMS, LAST_TICK, Note, Table, Track, columns
from partita.midi import Score

PITCHES = 128

LARGEST = 2**18
"""Steps of the longest roll that is made: 87 minutes of 20 ms."""

AAA_SHAPES = ((256, 256), (512, 512), (1024, 1024), (1024, 128))
"""The rows and columns of the report's four data sets."""


def _milliseconds() -> Score:
    """A score without notes, whose ticks are milliseconds."""
    return Score(ticks_per_beat=500)


@dataclass(frozen=True, eq=False)
class Roll:
    """A piano roll: what sounds in each step of `step` seconds or beats, which is stated by `unit`.

    `onset` bool (steps, 128) is true where a note begins. `velocity` uint8 (steps, 128) is that of the note that
    sounds, from its onset on, and 0 where there is none. `frame` is a score without notes that keeps ticks, tempo map
    and signatures; a roll in seconds has its tempo in its time, so its ticks are milliseconds.
    """

    onset: NDArray[np.bool_]
    velocity: NDArray[np.uint8]
    step: float
    unit: Literal["seconds", "beats"] = "seconds"
    frame: Score = field(default_factory=_milliseconds)

    @property
    def sustain(self) -> NDArray[np.bool_]:
        """Where a note sounds: bool (steps, 128)."""
        return np.asarray(self.velocity > 0)

    def score(self) -> Score:
        """The notes of the roll as one track; its onsets and ends lie on the grid, without drift.

        A step that sounds without an onset before it begins a note, and an onset that is silent is none, so that what
        a model draws can always be read.
        """
        sounds = self.sustain
        before = np.vstack([np.zeros((1, PITCHES), bool), sounds[:-1]])
        begins = sounds & (self.onset | ~before)
        after = np.vstack([sounds[1:], np.zeros((1, PITCHES), bool)])
        again = np.vstack([begins[1:], np.zeros((1, PITCHES), bool)])
        # both in order of pitch, then time: each beginning has its end before the next beginning
        pitch, first = np.nonzero(begins.T)
        _, last = np.nonzero((sounds & (~after | again)).T)
        velocity = self.velocity[first, pitch]
        begin, end = self.ticks(first), self.ticks(last + 1)
        notes = columns(Note, tick=begin, duration=end - begin, pitch=pitch, velocity=np.minimum(velocity, 127))
        return replace(self.frame, tracks=(Track(notes),))

    def ticks(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ticks of the frame at which steps begin."""
        times = steps * self.step
        return self.frame.ticks_at(times) if self.unit == "seconds" else _nearest(times * self.frame.ticks_per_beat)


def roll(
    score: Score, step: float = 0.05, unit: Literal["seconds", "beats"] = "seconds", *, pedal: bool = False
) -> Roll:
    """The piano roll of all notes of a score except those of drums; with `pedal`, notes sound as long as it holds them.

    Onsets and ends go to the nearest step, and every note lasts at least one. Of notes of one pitch that begin in one
    step the loudest stays, and a note ends where its pitch is struck again. Raises `UnusableMidiError` for a step that
    is not positive or makes more steps than `LARGEST`.
    """
    if not step > 0:
        raise UnusableMidiError(score.name, f"a step of {step} {unit}; it has to be longer than 0")
    notes = _pitched(score.sustained() if pedal else score)
    begin, end = notes["tick"].astype(np.int64), notes["tick"].astype(np.int64) + notes["duration"]
    if unit == "seconds":
        first, last = _nearest(score.seconds_at(begin) / step), _nearest(score.seconds_at(end) / step)
    else:
        first, last = (_nearest(ticks / (score.ticks_per_beat * step)) for ticks in (begin, end))
    last = np.maximum(last, first + 1)
    steps = int(last.max(initial=0))
    if steps > LARGEST:
        raise UnusableMidiError(score.name, f"{steps:,} steps of {step} {unit}; up to {LARGEST:,} are made")
    pitch, velocity = notes["pitch"].astype(np.int64), notes["velocity"]
    order = np.lexsort((velocity, first, pitch))
    pitch, first, last, velocity = pitch[order], first[order], last[order], velocity[order]
    again = np.append(pitch[1:] == pitch[:-1], False)[: len(pitch)]
    following = np.append(first[1:], LAST_TICK)[: len(first)]
    last = np.where(again, np.minimum(last, following), last)
    kept = last > first  # the loudest of an onset comes last
    pitch, first, last, velocity = pitch[kept], first[kept], last[kept], velocity[kept]
    change = np.zeros((steps + 1, PITCHES), np.int16)
    np.add.at(change, (first, pitch), velocity)
    np.subtract.at(change, (last, pitch), velocity)
    onset = np.zeros((steps, PITCHES), bool)
    onset[first, pitch] = True
    frame = _milliseconds() if unit == "seconds" else replace(score, tracks=())
    return Roll(onset, np.cumsum(change[:-1], axis=0, dtype=np.int16).astype(np.uint8), step, unit, frame)


def squeezed(score: Score, rows: int, columns: int = PITCHES) -> NDArray[np.float32]:
    """The report's picture of a piece: float32 (rows, columns), velocity 0..1, tracks merged by the greatest.

    Rows are ticks that lie evenly over the piece, so every piece has a time unit of its own and its tempo map is lost;
    columns are the 128 pitches, each repeated where there are more. Raises `UnusableMidiError` for columns that are no
    multiple of 128.
    """
    if rows < 1 or columns < 1 or columns % PITCHES:
        raise UnusableMidiError(score.name, f"({rows}, {columns}) rows and columns; columns are a multiple of 128")
    notes = score.notes()
    first, last = _rows_of(notes, rows)
    picture = np.zeros((rows, PITCHES), np.float32)
    for begin, end, pitch, velocity in zip(first, last, notes["pitch"], notes["velocity"] / 127, strict=True):
        part = picture[begin:end, pitch]
        np.maximum(part, velocity, out=part)
    return np.repeat(picture, columns // PITCHES, axis=1)


@dataclass(frozen=True)
class Survival:
    """What is left of `notes`: `seen` have a cell of their own to begin in, `apart` a silent one before it as well."""

    notes: int
    seen: int
    apart: int

    def __str__(self) -> str:
        seen, apart = (100 * count / max(self.notes, 1) for count in (self.seen, self.apart))
        return f"{seen:.1f} % of {self.notes} notes survive, {apart:.1f} % can be told from the one before"


def survival(scores: Iterable[Score], rows: int) -> Survival:
    """How many notes of scores survive `squeezed` to a number of rows, which does not depend on its columns."""
    notes = seen = apart = 0
    for score in scores:
        table = score.notes()
        first, last = _rows_of(table, rows)
        hit = last > first
        picture = squeezed(score, rows) > 0
        notes += len(table)
        seen += len(np.unique(first[hit] * PITCHES + table["pitch"][hit]))
        apart += int(np.count_nonzero(picture & ~np.vstack([np.zeros((1, PITCHES), bool), picture[:-1]])))
    return Survival(notes, seen, apart)


def _rows_of(notes: Table, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row that each note sounds in and the one after its last; they are the same if it falls between rows."""
    end = notes["tick"].astype(np.int64) + notes["duration"]
    sampled = np.floor((np.arange(rows) + 0.5) * int(end.max(initial=0)) / rows)
    return np.searchsorted(sampled, notes["tick"]), np.searchsorted(sampled, end)


def _pitched(score: Score) -> Table:
    """The notes of a score that are not drums, in order of ticks."""
    return replace(score, tracks=tuple(track for track in score.tracks if track.channel != DRUMS)).notes()


def _nearest(times: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    return np.asarray(np.rint(times), np.int64)
