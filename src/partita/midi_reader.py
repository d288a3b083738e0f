"""Reading the bytes of MIDI files, through symusic.

symusic is fast and, on bytes that are not MIDI, dangerous: it reads beyond its arrays and takes the process with it. So
the file is taken apart here, and symusic is given one track chunk at a time, of a length that is right and with data
bytes clipped to 7 bits; so guarded, it got over every damaged file that it was tried on.

It also forgets the channel of a track, and with it which notes a pedal holds (a pianist's two hands are often two
tracks of one channel, the pedal in one of them), and it drops the controls of a channel on which no note is played.
Both are recovered with a dye: at the end of every chunk, one note and one control whose value is the channel are added
to each channel, and taken out of what comes back.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from partita.errors import UnreadableMidiError, UnusableMidiError
from partita.events import (
    LAST_TICK,
    RANGES,
    Bend,
    Control,
    KeySignature,
    Note,
    Table,
    Tempo,
    TimeSignature,
    Track,
    columns,
    rows,
)

LARGEST = 32 * 2**20
"""Bytes of the largest file that is read; events of three bytes take twenty times as many in memory."""

MOST_TRACKS = 0xFFFF
"""Tracks that a header can promise."""

MOST_COPIES = 2**23
"""Controls that symusic may copy from instrument to instrument of a channel, in one chunk."""

END = b"\xff\x2f\x00"
"""The event at the end of a track."""

DYE = 119
"""A controller without a meaning of its own."""

FRAMES = {24: 24.0, 25: 25.0, 29: 30 / 1.001, 30: 30.0}
"""Time code formats and their frames a second."""


META = {
    "tempos": (Tempo, {"time": "tick", "mspq": "microseconds"}),
    "time_signatures": (TimeSignature, {"time": "tick", "numerator": "numerator", "denominator": "denominator"}),
    "key_signatures": (KeySignature, {"time": "tick", "key": "sharps", "tonality": "minor"}),
}
"""What symusic calls the lists of tempos and signatures and their columns, and what they are called here."""


@dataclass
class Contents:
    """What is in a file, in its own order; see `midi.Score` for the fields."""

    ticks_per_beat: int
    tracks: list[Track] = field(default_factory=list)
    meta: dict[str, list[Table]] = field(default_factory=lambda: {name: [] for name in META})


def parse(data: bytes, name: str) -> Contents:
    """Read a file's bytes; `name` is what errors call it.

    Patterns of a format 2 file follow one another. Raises `UnreadableMidiError`.
    """
    kind, promised, ticks_per_beat, microseconds, start = _header(data, name)
    contents = Contents(ticks_per_beat)
    chunks = list(_chunks(data, start))
    if len(chunks) > MOST_TRACKS:
        raise UnreadableMidiError(name, f"holds {len(chunks)} tracks; a MIDI file has up to {MOST_TRACKS}")
    if promised and not chunks:
        raise UnreadableMidiError(name, f"holds none of the {promised} tracks that its header promises")
    shift = 0
    for number, (place, body) in enumerate(chunks, 1):
        try:
            end = _read_chunk(body, contents, shift)
        except (RuntimeError, ValueError, UnusableMidiError) as error:
            reason = getattr(error, "reason", str(error)).removeprefix("MiniMidi: ").split("!")[0]
            raise UnreadableMidiError(name, f"track {number}, from byte {place}, is damaged: {reason}") from None
        shift = shift + end if kind == 2 else 0
    if microseconds:
        contents.meta["tempos"] = [rows(Tempo, [Tempo(0, microseconds)])]
    return contents


def _header(data: bytes, name: str) -> tuple[int, int, int, int, int]:
    """Format, tracks, ticks per beat, microseconds per beat where tempos don't count (else 0), where the header ends.

    With a time code, which has no beats, a beat is one second of it.
    """
    if not data:
        raise UnreadableMidiError(name, "empty file (0 bytes)")
    if len(data) > LARGEST:
        raise UnreadableMidiError(name, f"{len(data) / 2**20:.0f} MB; files of up to {LARGEST >> 20} MB are read")
    offset = 20 if data[:4] == b"RIFF" and data[8:12] == b"RMID" else 0
    if data[offset : offset + 4] != b"MThd" or len(data) < offset + 14:
        raise UnreadableMidiError(name, "not a MIDI file: it does not begin with a whole MThd header")
    length, kind, tracks, division = struct.unpack_from(">IHHH", data, offset + 4)
    if kind > 2 or length < 6:
        raise UnreadableMidiError(name, f"its header is damaged: format {kind} of 0..2, length {length} of at least 6")
    if division & 0x8000:
        rate, ticks_per_frame = 256 - (division >> 8), division & 0xFF
        if rate not in FRAMES or not ticks_per_frame:
            raise UnreadableMidiError(name, f"its header is damaged: {ticks_per_frame} ticks in {rate} frames a second")
        return kind, tracks, rate * ticks_per_frame, round(1e6 * rate / FRAMES[rate]), offset + 8 + length
    if not division:
        raise UnreadableMidiError(name, "its header is damaged: 0 ticks a beat")
    return kind, tracks, division, 0, offset + 8 + length


def _chunks(data: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Where each track chunk begins, and its body.

    Where a stated length leads neither to another chunk nor to the end of the file, what it states goes to the next
    track.
    """
    if not data[place : place + 4].isalpha():
        place = max(data.find(b"MTrk"), 0)
    while len(data) - place >= 8:
        kind, length = struct.unpack_from(">4sI", data, place)
        end = place + 8 + length
        if end != len(data) and not data[end : end + 4].isalpha():
            found = data.find(b"MTrk", place + 8)
            end = found if found >= 0 else len(data)
        if kind == b"MTrk":
            yield place, data[place + 8 : end]
        place = end


