"""What happens in a piece of music, as rows of numbers, and `Track`: the events of one instrument.

Times are whole ticks, whose length in seconds is the business of the tempo map (`midi.Score`). Rows are kept in numpy
structured arrays, so that a million notes are as quick as one: `track.notes["pitch"]` is a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.errors import UnusableMidiError

LAST_TICK = 2**28 - 1
"""The largest step that a MIDI file can write: 77 hours at 480 ticks a beat and 120 beats a minute."""

DRUMS = 9
"""The channel, counted from 0, whose notes are drums and cymbals in General MIDI."""

SUSTAIN = 64
"""The controller of the sustain pedal; it is down at values from 64."""

Table = NDArray[np.void]
"""A structured array, one row an event, its columns those of the row's class in this module."""


class Note(NamedTuple):
    """A note: begin and length in ticks, `pitch` 0..127 (60 is middle C, 69 is A at 440 Hz), `velocity` 1..127."""

    tick: int
    duration: int
    pitch: int
    velocity: int = 64


class Control(NamedTuple):
    """A control change, such as of the sustain pedal (`number` 64); `number` and `value` are 0..127."""

    tick: int
    number: int
    value: int


class Bend(NamedTuple):
    """A pitch bend of -8192..8191, by custom two semitones either way."""

    tick: int
    value: int


class Pedal(NamedTuple):
    """A stretch with the sustain pedal down."""

    tick: int
    duration: int


class Tempo(NamedTuple):
    """From `tick` on, a beat (a quarter note) lasts so many `microseconds`: 500,000 are 120 beats a minute."""

    tick: int
    microseconds: int


class TimeSignature(NamedTuple):
    """From `tick` on, a bar has `numerator` notes of which `denominator` (1, 2, 4, ... 128) make a whole note."""

    tick: int
    numerator: int
    denominator: int


class KeySignature(NamedTuple):
    """From `tick` on, so many `sharps` (-7..7, flats are negative), in minor if `minor` is 1."""

    tick: int
    sharps: int
    minor: int = 0


FAMILIES = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe",
    "synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects",
)  # fmt: skip
"""The General MIDI families: eight programs each."""

FORMS: dict[type, np.dtype[np.void]] = {
    Note: np.dtype([("tick", "<i4"), ("duration", "<i4"), ("pitch", "u1"), ("velocity", "u1")], align=True),
    Control: np.dtype([("tick", "<i4"), ("number", "u1"), ("value", "u1")], align=True),
    Bend: np.dtype([("tick", "<i4"), ("value", "<i2")], align=True),
    Pedal: np.dtype([("tick", "<i4"), ("duration", "<i4")], align=True),
    Tempo: np.dtype([("tick", "<i4"), ("microseconds", "<i4")], align=True),
    TimeSignature: np.dtype([("tick", "<i4"), ("numerator", "u1"), ("denominator", "u1")], align=True),
    KeySignature: np.dtype([("tick", "<i4"), ("sharps", "i1"), ("minor", "u1")], align=True),
}
"""The columns of every kind of row."""

RANGES = {
    (Note, "pitch"): (0, 127),
    (Note, "velocity"): (1, 127),
    (Control, "number"): (0, 127),
    (Control, "value"): (0, 127),
    (Bend, "value"): (-8192, 8191),
    (Tempo, "microseconds"): (1, 2**24 - 1),
    (TimeSignature, "numerator"): (1, 255),
    (TimeSignature, "denominator"): (1, 128),
    (KeySignature, "sharps"): (-7, 7),
    (KeySignature, "minor"): (0, 1),
}
"""The least and the greatest value of columns; ticks and durations are 0..`LAST_TICK`."""


def columns(kind: type, **values: NDArray[Any]) -> Table:
    """A table of rows of `kind` from one array for each column."""
    table: Table = np.empty(len(values["tick"]), FORMS[kind])
    for field, column in values.items():
        table[field] = column
    return table


def rows(kind: type, given: Sequence[Any] | Table) -> Table:
    """A table of `kind` from rows or from a table, in order of ticks; rows of one tick keep their order.

    Raises `UnusableMidiError` for a value out of its range.
    """
    try:
        table = np.asarray(given if isinstance(given, np.ndarray) else [tuple(row) for row in given], FORMS[kind])
    except (OverflowError, ValueError, TypeError) as error:
        raise UnusableMidiError("score", f"{kind.__name__}: {error}") from None
    if not len(table):
        return table
    if (table["tick"][1:] < table["tick"][:-1]).any():
        table = table[np.argsort(table["tick"], kind="stable")]
    for field in table.dtype.names or ():
        low, high = RANGES.get((kind, field), (0, LAST_TICK))
        column = table[field]
        if field == "tick":
            least, greatest = column[0], column[-1]
        else:
            least = low if low == 0 and column.dtype.kind == "u" else column.min()
            greatest = column.max()
        if least < low or greatest > high:
            raise UnusableMidiError(
                "score", f"{kind.__name__} with {field} {least if least < low else greatest}; it may be {low}..{high}"
            )
    return table


