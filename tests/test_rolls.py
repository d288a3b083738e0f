"""Piano rolls: what lies on the grid comes back as it was; what the report's form loses is counted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scores import SCORES, performance

from partita.errors import UnusableMidiError
from partita.events import DRUMS, Control, Note, Tempo, Track
from partita.midi import Score
from partita.rolls import AAA_SHAPES, Roll, roll, squeezed, survival

CELLS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(0, 127), st.integers(1, 127)), max_size=40
)


def apart(cells: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Of notes on the grid, those that overlap none before them of their pitch."""
    kept: list[tuple[int, int, int, int]] = []
    for begin, length, pitch, velocity in cells:
        if all(p != pitch or begin >= b + n or b >= begin + length for b, n, p, _ in kept):
            kept.append((begin, length, pitch, velocity))
    return kept


@given(CELLS, st.sampled_from([10, 24, 50]))
@settings(max_examples=80, deadline=None)
def test_notes_on_a_grid_of_seconds_come_back(cells: list[tuple[int, int, int, int]], milliseconds: int) -> None:
    notes = [Note(b * milliseconds, n * milliseconds, p, v) for b, n, p, v in apart(cells)]
    score = Score([Track(notes)], ticks_per_beat=500)
    assert roll(score, milliseconds / 1000).score() == score


@given(CELLS, st.sampled_from([480, 96, 12]), st.lists(st.integers(200_000, 900_000), max_size=4))
@settings(max_examples=80, deadline=None)
def test_notes_on_a_grid_of_beats_come_back_with_their_tempo_map(
    cells: list[tuple[int, int, int, int]], ticks_per_beat: int, tempos: list[int]
) -> None:
    tick = ticks_per_beat // 12
    notes = [Note(b * tick, n * tick, p, v) for b, n, p, v in apart(cells)]
    score = Score([Track(notes)], ticks_per_beat, [Tempo(7 * i, tempo) for i, tempo in enumerate(tempos)])
    assert roll(score, 1 / 12, "beats").score() == score


@given(SCORES)
@settings(max_examples=60, deadline=None)
def test_any_score_keeps_its_pitches_near_their_times(score: Score) -> None:
    assume(score.seconds < 200_000)  # longer ones are more milliseconds than a file can count
    step = max(0.1, score.seconds / 500)
    drawn = roll(score, step)
    assert (drawn.onset <= drawn.sustain).all()
    tables = [track.notes for track in score.tracks if track.channel != DRUMS]
    for tick, _, pitch, _ in drawn.score().notes().tolist():
        times = np.concatenate([score.seconds_at(table["tick"][table["pitch"] == pitch]) for table in tables])
        assert np.abs(times - tick / 1000).min() <= step / 2 + 0.0005


def test_a_note_struck_again_is_not_a_note_held() -> None:
    held = roll(Score([Track([Note(0, 200, 60)])], 500), 0.1)
    twice = roll(Score([Track([Note(0, 100, 60), Note(100, 100, 60)])], 500), 0.1)
    assert (held.sustain == twice.sustain).all()
    assert (held.onset.sum(), twice.onset.sum()) == (1, 2)
    assert len(twice.score().notes()) == 2


def test_of_notes_in_one_cell_the_loudest_stays() -> None:
    score = Score([Track([Note(0, 100, 60, 90)]), Track([Note(3, 40, 60, 20)], channel=1)], 500)
    assert roll(score, 0.1).score().notes().tolist() == [(0, 100, 60, 90)]


def test_drums_are_left_out_and_the_pedal_holds() -> None:
    pedal = [Control(0, 64, 127), Control(300, 64, 0)]
    score = Score([Track([Note(0, 100, 60)], pedal), Track([Note(0, 100, 36)], channel=DRUMS)], 500)
    assert roll(score, 0.1).sustain.sum(axis=0)[[36, 60]].tolist() == [0, 1]
    assert roll(score, 0.1, pedal=True).sustain.sum(axis=0)[[36, 60]].tolist() == [0, 3]


def test_no_drift_where_tempo_changes() -> None:
    score = performance(400)
    begin, again = score.notes(), roll(score, 0.01).score()
    onsets, found = score.seconds_at(begin["tick"]), again.seconds_at(again.notes()["tick"])
    assert abs(onsets[-1] - found[-1]) <= 0.005 + 1e-9


@given(st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_whatever_a_model_draws_can_be_read(seed: int) -> None:
    rng = np.random.default_rng(seed)
    velocity = (rng.integers(0, 128, (12, 128)) * (rng.random((12, 128)) < 0.5)).astype(np.uint8)
    notes = Roll(rng.random((12, 128)) < 0.3, velocity, 0.1).score().notes()
    assert notes["duration"].sum() == 100 * (velocity > 0).sum()


def test_a_roll_without_notes() -> None:
    assert roll(Score()).onset.shape == (0, 128)
    assert roll(Score()).score() == Score(ticks_per_beat=500)


def test_what_can_not_be_a_roll_is_refused() -> None:
    for step, words in ((0.0, "longer than 0"), (1e-6, "up to")):
        with pytest.raises(UnusableMidiError, match=words):
            roll(performance(), step)
    with pytest.raises(UnusableMidiError, match="multiple of 128"):
        squeezed(performance(), 256, 200)


@pytest.mark.parametrize("shape", AAA_SHAPES)
def test_the_form_of_the_report(shape: tuple[int, int]) -> None:
    score = performance(200)
    picture = squeezed(score, *shape)
    assert picture.shape == shape
    assert 0 <= picture.min() <= picture.max() <= 1
    narrow = squeezed(score, shape[0])
    assert (picture[:, :: shape[1] // 128] == narrow).all()
    assert (picture.reshape(shape[0], 128, -1) == narrow[..., None]).all()


def test_notes_survive_where_rows_are_fine_enough() -> None:
    score = Score([Track([Note(10 * i, 5, 60) for i in range(20)])])
    assert (survival([score], 195).seen, survival([score], 195).apart) == (20, 20)
    coarse = survival([score, score], 10)
    assert coarse.apart <= coarse.seen <= 20 < coarse.notes == 40
    touching = survival([Score([Track([Note(10 * i, 10, 60) for i in range(20)])])], 200)
    assert (touching.seen, touching.apart) == (20, 1)


def test_what_the_report_lost(real_data: Path) -> None:
    paths = sorted(p for p in (real_data / "midi" / "classical-piano").rglob("*") if p.suffix.lower() == ".mid")
    scores = [Score.read(path) for path in paths]
    shares = [survival(scores, rows) for rows in (1024, 512, 256)]
    assert [round(100 * s.seen / s.notes, 1) for s in shares] == [61.7, 41.6, 25.4]