def _read_chunk(body: bytes, contents: Contents, shift: int) -> int:
    """Add the events of one track chunk to `contents`, `shift` ticks later, and return how many ticks it lasts.

    Raises `RuntimeError` or `ValueError` with the reason where it is damaged.
    """
    score, tracks, end = _dyed(body)
    instruments = _instruments(tracks, end)
    meta = {name: _meta(score, name) for name in META}
    if shift:
        for table in [*meta.values(), *(table for *_, tables in instruments for table in tables)]:
            table["tick"] += min(shift, LAST_TICK + 1)
    for name, table in meta.items():
        if len(table):
            contents.meta[name].append(table)
    for channel, program, name, tables in instruments:
        contents.tracks.append(Track(*tables, program, channel, name))
    return end


def _dyed(body: bytes) -> tuple[Any, list[Any], int]:
    """A chunk as symusic reads it, its instruments, all with the dye in them, and the dye's tick, after all others.

    Raises `ValueError` where the end of the chunk can't be found.
    """
    channels = [c for c in range(16) if any(bytes([kind | c]) in body for kind in (0x90, 0xB0, 0xE0))] or [0]
    if len(body) > 2**18 and len(body) // 3 * sum(body.count(bytes([0xC0 | c])) for c in range(16)) > MOST_COPIES:
        raise ValueError("it is too large for as many changes of program")
    for find in (body.rfind, body.find):  # the first, too, where something follows the end
        programs: set[int] = set()
        for _ in range(2):
            score = _with_dye(body, find(END), channels, programs)
            instruments = [track for track in score.tracks if track.controls or track.notes or track.pitch_bends]
            tick = max((track.controls[-1].time for track in instruments if track.controls), default=0)
            if len(instruments) >= len(channels) and all(_is_dyed(track, tick) for track in instruments):
                return score, instruments, tick
            programs = {track.program for track in instruments}  # those that a channel no longer has at its end, too
            if sum(len(track.controls) for track in instruments) * len(programs) > MOST_COPIES:
                raise ValueError("it has too many controls for as many programs")
    raise ValueError("its last events are cut off, or something follows its end")