@dataclass(frozen=True, eq=False, init=False)
class Track:
    """The events of one instrument on one `channel` (0..15; 9 is drums), which sounds as General MIDI `program` 0..127.

    `notes`, `controls` and `bends` are given as tables or as rows and kept as tables, in order. Where two notes of one
    pitch overlap, a MIDI file can't say which of them an end belongs to, so the one that begins first ends first: ends
    of notes that lie inside one another are exchanged. Raises `UnusableMidiError` for a value out of its range.
    """

    notes: Table
    controls: Table
    bends: Table
    program: int
    channel: int
    name: str

    def __init__(
        self,
        notes: Table | Sequence[Any] = (),
        controls: Table | Sequence[Any] = (),
        bends: Table | Sequence[Any] = (),
        program: int = 0,
        channel: int = 0,
        name: str = "",
    ) -> None:
        if not 0 <= program <= 127 or not 0 <= channel <= 15:
            raise UnusableMidiError("score", f"program {program} on channel {channel}; they are 0..127 and 0..15")
        fields = {
            "notes": _paired(rows(Note, notes)),
            "controls": rows(Control, controls),
            "bends": rows(Bend, bends),
            "program": program,
            "channel": channel,
            "name": name.encode("utf-8", "replace").decode(),
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Track):
            return NotImplemented
        names, tables = ("program", "channel", "name"), ("notes", "controls", "bends")
        return all(getattr(self, name) == getattr(other, name) for name in names) and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in tables
        )

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """Whether anything happens in it."""
        return bool(len(self.notes) or len(self.controls) or len(self.bends))

    @property
    def family(self) -> str:
        """What kind of instrument it is in General MIDI, such as "piano" or "drums"."""
        return "drums" if self.channel == DRUMS else FAMILIES[self.program // 8]

    @property
    def end(self) -> int:
        """The tick of its last event, ends of notes included; 0 if there is none."""
        notes = self.notes["tick"] + self.notes["duration"]
        return int(max(column.max(initial=0) for column in (notes, self.controls["tick"], self.bends["tick"])))

    @property
    def pedals(self) -> Table:
        """The stretches with the sustain pedal down, in ticks, by this track's own controls alone.

        A pedal that is down at the last control is down to the end of the track.
        """
        return pedals(self.controls, self.end)


def pedals(controls: Table, end: int) -> Table:
    """The `Pedal` stretches that `controls`, in order of ticks, make; the last one lasts to tick `end` if never lifted.

    Of several values at one tick the last counts, but for a lift and a press at one tick, which part two stretches.
    """
    sustain = controls[controls["number"] == SUSTAIN]
    down = sustain["value"] >= SUSTAIN
    changed = np.flatnonzero(np.diff(down, prepend=False))
    ticks = np.append(sustain["tick"][changed], end if len(changed) % 2 else [])
    begin, lift = ticks[0::2].astype(np.int32), ticks[1::2].astype(np.int32)
    sounding = lift > begin
    return columns(Pedal, tick=begin[sounding], duration=(lift - begin)[sounding])


def _paired(notes: Table) -> Table:
    """Notes by tick, then pitch, then end, such that of one pitch the first to begin is the first to end."""
    if not len(notes):
        return notes
    pitch = notes["pitch"].astype(np.int64)
    key = notes["tick"].astype(np.int64) << 35 | pitch << 28 | notes["duration"]  # 28, 7 and 28 bits
    if (key[1:] <= key[:-1]).any():
        order = np.argsort(key, kind="stable")
        if (np.diff(key[order]) == 0).any():
            order = np.lexsort((notes["velocity"], key))
        notes, pitch = notes[order], pitch[order]
    by_pitch = np.argsort(notes["pitch"], kind="stable")
    pitch, end = pitch[by_pitch], (notes["tick"].astype(np.int64) + notes["duration"])[by_pitch]
    if end.max() > LAST_TICK:
        raise UnusableMidiError("score", f"a note ends at tick {end.max()}; the last possible is {LAST_TICK}")
    if ((end[1:] < end[:-1]) & (pitch[1:] == pitch[:-1])).any():
        notes = notes.copy()
        notes["duration"][by_pitch] = end[np.lexsort((end, pitch))] - notes["tick"][by_pitch]
        return _paired(notes)
    return notes
