"""What the other generators keep to: the reports' networks with their faults, and the corrected ones without."""

from pathlib import Path

import numpy as np
import pytest
import torch

import partita
from partita import data
from partita.audio import Audio
from partita.checkpoint import save
from partita.cli import main
from partita.errors import UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.generation import PEAK, generate_sound
from partita.models import MODELS, model_class
from partita.models.components import Components
from partita.models.generator import Generator, Request
from partita.models.loop_gan import LoopGAN
from partita.models.spectrogram_lstm import SpectrogramLSTM
from partita.models.spectrogram_lstm_mixture import SpectrogramLSTMMixture
from partita.models.toygan import EQUILIBRIUM, FLOOR, ToyGAN
from partita.tags import read_tags
from partita.training import fit

GENERATORS = [name for name in MODELS if issubclass(model_class(name), Generator)]


def trained(name: str, steps: int = 4, **changes: object) -> Generator:
    """A tiny one after a few steps."""
    torch.manual_seed(0)
    model = model_class(name).tiny().set(**changes)
    assert isinstance(model, Generator)
    items = prepare_all(model, data.load("synthetic:4").only(["beat", "drone"]).split("train")).items
    fit(model, items, [], type(model.recipe)(steps=steps, batch=4, validate_every=steps))
    return model


@pytest.mark.parametrize("name", GENERATORS)
def test_every_sound_is_fit_to_be_heard_and_says_what_it_is(name: str, tmp_path: Path) -> None:
    model = trained(name)
    seconds = min(0.9, model.most_seconds)
    for label in model.labels:
        made = generate_sound(model, Request(label, seconds, 120), 3, label)
        samples = made.audio.samples
        assert np.isfinite(samples).all()
        assert made.audio.seconds == pytest.approx(seconds, abs=0.13)
        assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-4) or not samples.any()
        assert abs(float(samples.mean())) < 1e-4
        again = generate_sound(model, Request(label, seconds, 120), 3, label)
        assert np.array_equal(again.audio.samples, samples)
    folder = save(model, tmp_path / "it", {})
    path, *_ = partita.generate("drone", model=str(folder), seconds=seconds, seed=7).write(tmp_path / "one.flac")
    tags = read_tags(path)
    assert tags["genre"] == "drone"
    assert "seed 7" in tags["encodedby"]
    assert "it@" in tags["encodedby"]


@pytest.mark.parametrize("name", GENERATORS)
def test_loops_are_whole_bars_where_time_is_kept_and_refused_elsewhere(name: str) -> None:
    model = trained(name)
    request = Request("beat", 3.0 if model.keeps_time else 0.5, 120, loop=True)
    if not model.keeps_time:
        with pytest.raises(UsageError, match="knows no beat"):
            generate_sound(model, request, 0, "x")
        return
    made = generate_sound(model, request, 0, "x")
    assert made.audio.seconds == pytest.approx(4.0, abs=1e-3) or made.audio.seconds == pytest.approx(2.0, abs=1e-3)
    assert made.health.seam < 2


def test_components_lose_nothing_where_there_are_enough_of_them() -> None:
    rng = np.random.default_rng(0)
    patches = (rng.normal(size=(300, 3)) @ rng.normal(size=(3, 8)) + 5).astype(np.float32)
    components = Components(3, 8)
    components.fit(patches)
    coded = components.encode(torch.from_numpy(patches))
    assert torch.allclose(components.decode(coded), torch.from_numpy(patches), atol=1e-3)
    assert coded.std(0).numpy() == pytest.approx(np.ones(3), abs=0.01)
    assert coded.mean(0).numpy() == pytest.approx(np.zeros(3), abs=0.01)


def test_the_report_s_lstm_knows_one_frame_and_nothing_of_chance() -> None:
    model = trained("spectrogram-lstm")
    assert isinstance(model, SpectrogramLSTM)
    first = model.prompts[0, :1]
    long, short = model(first, 20), model(first, 10)
    assert torch.allclose(long[:, :10], short, atol=1e-6)
    scores = model.validate([{"pictures": np.full((2, 64, 64), 9, np.uint8), "label": np.array(0)}])
    assert scores["repeat_frame"] == scores["mean_frame"] == 0, "of what stands still both are right"


