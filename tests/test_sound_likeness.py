"""Made sounds beside real ones: what was copied is told, noise is far, all figures come with those of real sound."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from partita import data
from partita.audio import Audio
from partita.checkpoint import save
from partita.cli import main
from partita.errors import UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.metrics.audio import SAME
from partita.models.beat_transformer import BeatTransformer
from partita.models.generator import Drawn, Progress, Request
from partita.sampling import Sampling
from partita.sound_likeness import SoundLikeness, clips, measure_sounds
from partita.training import fit

SECONDS = 4.0


@pytest.fixture(scope="module")
def dataset() -> data.Dataset:
    return data.load("synthetic:8").only(["beat", "drone"])


@pytest.fixture(scope="module")
def model(dataset: data.Dataset) -> BeatTransformer:
    torch.manual_seed(0)
    network = BeatTransformer.tiny()
    items = prepare_all(network, dataset.split("train")).items
    fit(network, items, [], type(network.recipe)(steps=10, batch=4, validate_every=10))
    return network


class Parrot(BeatTransformer):
    """Says again what it was trained on."""

    said: list[tuple[np.ndarray, np.ndarray]]

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        levels, tokens = self.said[int(rng.integers(len(self.said)))]
        return Drawn(levels.T.astype(np.float32), len(levels) * self.seconds_per_frame(120), tokens=tokens)


def measured(model: BeatTransformer, dataset: data.Dataset, samples: int = 4) -> SoundLikeness:
    return measure_sounds(model, "x", dataset, "train", samples=samples, seconds=SECONDS, sampling=Sampling())


def test_a_parrot_is_found_out(model: BeatTransformer, dataset: data.Dataset) -> None:
    fine = model.set(mels=64, frames=16)
    fine.codebooks.books.normal_(0.5, 0.5, generator=torch.Generator().manual_seed(0))
    parrot = Parrot(fine.config)
    parrot.load_state_dict(fine.state_dict())
    beats = [item for item in prepare_all(parrot, dataset.split("train")).items if int(item["label"]) == 0]
    parrot.said = [(item["levels"], parrot.tokens(item)) for item in beats]
    found = measured(parrot, dataset)
    assert found.token_copies is not None
    assert found.token_copies["made"] in (0.0, 1.0), "all its runs are known, or none is told from a hum"
    assert found.nearest["made"] > 0.75
    assert found.nearest["real"] >= SAME, "training clips are copies of themselves"


def test_noise_is_farther_than_real_sound(model: BeatTransformer, dataset: data.Dataset) -> None:
    found = measured(model, dataset, 6)
    for kinds in found.distances.values():
        assert kinds["frechet"].noise > kinds["frechet"].real
        assert kinds["frechet"].made > kinds["frechet"].real, "a tiny network makes nothing like it"
    assert found.ratio("statistics") == pytest.approx(
        found.distances["statistics"]["frechet"].made / found.distances["statistics"]["frechet"].real
    )
    assert 0 < found.distinct <= 1
    assert found.speed > 0
    assert found.inversion["spectral convergence"] < 0
    json.dumps(found.json(), allow_nan=False)
    with pytest.raises(UsageError, match="too few"):
        measured(model, dataset, 3)


def test_clips_are_not_always_of_the_recordings_that_a_table_begins_with() -> None:
    rate = 8000
    hums = [np.sin(2 * np.pi * 100 * (k + 1) * np.arange(2 * rate) / rate).astype(np.float32) for k in range(10)]
    examples = [Example(f"{k}", Audio(hum[None], rate, f"{k}"), "hum", f"{k}") for k, hum in enumerate(hums)]

    def heard(seed: int, each: int) -> list[int]:
        taken = clips(examples, ["hum"], each, 1.0, rate, np.random.default_rng(seed))
        return [int(np.abs(np.fft.rfft(clip.samples)).argmax()) for clip in taken]

    assert len({heard(seed, 1)[0] for seed in range(10)}) > 3
    assert sorted(heard(0, 10)) == [100 * (k + 1) for k in range(10)], "each in turn"
    assert heard(1, 5) == heard(1, 5)


def test_the_command_measures_generators(
    model: BeatTransformer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(model, tmp_path / "tiny", {"data": "synthetic"})
    wanted = ["evaluate", str(folder), "--data", "synthetic:20", "--samples", "4", "--seconds", "1.5"]
    assert main([*wanted, "--genres", "beat,drone", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["samples"] == 4
    assert set(told["distances"]) == {"statistics", "statistics over hiss", "genre network"}
    assert main([*wanted, "--genres", "beat,drone", "--json", "--sampling-seed", "1"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["protocol"] == told["protocol"]
    assert other["distances"] != told["distances"]
    assert main([*wanted, "--stress"]) == 2
