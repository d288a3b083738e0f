"""Composers on a data set: bits of notes beside baselines, and samples beside real music, its ceiling and its floor."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from partita import data
from partita.checkpoint import save
from partita.cli import main
from partita.errors import UsageError
from partita.likelihood import measure_notes
from partita.likeness import SampleTest
from partita.metrics.originality import Index
from partita.metrics.symbolic.pieces import FEATURES
from partita.models import model_class
from partita.models.composer import Composer
from partita.sampling import Sampling


@pytest.fixture(scope="module")
def dataset() -> data.Dataset:
    return data.load("synthetic-scores:16")


@pytest.fixture(scope="module")
def composer() -> Composer:
    torch.manual_seed(0)
    model = model_class("note-transformer").tiny().eval()
    assert isinstance(model, Composer)
    return model


def test_bits_of_notes_stand_beside_counts_and_other_composers(dataset: data.Dataset, composer: Composer) -> None:
    result = measure_notes(composer, "tiny", dataset, "valid", others=[("itself", composer)])
    low, high = result.interval
    assert low <= result.bits_per_note <= high
    assert sum(result.by_field.values()) == pytest.approx(result.bits_per_note)
    assert result.n_notes == sum(row["notes"] for row in result.pieces)
    assert result.comparisons["itself"]["difference"] == 0
    row = result.baselines["token 1-gram"]
    assert row["difference"] == pytest.approx(result.bits_per_note - row["bits_per_note"])
    assert row["interval"][0] <= row["difference"] <= row["interval"][1]
    json.dumps(result.json(), allow_nan=False)


def test_samples_are_drawn_once_and_compared(dataset: data.Dataset, composer: Composer, tmp_path: Path) -> None:
    index = Index.of((example.id, example.score) for example in dataset.split("train"))
    trial = SampleTest(composer, "tiny", dataset, "train", samples=3, seconds=2.0, seed=0, index=index)
    sampling = Sampling(temperature=0.9, min_p=0.02)
    first, again = trial.run(sampling, tmp_path / "drawn"), trial.run(sampling, tmp_path / "drawn")
    assert first.speed is not None
    assert again.speed is None
    assert {**first.json(), "speed": None} == again.json()
    assert first.ceiling.area.value > first.floor.area.value > 0
    assert first.likeness.divergence == np.mean([feature.divergence for feature in first.likeness.features.values()])
    assert first.originality is not None
    assert first.human is not None
    json.dumps(first.json(), allow_nan=False)
    with pytest.raises(UsageError, match="another model, sampling"):
        trial.run(Sampling(1.1), tmp_path / "drawn")


def test_real_music_is_as_good_as_its_ceiling_and_copies_are_told(dataset: data.Dataset, composer: Composer) -> None:
    index = Index.of((example.id, example.score) for example in dataset.split("train"))
    trial = SampleTest(composer, "tiny", dataset, "train", samples=4, seconds=4.0, seed=0, index=index)
    real = trial.judge([passage.score() for passage in trial.real.held], Sampling())
    assert real.likeness.area.value == pytest.approx(real.ceiling.area.value, abs=0.02), "but for whole milliseconds"
    assert real.originality is not None
    assert real.originality.novelty[4][0] < 0.2, "clips of the training part are copies of it"


def test_too_little_is_said(dataset: data.Dataset, composer: Composer) -> None:
    with pytest.raises(UsageError, match="too few"):
        SampleTest(composer, "tiny", dataset, "train", samples=3, seconds=500.0, seed=0, index=None)
    trial = SampleTest(composer, "tiny", dataset, "train", samples=3, seconds=2.0, seed=0, index=None)
    with pytest.raises(UsageError, match="nothing to compare"):
        trial.judge([], Sampling())


def test_the_commands_show_samples_beside_real_music(
    composer: Composer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(composer, tmp_path / "tiny", {"data": "synthetic", "sampling": {"temperature": 0.95}})
    common = [str(folder), "--data", "synthetic-scores:16", "--split", "train", "--samples", "5", "--seconds", "4"]
    assert main(["evaluate", *common, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sampling"]["temperature"] == 0.95
    assert set(told["likeness"]["features"]) == set(FEATURES)
    assert main(["evaluate", *common]) == 0
    assert "real (ceiling)" in capsys.readouterr().out
    swept = ["sweep", *common, "--temperatures", "0.5,1", "--min-ps", "0", "--out", str(tmp_path / "swept")]
    assert main([*swept, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["sampling"]["temperature"] for row in told["rows"]] == [0.5, 1.0]
    assert told["best"] in [row["sampling"] for row in told["rows"]]
    assert main(swept) == 0
    table = capsys.readouterr().out
    assert "| 0.5 | 0 |" in table
    assert "(floor)" in table
    for wrong in (["--temperatures", "warm"], ["--min-ps", ""], ["--split", "test"], ["--samples", "1"]):
        assert main([*swept, *wrong]) == 2
    assert main(["sweep", "genre-linear", "--data", "synthetic-scores:16"]) == 2


def test_the_command_measures_composers(composer: Composer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save(composer, tmp_path / "tiny", {"data": "synthetic"})
    wanted = ["evaluate", str(folder), "--data", "synthetic-scores:16", "--compare", str(folder)]
    assert main([*wanted, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(told["by_field"].values()) == pytest.approx(told["bits_per_note"])
    assert main(wanted) == 0
    assert "bits per note" in capsys.readouterr().out
    assert main([*wanted, "--stress"]) == 2
