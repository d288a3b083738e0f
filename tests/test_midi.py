"""MIDI in and out: exact to the tick, whatever is in the score and whoever wrote the file."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import NOTES, SCORES, performance

from partita.errors import UnusableMidiError
from partita.events import Bend, Control, Note, Pedal, Tempo, TimeSignature, Track, pedals, rows
from partita.midi import Score


def file(*chunks: str, kind: int = 1, division: int = 96) -> bytes:
    """A MIDI file of track chunks written as hexadecimal events, without the event at their end."""
    bodies = [bytes.fromhex(chunk) + b"\x00\xff\x2f\x00" for chunk in chunks]
    header = b"MThd" + struct.pack(">IHHH", 6, kind, len(bodies), division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(body)) + body for body in bodies)


@given(SCORES)
@settings(max_examples=80, deadline=None)
def test_writing_and_reading_gives_the_same_score(score: Score) -> None:
    again = Score.from_bytes(score.to_bytes())
    assert again == score
    assert again.to_bytes() == score.to_bytes()


def test_a_written_file_is_the_score(tmp_path: Path) -> None:
    score = performance()
    score.write(tmp_path / "piece.mid")
    assert Score.read(tmp_path / "piece.mid") == score
    assert [path.name for path in tmp_path.iterdir()] == ["piece.mid"]


@pytest.mark.parametrize("off", ["80 3c 40", "90 3c 00", "3c 00"])
def test_note_off_and_velocity_0_both_end_notes(off: str) -> None:
    (track,) = Score.from_bytes(file(f"00 90 3c 50 60 {off}")).tracks
    assert track.notes.tolist() == [(0, 96, 60, 80)]


def test_the_first_note_of_a_pitch_to_begin_is_the_first_to_end() -> None:
    given = [Note(0, 100, 60, 1), Note(10, 20, 60, 2), Note(10, 5, 61, 3)]
    assert Track(given).notes.tolist() == [(0, 30, 60, 1), (10, 90, 60, 2), (10, 5, 61, 3)]


@given(st.lists(NOTES, max_size=30))
def test_a_track_keeps_onsets_and_ends(notes: list[Note]) -> None:
    table = Track(notes).notes
    assert sorted((n.tick, n.pitch, n.velocity) for n in notes) == sorted(table[["tick", "pitch", "velocity"]].tolist())
    ends = sorted((pitch, tick + duration) for tick, duration, pitch, _ in table.tolist())
    assert ends == sorted((note.pitch, note.tick + note.duration) for note in notes)
    assert (np.diff(table["tick"]) >= 0).all()


def test_channels_and_controls_that_symusic_forgets() -> None:
    hands = file("00 90 3c 50 60 3c 00", "00 b0 40 7f 60 40 00", "00 b5 07 10", "00 99 24 50 60 24 00")
    score = Score.from_bytes(hands)
    assert [(track.channel, len(track.notes), len(track.controls)) for track in score.tracks] == [
        (0, 1, 0),
        (0, 0, 2),
        (5, 0, 1),
        (9, 1, 0),
    ]
    assert score.pedals(0).tolist() == [(0, 96)]
    assert [track.family for track in score.tracks] == ["piano", "piano", "piano", "drums"]


def test_a_channel_that_changes_its_program() -> None:
    events = "00 b3 07 50 00 c3 05 00 93 3c 50 10 3c 00 00 c3 22 00 93 3c 51 10 3c 00 00 c3 05 00 93 3d 52 10 3d 00"
    score = Score.from_bytes(file(events))
    first, second = sorted(score.tracks, key=lambda track: track.program)
    assert (first.program, first.channel, first.notes.tolist()) == (5, 3, [(0, 16, 60, 80), (32, 16, 61, 82)])
    assert (second.program, second.channel, second.notes.tolist()) == (34, 3, [(16, 16, 60, 81)])
    assert sum(len(track.controls) for track in score.tracks) == 1
    # a player meets program 34 before its note, and 5 again after it
    written = score.to_bytes()
    assert written.count(b"\xc3\x05") >= 2
    assert written.count(b"\xc3\x22") >= 2
    assert Score.from_bytes(written) == score


def test_patterns_of_format_2_follow_one_another() -> None:
    pattern = "00 90 3c 50 60 3c 00"
    score = Score.from_bytes(file(pattern, pattern, kind=2))
    assert [track.notes["tick"].tolist() for track in score.tracks] == [[0], [97]]


def test_time_code_has_seconds_for_beats() -> None:
    division = (256 - 25) << 8 | 40
    score = Score.from_bytes(file("00 ff 51 03 01 00 00 87 68 90 3c 50 87 68 3c 00", division=division))
    assert score.seconds_at([0, 1000, 2000]).tolist() == [0, 1, 2]
    assert score.notes()["tick"].tolist() == [1000]


def test_a_riff_wrapping_and_foreign_chunks_are_passed_over() -> None:
    plain = file("00 90 3c 50 60 3c 00")
    foreign = plain[:14] + b"XFIH\0\0\0\3abc" + plain[14:]
    wrapped = b"RIFF" + struct.pack("<I", len(plain) + 12) + b"RMIDdata" + struct.pack("<I", len(plain)) + plain
    assert Score.from_bytes(foreign) == Score.from_bytes(wrapped) == Score.from_bytes(plain)


@given(SCORES, st.lists(st.integers(0, 2**28 - 1), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_seconds_add_up_tempo_by_tempo(score: Score, ticks: list[int]) -> None:
    changes = {0: 500_000} | dict(score.tempos.tolist())
    begins = sorted(changes)
    for tick, seconds in zip(ticks, score.seconds_at(ticks).tolist(), strict=True):
        past = [begin for begin in begins if begin <= tick]
        parts = zip(past, [*past[1:], tick], strict=True)
        exact = sum((end - begin) * changes[begin] for begin, end in parts) / (1e6 * score.ticks_per_beat)
        assert seconds == pytest.approx(exact, rel=1e-9, abs=1e-12)


@given(st.lists(st.builds(Tempo, st.integers(0, 10**6), st.integers(1_000, 2**24 - 1)), max_size=20), st.data())
@settings(max_examples=100, deadline=None)
def test_ticks_are_the_inverse_of_seconds(tempos: list[Tempo], data: st.DataObject) -> None:
    score = Score(ticks_per_beat=data.draw(st.sampled_from([24, 480, 960])), tempos=tempos)
    ticks = data.draw(st.lists(st.integers(0, 2 * 10**6), max_size=20))
    assert score.ticks_at(score.seconds_at(ticks)).tolist() == ticks


def test_of_tempos_at_one_tick_the_last_counts() -> None:
    score = Score(ticks_per_beat=1, tempos=[Tempo(0, 1), Tempo(0, 2_000_000), Tempo(3, 1), Tempo(3, 1_000_000)])
    assert score.seconds_at([0, 3, 4]).tolist() == [0, 6, 7]


def test_pedals_from_controls() -> None:
    controls = rows(
        Control, [(0, 64, 100), (5, 64, 64), (10, 64, 63), (10, 64, 127), (10, 7, 0), (20, 64, 0), (30, 64, 64)]
    )
    assert pedals(controls, 40).tolist() == [(0, 10), (10, 10), (30, 10)]
    assert pedals(controls[:0], 40).tolist() == []


def test_pedals_of_all_channels_are_joined() -> None:
    down, up = (Control(0, 64, 127), Control(10, 64, 0)), (Control(5, 64, 127), Control(30, 64, 0))
    score = Score(
        [Track(controls=down), Track(controls=up, channel=1), Track(controls=[(40, 64, 127), (50, 64, 0)], channel=2)]
    )
    assert score.pedals().tolist() == [(0, 30), (40, 10)]
    assert Score().pedals().dtype == rows(Pedal, ()).dtype


def test_the_pedal_holds_the_notes_of_its_channel_until_they_are_struck_again() -> None:
    pedal = Track(controls=[Control(0, 64, 127), Control(100, 64, 0)])
    notes = Track([Note(0, 10, 60), Note(0, 10, 62), Note(50, 10, 60), Note(95, 10, 64), Note(200, 10, 65)])
    score = Score([pedal, notes, Track([Note(0, 10, 60)], channel=1)]).sustained()
    assert score.tracks[1].notes["duration"].tolist() == [50, 100, 50, 10, 10]
    assert score.tracks[2].notes["duration"].tolist() == [10]


@given(SCORES)
@settings(max_examples=60, deadline=None)
def test_sustaining_shortens_nothing_and_moves_nothing(score: Score) -> None:
    held = score.sustained()
    for before, after in zip(score.tracks, held.tracks, strict=True):
        assert before.notes["tick"].tolist() == after.notes["tick"].tolist()
        assert (
            np.sort(after.notes["duration"] + after.notes["tick"])
            >= np.sort(before.notes["duration"] + before.notes["tick"])
        ).all()
    assert held.sustained() == held


@pytest.mark.parametrize(
    "make",
    [
        lambda: Track([Note(0, 1, 128)]),
        lambda: Track([Note(0, 1, -1)]),
        lambda: Track([Note(0, 1, 60, 0)]),
        lambda: Track([Note(-1, 1, 60)]),
        lambda: Track([Note(2**28 - 1, 1, 60)]),
        lambda: Track([Note(2**40, 1, 60)]),
        lambda: Track(controls=[Control(0, 64, 128)]),
        lambda: Track(bends=[Bend(0, 8192)]),
        lambda: Track(program=128),
        lambda: Track(channel=16),
        lambda: Score(tempos=[Tempo(0, 0)]),
        lambda: Score(time_signatures=[TimeSignature(0, 3, 5)]),
        lambda: Score(ticks_per_beat=0),
    ],
)
def test_what_midi_can_not_hold_is_refused(make: "object") -> None:
    with pytest.raises(UnusableMidiError):
        make()  # type: ignore[operator]


def test_equality_looks_at_everything() -> None:
    score = performance(40)
    right, left = score.tracks
    others = [
        replace(score, ticks_per_beat=96),
        replace(score, tempos=score.tempos[1:]),
        replace(score, key_signatures=()),
        replace(score, time_signatures=()),
        replace(score, tracks=(left, right)),
        replace(score, tracks=(replace(right, channel=3), left)),
        replace(score, tracks=(replace(right, name="x"), left)),
        replace(score, tracks=(right, replace(left, controls=left.controls[1:]))),
    ]
    assert all(other != score for other in others)
    assert replace(score, name="another name") == score


def test_real_files_are_kept_to_the_tick(real_data: Path) -> None:
    paths = sorted((real_data / "midi").rglob("*.mid*"))
    assert paths
    for path in paths:
        score = Score.read(path)
        assert Score.from_bytes(score.to_bytes()) == score, path
