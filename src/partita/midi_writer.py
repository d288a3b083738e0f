"""Writing the bytes of MIDI files, with numpy: a million notes take no loop.

symusic's own writer puts every track on a channel of its choice, which parts hands from their pedal.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.events import Table, Track

END = b"\x00\xff\x2f\x00"
"""The event at the end of a track."""

Part = tuple[NDArray[Any], Sequence[Any]]
"""The ticks of some messages and, for each of their bytes, a value or a column of values."""


def serialise(
    ticks_per_beat: int, tracks: Sequence[Track], tempos: Table, time_signatures: Table, key_signatures: Table
) -> bytes:
    """The bytes of a format 1 file: a chunk of tempos and signatures, then a chunk for each track."""
    switches = _program_changes(tracks)
    chunks = [_conductor(tempos, time_signatures, key_signatures)]
    chunks += [_track_chunk(track, ticks) for track, ticks in zip(tracks, switches, strict=True)]
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), ticks_per_beat)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)


def _conductor(tempos: Table, time_signatures: Table, key_signatures: Table) -> bytes:
    """The body of the chunk of tempos and signatures."""
    beat = tempos["microseconds"]
    times = time_signatures
    power = np.log2(np.maximum(times["denominator"], 1)).astype(np.uint8)
    keys = key_signatures
    parts: list[Part] = [
        (times["tick"], [0xFF, 0x58, 4, times["numerator"], power, 24, 8]),
        (keys["tick"], [0xFF, 0x59, 2, keys["sharps"].view(np.uint8), keys["minor"]]),
        (tempos["tick"], [0xFF, 0x51, 3, beat >> 16, beat >> 8 & 0xFF, beat & 0xFF]),
    ]
    return _body(b"", parts)


def _track_chunk(track: Track, program_ticks: NDArray[Any]) -> bytes:
    """The body of a track's chunk.

    At one tick, controls come before the ends of notes, so that a pedal pressed there holds them, and ends before
    beginnings, so that a note can be struck again.
    """
    notes, controls, bends, channel = track.notes, track.controls, track.bends, track.channel
    title = track.name.encode()
    long = notes[notes["duration"] > 0]
    short = notes[notes["duration"] == 0]
    bent = bends["value"].astype(np.int32) + 8192
    parts: list[Part] = [
        (program_ticks, [0xC0 | channel, track.program]),
        (controls["tick"], [0xB0 | channel, controls["number"], controls["value"]]),
        (bends["tick"], [0xE0 | channel, bent & 0x7F, bent >> 7]),
        (long["tick"] + long["duration"], [0x80 | channel, long["pitch"], 64]),
        (notes["tick"], [0x90 | channel, notes["pitch"], notes["velocity"]]),
        (short["tick"], [0x80 | channel, short["pitch"], 64]),
    ]
    return _body(b"\x00\xff\x03" + _length(len(title)) + title if title else b"", parts)


def _body(begin: bytes, parts: Sequence[Part]) -> bytes:
    """A chunk's body: `begin`, then messages in order of ticks, those of one tick in the order of `parts`."""
    ticks = np.concatenate([ticks for ticks, _ in parts]).astype(np.int64)
    order = np.argsort(ticks, kind="stable")
    table = np.zeros((len(ticks), 4 + 7), np.uint8)
    used = np.zeros((len(ticks), 4 + 7), bool)
    start = 0
    for part, message in parts:
        for place, column in enumerate(message):
            table[start : start + len(part), 4 + place] = column
        used[start : start + len(part), 4 : 4 + len(message)] = True
        start += len(part)
    table, used = table[order], used[order]
    delta = np.diff(ticks[order], prepend=0)
    for place in range(4):  # a length of time is written in 7 bits a byte, the high bit says that more follow
        rest = delta >> 7 * (3 - place)
        table[:, place] = rest & 0x7F | (0x80 if place < 3 else 0)
        used[:, place] = (rest > 0) | (place == 3)
    return begin + table[used].tobytes() + END


def _length(value: int) -> bytes:
    """A length in 7 bits a byte, the high bit of all but the last set."""
    rest = [value & 0x7F]
    while value := value >> 7:
        rest.append(value & 0x7F | 0x80)
    return bytes(rest[::-1])


def _program_changes(tracks: Sequence[Track]) -> list[NDArray[Any]]:
    """The ticks at which each track writes its program: at 0, and where another track of its channel played before."""
    ticks: list[list[Any]] = [[0] for _ in tracks]
    for channel in {track.channel for track in tracks}:
        members = [i for i, track in enumerate(tracks) if track.channel == channel]
        if len({tracks[i].program for i in members}) == 1:
            continue
        onset = np.concatenate([tracks[i].notes["tick"] for i in members])
        owner = np.repeat(members, [len(tracks[i].notes) for i in members])
        order = np.argsort(onset, kind="stable")
        program = np.array([track.program for track in tracks])[owner[order]]
        for place in order[np.diff(program, prepend=tracks[members[-1]].program) != 0]:
            ticks[owner[place]].append(onset[place])
    return [np.array(found) for found in ticks]
