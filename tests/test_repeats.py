"""Training many times: every song of a fold is measured by a model that never met it, and finished runs are kept."""

import json
from collections import Counter
from pathlib import Path
from statistics import fmean, stdev

import pytest

from partita import repeat, repeats
from partita.checkpoint import read_card
from partita.data import load
from partita.errors import CheckpointError, PartitaError, UsageError
from partita.settings import Plan

DATA = "synthetic:6"
QUICK = {"copies": 0, "columns": 32, "hop": 32}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _shared_cache(_own_folders: None, shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTITA_CACHE", shared)


def test_folds_measure_every_training_song_once_by_a_model_that_never_met_it(tmp_path: Path) -> None:
    runs = repeat("genre-linear", data=DATA, folds=2, out=tmp_path, settings=QUICK, baselines=False)
    dataset = load(DATA)
    measured = Counter(song["id"] for run in runs.runs.values() for song in run.songs)
    assert measured == Counter(example.id for example in dataset.split("train"))
    for folder, run in runs.runs.items():
        card = read_card(tmp_path / folder)
        assert card["data"]["train"] + run.n == len(dataset.split("train"))
        assert card["data"]["valid"] == 0
    assert runs.pooled is not None
    assert runs.pooled[0] == pytest.approx(fmean(run.accuracy for run in runs.runs.values()))
    assert "no group in two" in runs.protocol
    json.dumps(runs.json(), allow_nan=False)


def test_seeds_differ_in_training_alone_and_finished_runs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"steps": 2, "batch": 4, "width": 8, "crop": 16, "columns": 32, "hop": 32, "copies": 1}
    words = {"data": DATA, "seeds": 2, "seed": 3, "out": tmp_path, "baselines": False, "gap": False}
    runs = repeat("genre-cnn", settings=settings, **words)
    assert list(runs.runs) == ["seed-3", "seed-4"]
    cards = [read_card(tmp_path / name) for name in runs.runs]
    assert [card["seed"] for card in cards] == [3, 4]
    assert cards[0]["sha256"] != cards[1]["sha256"]
    assert cards[0]["data"]["train_songs"] == cards[1]["data"]["train_songs"]
    accuracies = [run.accuracy for run in runs.runs.values()]
    assert (runs.accuracy.mean, runs.accuracy.deviation) == (fmean(accuracies), stdev(accuracies))
    assert "chose the weights" in runs.protocol

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(repeats, "train_run", never)
    assert repeat("genre-cnn", settings=settings, **words) == runs
    assert repeat(tmp_path / "seed-3", **words) == runs, "a checkpoint says by itself how it was made"
    with pytest.raises(CheckpointError, match="other settings or data"):
        repeat("genre-cnn", settings={**settings, "steps": 3}, **words)
    with pytest.raises(CheckpointError, match="other settings or data"):
        repeat("genre-cnn", settings=settings, **{**words, "data": "synthetic:7"})


def test_each_run_on_the_test_split_is_counted(tmp_path: Path) -> None:
    words = {"data": DATA, "seeds": 2, "settings": QUICK, "split": "test", "baselines": False, "gap": False}
    with pytest.raises(UsageError, match="locked"):
        repeat("genre-linear", out=tmp_path / "runs", **words)
    repeat("genre-linear", out=tmp_path / "runs", test=True, **words)
    assert len(list((tmp_path / "state").rglob("*.json"))) == 2


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "either --seeds or --folds"),
        ({"seeds": 2, "folds": 2}, "either --seeds or --folds"),
        ({"seeds": 1}, "no spread"),
        ({"folds": 2, "split": "test"}, "measured on themselves"),
        ({"folds": 99}, "folds are"),
        ({"seeds": 2, "out": None}, "--out DIR"),
        ({"model": "genre-liner", "seeds": 2}, "no such checkpoint"),
    ],
)
def test_what_cannot_be_repeated_is_refused(tmp_path: Path, request_: dict[str, object], message: str) -> None:
    words = {"model": "genre-linear", "data": DATA, "out": tmp_path / "runs", **request_}
    with pytest.raises(PartitaError, match=message):
        repeat(**words)
    assert not (tmp_path / "runs").exists()


def test_a_plan_takes_settings_to_the_part_that_has_them() -> None:
    plan = Plan.of("genre-cnn", ("a", "b"), {"steps": "7", "width": 16})
    assert (plan.recipe.steps, plan.config.width, plan.config.labels) == (7, 16, ("a", "b"))
    assert plan.kind.recipe.steps != 7
