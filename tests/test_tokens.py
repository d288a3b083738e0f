"""Tokens: what comes back is within half a step of what was, at the end of a piece as at its beginning."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scores import SCORES, performance

from partita.events import DRUMS, Control, Note, Track
from partita.midi import Score
from partita.sampling import draw
from partita.tokens import (
    BEGIN,
    DURATIONS,
    END,
    FIELDS,
    PAD,
    PEDAL_DOWN,
    PEDAL_UP,
    SHIFTS,
    VOCABULARY,
    Grammar,
    decode,
    encode,
    name,
)

HALF_A_STEP = 0.005 + 1e-9


def timed(score: Score) -> np.ndarray:
    """(notes, 4) pitch, onset, end in seconds and velocity, by pitch, then onset."""
    notes = score.notes()
    begin = score.seconds_at(notes["tick"])
    end = score.seconds_at(notes["tick"].astype(int) + notes["duration"])
    table = np.stack([notes["pitch"], begin, end, notes["velocity"]], axis=1)
    return table[np.lexsort((begin, notes["pitch"]))]


def obeys(tokens: np.ndarray) -> bool:
    """Whether the grammar allows every token when it comes."""
    grammar = Grammar()
    for token in tokens.tolist():
        if not grammar.allowed()[token]:
            return False
        grammar.take(token)
    return True


def assert_kept(score: Score) -> None:
    """Notes and pedals come back from tokens within the bounds."""
    before, after = timed(score), timed(decode(encode(score)))
    assert len(before) == len(after)
    assert (before[:, 0] == after[:, 0]).all()
    assert np.abs(before[:, 1] - after[:, 1]).max() <= HALF_A_STEP
    assert np.abs(before[:, 3] - after[:, 3]).max() <= 2
    length, found = before[:, 2] - before[:, 1], after[:, 2] - after[:, 1]
    off = np.abs(length - found)
    assert off[(length >= 0.005) & (length <= 2)].max(initial=0) <= HALF_A_STEP
    assert (off <= 0.011 * length)[(length > 2) & (length < 30)].all()


@pytest.mark.parametrize("tempos", [0, 1, 30, 300])
@pytest.mark.parametrize("gap", [90, 4_000])
def test_a_performance_comes_back(tempos: int, gap: int) -> None:
    score = performance(600, seed=tempos, tempos=tempos, gap=gap)
    notes = score.notes()
    seconds = np.rint(100 * score.seconds_at(notes["tick"]))
    _, first = np.unique(np.stack([seconds, notes["pitch"]]), axis=1, return_index=True)
    score = Score([Track(notes[first], score.tracks[1].controls)], 480, score.tempos)
    # of one pitch no note overlaps another, since ends could not be told apart
    keys = sorted(timed(score).tolist())
    clear = [a for a, b in zip(keys, [*keys[1:], [-1, 0, 0, 0]], strict=True) if a[0] != b[0] or a[2] < b[1]]
    ticks = {
        (int(p), int(t)) for p, t in zip([k[0] for k in clear], score.ticks_at([k[1] for k in clear]), strict=True)
    }
    kept = np.array([(int(p), int(t)) in ticks for t, _, p, _ in score.tracks[0].notes.tolist()])
    assert kept.mean() > 0.5
    assert_kept(Score([Track(score.tracks[0].notes[kept], score.tracks[0].controls)], 480, score.tempos))


def test_pedals_come_back() -> None:
    score = performance(600, tempos=40)
    before, after = score.pedals(), decode(encode(score)).pedals()
    assert len(before) == len(after) > 50
    again = decode(encode(score))
    for field in (lambda spans: spans["tick"], lambda spans: spans["tick"].astype(int) + spans["duration"]):
        assert np.abs(score.seconds_at(field(before)) - again.seconds_at(field(after))).max() <= HALF_A_STEP


@given(SCORES)
@settings(max_examples=60, deadline=None)
def test_tokens_of_any_score_obey_the_grammar_and_are_a_fixed_point(score: Score) -> None:
    assume(score.seconds < 50_000)
    tokens = encode(score)
    assert tokens[0] == BEGIN
    assert tokens[-1] == END
    assert obeys(tokens)
    again = decode(tokens)
    assert encode(again).tolist() == tokens.tolist() or overlapping(again)
    pitches = {(int(n["pitch"])) for track in score.tracks if track.channel != DRUMS for n in track.notes}
    assert {int(n["pitch"]) for n in again.notes()} == pitches


def overlapping(score: Score) -> bool:
    """Whether two notes of one pitch overlap, whose ends are then exchanged, and with them their tokens."""
    table = timed(score)
    same = table[1:, 0] == table[:-1, 0]
    return bool((same & (table[1:, 1] < table[:-1, 2])).any())


@given(st.lists(st.integers(0, VOCABULARY - 1), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_sequence_decodes(tokens: list[int]) -> None:
    score = decode(tokens)
    assert Score.from_bytes(score.to_bytes()) == score
    assert len(score.notes()) <= len(tokens) / 3


@given(st.integers(0, 2**31), st.floats(0.1, 3), st.sampled_from([0.5, 1.0]))
@settings(max_examples=40, deadline=None)
def test_whatever_is_sampled_under_the_grammar_decodes_to_all_it_says(seed: int, most: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    favour = rng.normal(0, 3, VOCABULARY)
    grammar, tokens = Grammar(share * most, most), [PAD]
    for _ in range(3_000):
        token = int(draw(np.where(grammar.allowed(), favour + rng.normal(0, 2, VOCABULARY), -np.inf), rng))
        grammar.take(token)
        tokens.append(token)
        if token == END:
            break
    assert obeys(np.array(tokens[1:]))
    score = decode(tokens)
    assert len(score.notes()) == sum(token in FIELDS["duration"] for token in tokens)
    onsets = score.notes()[["tick", "pitch"]].tolist()
    assert len(set(onsets)) == len(onsets)
    assert max([tick for tick, _ in onsets], default=0) <= 1000 * most + 5
    if tokens[-1] == END:
        steps = sum(int(SHIFTS[token - FIELDS["time"].start]) for token in tokens if token in FIELDS["time"])
        assert round(100 * share * most) <= steps <= round(100 * most)


def test_a_prefix_is_heard_as_far_as_it_goes() -> None:
    tokens = encode(performance(50))
    whole = [tuple(note) for note in decode(tokens).notes()[["tick", "pitch"]].tolist()]
    for cut in range(0, len(tokens), 7):
        part = [tuple(note) for note in decode(tokens[:cut]).notes()[["tick", "pitch"]].tolist()]
        assert part == whole[: len(part)]


def test_the_spelling_of_a_small_piece() -> None:
    pedal = [Control(0, 64, 127), Control(500, 64, 0), Control(500, 64, 127), Control(900, 64, 0)]
    score = Score([Track([Note(0, 500, 64, 81), Note(0, 500, 60, 80), Note(23_450, 40_000, 72, 1)], pedal)], 500)
    assert [name(token) for token in encode(score)] == [
        "begin", "pedal down", "pitch 60", "velocity 79", "duration 500 ms",
        "pitch 64", "velocity 83", "duration 500 ms",
        "time 500 ms", "pedal up", "pedal down", "time 400 ms", "pedal up",
        "time 10000 ms", "time 10000 ms", "time 2000 ms", "time 550 ms", "pitch 72", "velocity 3", "duration 30000 ms",
        "end",
    ]  # fmt: skip


def test_the_vocabulary_has_no_gaps_and_its_tables_rise() -> None:
    tokens = [token for field in FIELDS.values() for token in field]
    assert tokens == list(range(VOCABULARY))
    assert len({name(token) for token in tokens}) == VOCABULARY
    assert (np.diff(SHIFTS) > 0).all()
    assert (np.diff(DURATIONS) > 0).all()
    assert name(VOCABULARY) == f"unknown {VOCABULARY}"


def test_doubled_notes_are_said_once_and_drums_not_at_all() -> None:
    score = Score(
        [Track([Note(0, 100, 60)]), Track([Note(2, 300, 60, 9)]), Track([Note(0, 9, 36)], channel=DRUMS)], 500
    )
    assert decode(encode(score)).notes().tolist() == [(0, 300, 60, 11)]
    assert encode(Score()).tolist() == [BEGIN, END]


def test_a_pedal_within_a_step_is_left_out() -> None:
    tokens = encode(Score([Track([Note(0, 9, 60)], [Control(1, 64, 127), Control(3, 64, 0)])], 500)).tolist()
    assert PEDAL_DOWN not in tokens
    assert PEDAL_UP not in tokens


@pytest.mark.parametrize("folder", ["classical-piano", "maestro-v3", "pop909"])
def test_real_pieces_do_not_drift(real_data: Path, folder: str) -> None:
    for path in sorted((real_data / "midi" / folder).rglob("*.mid*"))[::25]:
        score = Score.read(path)
        again = decode(encode(score))
        last = [part.seconds_at(part.notes()["tick"][-1]) for part in (score, again)]
        assert abs(last[0] - last[1]) <= HALF_A_STEP, path
        assert len(again.notes()) >= 0.8 * len(score.notes()), path  # pop songs double their melody
