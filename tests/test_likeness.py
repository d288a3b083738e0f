"""Composers on a data set: bits of notes beside baselines, and samples beside real music, its ceiling and its floor."""

import json
from pathlib import Path

import numpy as np
import pytest

from partita import data
from partita.checkpoint import save
from partita.cli import main
from partita.errors import UsageError
from partita.likelihood import measure_notes
from partita.likeness import compare_sets, draw, real_clips
from partita.metrics.originality import Index
from partita.models import model_class
from partita.models.composer import Composer
from partita.sampling import Sampling


@pytest.fixture(scope="module")
def dataset() -> data.Dataset:
    return data.load("synthetic-scores:16")


@pytest.fixture(scope="module")
def composer() -> Composer:
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
    sampling = Sampling(temperature=0.9, min_p=0.02)
    scores, speed = draw(composer, 3, 2.0, sampling, 0, folder=tmp_path / "drawn")
    again, none = draw(composer, 3, 2.0, sampling, 0, folder=tmp_path / "drawn")
    assert speed is not None
    assert none is None
    assert scores == again
    real = real_clips(dataset.examples, 2.0, 3)
    index = Index.of((example.id, example.score) for example in dataset.split("train"))
    result = compare_sets(scores, real, index, sampling, 0)
    assert result.ceiling.area.value > result.floor.area.value > 0
    assert result.originality is not None
    assert result.human is not None
    json.dumps(result.json(), allow_nan=False)


def test_too_little_is_said(dataset: data.Dataset) -> None:
    with pytest.raises(UsageError, match="too few"):
        real_clips(dataset.examples, 500.0, 3)
    real = real_clips(dataset.examples, 2.0, 3)
    with pytest.raises(UsageError, match="nothing to compare"):
        compare_sets([], real, None, Sampling(), 0)
    assert np.isclose(real.seconds, 2.0)


def test_the_command_measures_composers(composer: Composer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save(composer, tmp_path / "tiny", {"data": "synthetic"})
    wanted = ["evaluate", str(folder), "--data", "synthetic-scores:16", "--compare", str(folder)]
    assert main([*wanted, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(told["by_field"].values()) == pytest.approx(told["bits_per_note"])
    assert main(wanted) == 0
    assert "bits per note" in capsys.readouterr().out
    assert main([*wanted, "--stress"]) == 2