def _with_dye(body: bytes, cut: int, channels: list[int], programs: set[int]) -> Any:
    """What symusic reads of a chunk that ends at `cut` (-1: at its length) and of the dye that follows one tick later.

    The dye goes to the instrument that each channel has at its end or, if given, to each of `programs`.
    """
    from symusic import core

    dye = b"".join(
        (b"" if program is None else bytes([0xC0 | channel, program, 0]))
        + bytes([0x90 | channel, 127, 1, 0, 0x80 | channel, 127, 0, 0, 0xB0 | channel, DYE, channel, 0])
        for channel in channels
        for program in programs or (None,)
    )
    before = memoryview(body)[:cut] if cut >= 0 else body
    after = (b"" if cut >= 0 else b"\x00") + b"\xff\x01\x00\x01\xff\x01\x00\x00" + dye + END
    header = b"MThd" + struct.pack(">IHHH4sI", 6, 0, 1, 480, b"MTrk", len(before) + len(after))
    return core.ScoreTick.from_midi(b"".join((header, before, after)), True)


def _is_dyed(track: Any, tick: int) -> bool:
    """Whether the last control of a track is the dye at `tick`, whose value tells the channel."""
    return bool(track.controls) and track.controls[-1].number == DYE and track.controls[-1].time == tick


def _instruments(tracks: list[Any], end: int) -> list[tuple[int, int, str, tuple[Table, Table, Table]]]:
    """Channel, program, name and tables of notes, controls and bends of each instrument, without the dye.

    symusic copies the controls of a channel to each of its instruments; they stay with the first of them that plays.
    """
    found = []
    seen: dict[int, tuple[Table, Table]] = {}
    first = [(track.notes[0].time if track.notes else end, i) for i, track in enumerate(tracks)]
    for _, i in sorted(first):
        track = tracks[i]
        channel = track.controls[-1].value
        note, control, bend = track.notes.numpy(), track.controls.numpy(), track.pitch_bends.numpy()
        notes = columns(
            Note, tick=note["time"], duration=note["duration"], pitch=note["pitch"], velocity=note["velocity"]
        )
        notes = notes[: np.searchsorted(note["time"], end)]
        controls = columns(Control, tick=control["time"], number=control["number"], value=control["value"])[:-1]
        bends = columns(Bend, tick=bend["time"], value=bend["value"])
        if channel in seen:
            controls, bends = (_new(part, had) for part, had in zip((controls, bends), seen[channel], strict=True))
        if len(notes) or len(controls) or len(bends):
            found.append((i, (channel, track.program, track.name, (notes, controls, bends))))
            if channel in seen:
                controls, bends = map(np.concatenate, zip(seen[channel], (controls, bends), strict=True))
            seen[channel] = controls, bends
    return [instrument for _, instrument in sorted(found, key=lambda pair: pair[0])]


def _new(table: Table, had: Table) -> Table:
    """The rows of a table of controls or bends that are not in another."""
    one, other = (
        np.sum(
            [part[column].astype(np.int64) << (32 - 16 * i) for i, column in enumerate(part.dtype.names or ())], axis=0
        )
        for part in (table, had)
    )
    return np.asarray(table[~np.isin(one, other)])


def _meta(score: Any, name: str) -> Table:
    """Tempos or signatures, without those that mean nothing: no tempo is 0, no key has eight sharps."""
    kind, names = META[name]
    given = getattr(score, name)
    if not given:
        return rows(kind, ())
    table = columns(kind, **{names[column]: values for column, values in given.numpy().items()})
    known = np.ones(len(table), bool)
    for column in table.dtype.names or ():
        low, high = RANGES.get((kind, column), (0, LAST_TICK))
        known &= (table[column] >= low) & (table[column] <= high)
    return np.asarray(table[known])
