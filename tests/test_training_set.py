"""Is it a copy? The file beside a checkpoint's weights, and what is said with it."""

from dataclasses import replace
from pathlib import Path

import pytest
from scores import performance

from partita.composing.training_set import ORIGINALITY, TrainingSet, index_training_set
from partita.errors import CheckpointError
from partita.events import Track
from partita.metrics.symbolic import Passage
from partita.midi import Score


@pytest.fixture(scope="module")
def pieces() -> list[tuple[str, Score]]:
    return [(f"work {seed}", performance(600, seed, gap=400)) for seed in range(6)]


@pytest.fixture(scope="module")
def known(pieces: list[tuple[str, Score]]) -> TrainingSet:
    return TrainingSet.of(pieces[:4], [score for _, score in pieces[4:]])


def moved(score: Score, steps: int) -> Score:
    notes = score.notes()
    notes = notes[(notes["pitch"] < 120) & (notes["tick"] > 3000)]
    notes["pitch"] += steps
    return Score([Track(notes)], ticks_per_beat=300)


def test_a_planted_copy_is_found_by_name_in_another_key_and_tempo(
    known: TrainingSet, pieces: list[tuple[str, Score]]
) -> None:
    shared = known.compare(moved(pieces[2][1], 3))
    own = known.compare(pieces[5][1])
    assert shared.work == "work 2"
    assert shared.notes > 400
    assert own.notes < 40
    assert shared.novelty["8"] < 0.1 < own.novelty["8"]
    assert f"{shared.notes} notes" in str(shared)
    assert "in work 2; " in str(shared)
    assert "8-grams are new; human clips of 90 s share" in str(shared)
    assert shared.json()["human"]["seconds"] == 90


def test_human_figures_are_of_clips_of_that_length(known: TrainingSet, pieces: list[tuple[str, Score]]) -> None:
    for human in known.human:
        assert human.clips == sum(len([*Passage.of(score).windows(human.seconds)]) for _, score in pieces[4:])
        assert 0 <= human.median <= human.usual <= human.most
    assert {human.seconds for human in known.human} == {10, 30, 90}


def test_the_file_says_the_same_and_has_the_same_bytes(
    known: TrainingSet, pieces: list[tuple[str, Score]], tmp_path: Path
) -> None:
    first = index_training_set(tmp_path, pieces[:4], [score for _, score in pieces[4:]])
    data = (tmp_path / ORIGINALITY).read_bytes()
    read = TrainingSet.read(tmp_path)
    assert read is not None
    assert read.human == first.human == known.human
    assert read.compare(moved(pieces[1][1], 2)) == known.compare(moved(pieces[1][1], 2))
    (tmp_path / "again").mkdir()
    assert read.write(tmp_path / "again").read_bytes() == data


def test_without_a_file_nothing_is_known_and_a_damaged_one_is_said(tmp_path: Path, known: TrainingSet) -> None:
    assert TrainingSet.read(tmp_path) is None
    whole = known.write(tmp_path).read_bytes()
    for data in (b"", whole[:200], whole[: len(whole) // 2]):
        (tmp_path / ORIGINALITY).write_bytes(data)
        with pytest.raises(CheckpointError, match="not an index of a training set"):
            TrainingSet.read(tmp_path)


def test_without_held_out_pieces_long_enough_no_human_figure_is_given(pieces: list[tuple[str, Score]]) -> None:
    shared = TrainingSet.of(pieces[:1], []).compare(pieces[0][1])
    assert shared.human is None
    assert "in work 0; " in str(shared)
    assert "human" not in str(shared)
    silent = TrainingSet.of(pieces[:1], []).compare(replace(pieces[0][1], tracks=()))
    assert str(silent) == "no run shared with the training set"