def test_density_of_the_mixture_is_that_of_its_draws() -> None:
    model = trained("spectrogram-lstm-mixture")
    assert isinstance(model, SpectrogramLSTMMixture)
    logits, means = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[[0.0], [3.0]]]])
    grid = torch.linspace(-8, 12, 4001)
    nats = model._nats(grid[None, :, None], logits, means, torch.full_like(means, 0.5))
    assert float((-nats).exp().sum() * (grid[1] - grid[0])) == pytest.approx(1, abs=1e-3)


def test_bars_of_the_gan_go_round() -> None:
    model = trained("loop-gan")
    assert isinstance(model, LoopGAN)
    bars = torch.randn(3, 4, 16, generator=torch.Generator().manual_seed(0))
    label = torch.tensor([0, 1, 0])
    judge = model.discriminator.eval()
    assert torch.allclose(judge(bars, label), judge(bars.roll(4, -1), label), atol=1e-5), "no bar line is an edge"
    assert not any(parameter.requires_grad for parameter in model.listener.parameters())
    before = {key: value.clone() for key, value in model.listener.state_dict().items()}
    model.train()
    pieces = [piece for item in items_of(model) for piece in model.pieces(item)]
    model.losses(model.batch(pieces, rng()), "generator")
    assert all(torch.equal(value, model.listener.state_dict()[key]) for key, value in before.items())


def items_of(model: Generator) -> list[dict[str, np.ndarray]]:
    sound = np.random.default_rng(0).normal(0, 0.1, (1, 4 * model.rate)).astype(np.float32)
    item = model.prepare(Example("noise", Audio(sound, 22_050), "beat", "noise"))
    return [{**item, "label": np.array(number)} for number in (0, 1)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_losses_of_toygan_stand_at_its_lines() -> None:
    model = trained("toygan")
    assert isinstance(model, ToyGAN)
    assert pytest.approx(0.6931, abs=1e-4) == EQUILIBRIUM
    assert pytest.approx(0.2664, abs=1e-4) == FLOOR
    last = model.discriminator.layers[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    batch = model.batch([{"clip": np.zeros((44, 32), np.float16)} for _ in range(4)], rng())
    for phase in ("discriminator", "generator"):
        assert float(model.losses(batch, phase)["loss"].detach()) == pytest.approx(EQUILIBRIUM, abs=1e-5), phase


def test_training_a_gan_draws_both_losses_and_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("beat", "drone"):
        folder = tmp_path / "music" / name
        folder.mkdir(parents=True)
        for example in data.load("synthetic:4").only([name]).examples:
            Audio(example.recording.samples, 22_050).write(folder / f"{example.id}.wav")  # type: ignore[union-attr]
    small = [f"--set={key}={value}" for key, value in {"samples": 22_050, "mels": 32, "width": 2}.items()]
    recipe = ["--set=epochs=0", "--set=steps=4", "--set=validate_every=2"]
    out = tmp_path / "gan"
    assert main(["train", "toygan", "--data", f"folder:{tmp_path / 'music'}", "--out", str(out), *small, *recipe]) == 0
    capsys.readouterr()
    assert (out / "curves.png").stat().st_size > 5000


def test_long_recordings_are_learnt_from_end_to_end_but_count_for_less_than_they_last() -> None:
    model = trained("spectrogram-lstm-mixture")
    assert isinstance(model, SpectrogramLSTMMixture)
    bars = model.config.bars
    counts = []
    for stretches in (1, 4, 16):
        numbers = np.arange(stretches * bars, dtype=np.uint8).repeat(model.bar)
        item = {"levels": numbers[:, None].repeat(model.config.mels, 1), "label": np.array(0), "bpm": np.array([120.0])}
        pieces = model.pieces(item)
        draws = model.stretches(list(pieces) * 200, rng())["patches"]
        begins = set((255 * draws[:, 0, 0]).round().int().tolist())
        assert begins == set(range((stretches - 1) * bars + 1))
        counts.append(len(pieces))
    assert counts == [1, 2, 4]
