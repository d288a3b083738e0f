"""Originality: a planted copy is found in any disguise, and pieces that owe each other nothing are left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import performance

from partita.errors import CheckpointError, UsageError
from partita.events import Note, Tempo, Track, columns
from partita.metrics.originality import SIZES, Index, Match, originality
from partita.midi import Score


def piece(seed: int, steps: int = 150) -> Score:
    """One to three notes at once, drawn at random, every 150 to 600 ms; ticks are milliseconds."""
    rng = np.random.default_rng(seed)
    onset = np.repeat(np.cumsum(rng.integers(150, 600, steps)), rng.integers(1, 4, steps))
    pitch = rng.integers(40, 90, len(onset))
    notes = columns(
        Note, tick=onset, duration=rng.integers(100, 900, len(onset)), pitch=pitch, velocity=np.full(len(onset), 64)
    )
    return Score([Track(notes)], ticks_per_beat=500)


def played(score: Score, *, shift: int = 0, tempo: float = 1.0, lost: float = 0.0, seed: int = 0) -> Score:
    """The notes in another key and tempo, 10 ms early or late, with other velocities, and a share of them lost."""
    rng = np.random.default_rng(seed)
    notes = score.notes()[rng.random(len(score.notes())) >= lost]
    notes["tick"] = np.maximum(0, np.rint(notes["tick"] * tempo).astype(int) + rng.integers(-10, 11, len(notes)))
    notes["pitch"] = notes["pitch"].astype(int) + shift
    notes["velocity"] = rng.integers(1, 128, len(notes))
    return Score([Track(notes)], ticks_per_beat=500)


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.of((f"work {seed}", piece(seed)) for seed in range(30))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(-40, 37), st.integers(150_000, 5_000_000), st.integers(1, 127))
def test_key_tempo_and_loudness_change_nothing(seed: int, shift: int, beat: int, velocity: int) -> None:
    here = piece(seed, 40)
    index = Index.of([("the work", here), ("another", piece(seed + 1))])
    notes = here.notes()
    notes["pitch"] = notes["pitch"].astype(int) + shift
    notes["velocity"] = velocity
    there = Score([Track(notes)], ticks_per_beat=500, tempos=[Tempo(0, beat)])
    assert index.longest(here)[::2] == index.longest(there)[::2]
    assert [index.novelty(here, n) for n in SIZES] == [index.novelty(there, n) for n in SIZES] == [0, 0, 0]


@pytest.mark.parametrize("seed", range(8))
def test_a_planted_copy_is_found(index: Index, seed: int) -> None:
    lines = piece(1000 + seed).notes(), piece(seed).notes()[60:140], piece(2000 + seed).notes()
    tick, parts = 0, []
    for line in lines:
        parts.append(line.copy())
        parts[-1]["tick"] += tick - line["tick"][0]
        tick = int(parts[-1]["tick"][-1]) + 300
    hidden = Score([Track(np.concatenate(parts))], ticks_per_beat=500)
    found = index.longest(played(hidden, shift=5, tempo=0.83, seed=seed))
    assert found.work == f"work {seed}"
    assert 60 <= found.notes <= 85
    assert found.seconds == pytest.approx(0.83 * np.ptp(lines[1]["tick"]) / 1000, rel=0.25)


@pytest.mark.parametrize("seed", range(8))
def test_a_copy_with_notes_left_out_is_found(index: Index, seed: int) -> None:
    copy = played(piece(seed), shift=-7, tempo=1.2, lost=0.05, seed=seed)
    found = index.longest(copy)
    assert found.work == f"work {seed}"
    assert found.notes > 60


def test_independent_pieces_are_left_alone(index: Index) -> None:
    others = [piece(seed) for seed in range(500, 540)]
    result = originality(index, others)
    assert result.extreme.notes <= 8
    assert result.novelty[8][0] > 0.99
    low, high = result.novelty[8][1]
    assert low <= result.novelty[8][0] <= high
    copied = originality(index, [piece(seed) for seed in range(10)])
    assert copied.longest > 200
    assert copied.novelty == dict.fromkeys(SIZES, (0.0, (0.0, 0.0)))


def test_scales_and_trills_are_nobodys() -> None:
    runs = [np.arange(30, 90), np.tile([60, 62], 40), np.full(60, 64), np.repeat(np.arange(40, 80), 2)]
    scores = [
        Score([Track([Note(120 * place, 100, int(pitch)) for place, pitch in enumerate(run)])], ticks_per_beat=500)
        for run in runs
    ]
    index = Index.of((str(number), score) for number, score in enumerate(scores))
    assert [index.longest(score) for score in scores] == [Match(0, 0.0, "")] * 4


def test_novelty_is_the_share_that_is_new(index: Index) -> None:
    """Half of the notes known: half of the n-grams new, however full the filter is."""
    shares = []
    for seed in range(12):
        known, new = piece(seed).notes(), piece(700 + seed).notes()
        new["tick"] += known["tick"][-1] + 300
        shares.append(index.novelty(Score([Track(np.concatenate([known, new]))], ticks_per_beat=500), 8))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)


def test_an_index_goes_through_arrays_and_is_small(index: Index) -> None:
    arrays = index.arrays()
    again = Index.from_arrays(arrays)
    for score in (piece(3), piece(777), Score(), performance()):
        assert again.longest(score) == index.longest(score)
        for n in SIZES:
            np.testing.assert_equal(again.novelty(score, n), index.novelty(score, n))
    notes = sum(len(piece(seed).notes()) for seed in range(30))
    assert sum(array.nbytes for array in arrays.values()) < 4.2 * notes
    with pytest.raises(CheckpointError, match="gaps"):
        Index.from_arrays({name: array for name, array in arrays.items() if name != "gaps"})
    with pytest.raises(CheckpointError, match="length"):
        Index.from_arrays({**arrays, "gaps": arrays["gaps"][:-1]})


def test_nothing_is_no_copy(index: Index) -> None:
    for empty in (Score(), Score([Track([Note(0, 1, 60)] * 3)])):
        assert index.longest(empty) == Match(0, 0.0, "")
        assert np.isnan(index.novelty(empty, 8))
    nothing = Index.from_arrays(Index.of([]).arrays())
    assert nothing.longest(piece(0)) == Match(0, 0.0, "")
    assert nothing.novelty(piece(0), 4) == 1
    with pytest.raises(UsageError, match="4, 8, 16"):
        index.novelty(piece(0), 5)


def test_a_tempo_map_is_read() -> None:
    """Notes a tick apart are one chord where ticks are short and none where they are long."""
    notes = [Note(9 * place, 9, 40 + place * place % 31) for place in range(60)]
    slow, fast = (Score([Track(notes)], ticks_per_beat=9, tempos=[Tempo(0, beat)]) for beat in (10_000, 100_000))
    index = Index.of([("fast", fast)])
    assert index.longest(fast).notes > 40
    assert index.longest(slow).notes < 40
