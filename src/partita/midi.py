"""`Score`: a piece of music as MIDI holds it, in memory and on disk; the only MIDI file input and output.

A score keeps the notes of its tracks with their velocities, the controls (the pedals among them) and pitch bends, the
tempo map, the time and key signatures, names and programs. Reading a file, writing it and reading it again gives the
same score to the tick. Lyrics, markers, aftertouch and system exclusive messages are not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partita.errors import UnreadableMidiError, UnusableMidiError
from partita.events import (
    Control,
    KeySignature,
    Note,
    Pedal,
    Table,
    Tempo,
    TimeSignature,
    Track,
    columns,
    pedals,
    rows,
)
from partita.files import replacing
from partita.midi_reader import parse
from partita.midi_writer import serialise

__all__ = ["Control", "KeySignature", "Note", "Pedal", "Score", "Tempo", "TimeSignature", "Track"]

USUAL_BEAT = 500_000
"""Microseconds of a beat (a quarter note) where a file does not say: 120 beats a minute."""


@dataclass(frozen=True, eq=False, init=False)
class Score:
    """Tracks of notes over a tempo map.

    `ticks_per_beat` says how fine time is: a beat (a quarter note) has so many ticks, 1..32767. `tempos`,
    `time_signatures` and `key_signatures` are given as tables or rows of `Tempo`, `TimeSignature`, `KeySignature` and
    kept as tables. A track without any event is left out.

    >>> score = Score([Track([Note(0, 480, 69), Note(480, 480, 71)])], tempos=[Tempo(0, 1_000_000)])
    >>> score.seconds
    2.0
    """

    tracks: tuple[Track, ...]
    ticks_per_beat: int
    tempos: Table
    time_signatures: Table
    key_signatures: Table
    name: str

    def __init__(
        self,
        tracks: Sequence[Track] = (),
        ticks_per_beat: int = 480,
        tempos: Table | Sequence[Any] = (),
        time_signatures: Table | Sequence[Any] = (),
        key_signatures: Table | Sequence[Any] = (),
        name: str = "score in memory",
    ) -> None:
        times = rows(TimeSignature, time_signatures)
        if not 1 <= ticks_per_beat <= 0x7FFF:
            raise UnusableMidiError(name, f"{ticks_per_beat} ticks a beat; they are 1..32767")
        if (times["denominator"] & (times["denominator"] - 1)).any():
            raise UnusableMidiError(name, "a time signature's denominator is 1, 2, 4, ... 128")
        if len(tracks) > 0xFFFE:
            raise UnusableMidiError(name, f"{len(tracks)} tracks; a file holds up to 65,534")
        fields = {
            "tracks": tuple(track for track in tracks if track),
            "ticks_per_beat": ticks_per_beat,
            "tempos": rows(Tempo, tempos),
            "time_signatures": times,
            "key_signatures": rows(KeySignature, key_signatures),
            "name": name,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @classmethod
    def read(cls, path: str | Path) -> "Score":
        """Read a MIDI file.

        Raises `UnreadableMidiError` for what is no file, not MIDI, or damaged.
        """
        try:
            data = Path(path).read_bytes()
        except IsADirectoryError:
            raise UnreadableMidiError(path, "a folder, not a MIDI file") from None
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            raise UnreadableMidiError(
                path, "no such file" if missing else f"can't be opened: {error.strerror}"
            ) from None
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "score in memory") -> "Score":
        """Read the bytes of a MIDI file.

        Raises `UnreadableMidiError` for what is not MIDI or damaged.
        """
        contents = parse(data, name)
        meta = {kind: _concatenated(tables) for kind, tables in contents.meta.items()}
        return cls(contents.tracks, contents.ticks_per_beat, **meta, name=name)

    def to_bytes(self) -> bytes:
        """The bytes of a MIDI file (format 1); the same score gives the same bytes."""
        return serialise(self.ticks_per_beat, self.tracks, self.tempos, self.time_signatures, self.key_signatures)

    def write(self, path: str | Path) -> None:
        """Write a MIDI file, which appears whole or not at all."""
        data = self.to_bytes()
        with replacing(path) as partial:
            partial.write_bytes(data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        names = ("tempos", "time_signatures", "key_signatures")
        same = self.ticks_per_beat == other.ticks_per_beat and self.tracks == other.tracks
        return same and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    @property
    def end(self) -> int:
        """The tick of the last event of any track, ends of notes included."""
        return max((track.end for track in self.tracks), default=0)

    @property
    def seconds(self) -> float:
        """Length from tick 0 to `end`."""
        return float(self.seconds_at(self.end))

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels that tracks are on, in ascending order."""
        return tuple(sorted({track.channel for track in self.tracks}))

    def notes(self) -> Table:
        """The notes of all tracks together, by tick, then pitch, then length."""
        notes = np.concatenate([rows(Note, ()), *(track.notes for track in self.tracks)])
        return notes[np.lexsort((notes["duration"], notes["pitch"], notes["tick"]))]

    def pedals(self, channel: int | None = None) -> Table:
        """The stretches with the sustain pedal down, in ticks, on one channel, or on any (overlaps joined).

        A pedal belongs to its channel: it holds the notes of all tracks that are on it.
        """
        if channel is None:
            return _joined(np.concatenate([rows(Pedal, ()), *map(self.pedals, self.channels)]))
        members = [track for track in self.tracks if track.channel == channel]
        controls = np.concatenate([rows(Control, ()), *(track.controls for track in members)])
        return pedals(rows(Control, controls), max((track.end for track in members), default=0))

    def seconds_at(self, ticks: ArrayLike) -> NDArray[np.float64]:
        """The seconds at which ticks (any shape) are played, through the tempo map."""
        ticks = np.asarray(ticks)
        begin, seconds, pace = self._paces
        if len(begin) == 1:
            return np.asarray(ticks * pace[0])
        part = np.searchsorted(begin, ticks, "right") - 1
        return np.asarray(seconds[part] + (ticks - begin[part]) * pace[part])

    def ticks_at(self, seconds: ArrayLike) -> NDArray[np.int64]:
        """The nearest ticks to seconds (any shape, not negative): the inverse of `seconds_at`."""
        seconds = np.asarray(seconds, np.float64)
        begin, begin_seconds, pace = self._paces
        part = np.searchsorted(begin_seconds, seconds, "right") - 1
        return np.asarray(np.rint(begin[part] + (seconds - begin_seconds[part]) / pace[part]), np.int64)

    @cached_property
    def _paces(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Where each tempo begins, in ticks and in seconds, and how many seconds a tick of it lasts."""
        tempos = np.concatenate([rows(Tempo, [Tempo(0, USUAL_BEAT)]), self.tempos])
        begin = tempos["tick"].astype(np.int64)
        pace = tempos["microseconds"] / (1e6 * self.ticks_per_beat)
        lasting = np.append(begin[1:] > begin[:-1], True)  # of several tempos at a tick the last counts
        begin, pace = begin[lasting], pace[lasting]
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(begin) * pace[:-1])])
        return begin, seconds, pace

    def sustained(self) -> "Score":
        """The score as it sounds without a pedal: notes that the pedal holds last until it is lifted.

        A held note ends early where its pitch is struck again on the same channel. Controls of the pedal are kept.
        """
        spans = {channel: self.pedals(channel) for channel in self.channels}
        struck = {
            channel: np.unique(
                np.concatenate([_keys(track.notes) for track in self.tracks if track.channel == channel])
            )
            for channel in self.channels
            if len(spans[channel])
        }
        return replace(
            self,
            tracks=tuple(
                replace(track, notes=_held(track.notes, spans[track.channel], struck[track.channel]))
                if len(spans[track.channel])
                else track
                for track in self.tracks
            ),
        )


def _concatenated(tables: Sequence[Table]) -> Table | tuple[()]:
    """One table of several (rarely more than one: numpy takes long over the types of rows)."""
    return np.concatenate(tables) if len(tables) > 1 else tables[0] if tables else ()


def _keys(notes: Table) -> NDArray[np.int64]:
    """Pitch and onset as one number, in order of pitch first."""
    return np.asarray(notes["pitch"].astype(np.int64) << 32 | notes["tick"])


def _held(notes: Table, spans: Table, struck: NDArray[np.int64]) -> Table:
    """Notes that last to the end of the pedal that is down when they end, or to the next of their pitch in `struck`."""
    end = notes["tick"].astype(np.int64) + notes["duration"]
    lift = spans["tick"].astype(np.int64) + spans["duration"]
    part = np.searchsorted(spans["tick"], end, "right") - 1
    held = np.where((part >= 0) & (end < lift[part]), lift[part], end)
    following = np.append(struck, np.iinfo(np.int64).max)[np.searchsorted(struck, _keys(notes), "right")]
    again = np.where(following >> 32 == notes["pitch"], following & 0xFFFFFFFF, np.iinfo(np.int64).max)
    longer = notes.copy()
    longer["duration"] = np.maximum(np.minimum(held, again), end) - notes["tick"]
    return longer


def _joined(spans: Table) -> Table:
    """Spans in order of ticks, those that overlap as one; a lift and a press at one tick part two."""
    spans = rows(Pedal, spans)
    lift = np.maximum.accumulate(spans["tick"].astype(np.int64) + spans["duration"])
    apart = np.append(True, spans["tick"][1:] >= lift[:-1])[: len(spans)]
    first = np.flatnonzero(apart)
    last = np.append(first[1:] - 1, len(spans) - 1)[: len(first)]
    return columns(Pedal, tick=spans["tick"][first], duration=lift[last] - spans["tick"][first])
