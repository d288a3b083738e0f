"""Checkpoints: identity, provenance, and refusal of what is damaged."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from partita.checkpoint import _narrowed, _widened, find, identity, load, read_card, save, shipped
from partita.errors import CheckpointError
from partita.models.beat_transformer import BeatTransformer
from partita.models.classifier import Classifier
from partita.models.generator import Generator
from partita.models.genre_linear import GenreLinear, GenreLinearConfig
from partita.models.rolls import RollModel


def test_a_checkpoint_may_be_named_by_folder_or_file(checkpoint: Path) -> None:
    for name in (checkpoint, checkpoint / "card.json", checkpoint / "model.safetensors"):
        assert find(name) == checkpoint
        assert load(name).name == "genre-linear"
    assert identity(checkpoint).startswith("tones@")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "card.json").write_text("{"), "not a readable card"),
        (lambda f: (f / "card.json").write_text("[]"), "not a card of partita"),
        (lambda f: (f / "card.json").unlink(), "no checkpoint here"),
        (lambda f: (f / "model.safetensors").unlink(), "can't be loaded"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04K\x01."), "not the weights that its card names"),
    ],
)
def test_damage_is_named(tmp_path: Path, checkpoint: Path, damage: "object", message: str) -> None:
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    damage(copy)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match=message):
        load(copy)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"model": "other"}, "this version has not"),
        ({"config": {"labels": ["a", "b"], "columns": 32, "hop": 32}}, "can't be loaded"),
        ({"config": {"nonsense": 1}}, "does not fit"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, checkpoint: Path, changes: dict, message: str) -> None:
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | changes))
    with pytest.raises(CheckpointError, match=message):
        load(copy)


def test_a_missing_checkpoint_names_the_shipped_ones() -> None:
    with pytest.raises(CheckpointError, match="shipped are"):
        find("no-such-model")


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    model = GenreLinear(GenreLinearConfig(labels=("a", "b")))
    for name in ("one", "two"):
        save(model, tmp_path / name, {"data": "none"})
    for file in ("model.safetensors", "card.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_card_of_another_checkpoint_says_nothing_false_of_this_one(tmp_path: Path) -> None:
    first = save(BeatTransformer.tiny(), tmp_path / "first", {"data": "none"})
    second = save(load(first), tmp_path / "second", {**read_card(first), "model": "toygan"}, bits=16)
    assert read_card(second)["sha256"] != read_card(first)["sha256"]
    assert load(second).name == "beat-transformer"
    assert read_card(second)["data"] == "none"


def test_half_the_bits_are_half_the_size_and_nearly_the_same(tmp_path: Path) -> None:
    model = BeatTransformer.tiny()
    model.learnt.keep(torch.arange(600).view(300, 2) % 4)
    full, half = save(model, tmp_path / "full", {}), save(model, tmp_path / "half", {}, bits=16)
    saved = (full / "model.safetensors").stat().st_size - (half / "model.safetensors").stat().st_size
    numbers = sum(value.numel() for value in model.state_dict().values() if value.is_floating_point())
    assert saved == pytest.approx(2 * numbers, abs=200), "but for what the header says"
    again = load(half).state_dict()
    for key, value in model.state_dict().items():
        assert again[key].dtype == value.dtype
        assert torch.allclose(again[key].double(), value.double(), rtol=1e-3, atol=1e-6), key
        assert value.is_floating_point() or torch.equal(again[key], value), "integers lose nothing"


def test_eight_bits_are_a_quarter_of_the_size_and_still_near(tmp_path: Path) -> None:
    model = BeatTransformer.tiny().set(width=240)
    torch.nn.init.normal_(model.blocks[0].recency, std=100)
    full, small = save(model, tmp_path / "full", {}), save(model, tmp_path / "small", {}, bits=8)
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (full, small)]
    assert sizes[1] < 0.3 * sizes[0]
    again = load(small).state_dict()
    for key, value in model.state_dict().items():
        assert again[key].dtype == value.dtype
        assert again[key].shape == value.shape
        off = (again[key] - value).abs()
        if value.ndim > 1 and value.numel() >= 10_000:
            assert (off.flatten(1).amax(1) <= 0.51 * value.flatten(1).abs().amax(1) / 127).all(), key
        elif value.numel():
            assert float(off.max()) <= 1e-3 * float(value.abs().max()), "what is small, such as biases, keeps 16 bits"


def test_in_eight_bits_soft_codes_lose_no_more_than_loud_ones() -> None:
    books = torch.randn(2, 40, 256) * torch.logspace(-3, 0, 40)[:, None]
    again = _widened(_narrowed({"books": books}, 8))["books"]
    assert ((again - books).abs().amax(2) <= 0.51 * books.abs().amax(2) / 127).all()


@pytest.mark.parametrize("name", shipped())
def test_shipped_checkpoints_load_and_say_where_they_come_from(name: str) -> None:
    card, model = read_card(name), load(name)
    assert {"data", "recipe", "seed", "metrics", "sha256", "licence", "remade by"} <= card.keys()
    most = 15_000_000 if isinstance(model, Generator) else 12_000_000  # generators keep the codes of their training
    assert (find(name) / "model.safetensors").stat().st_size < most
    assert card["metrics"]
    for metrics in card["metrics"].values():
        assert {"interval", "protocol", "baselines"} <= metrics.keys()
    metrics = next(iter(card["metrics"].values()))
    if isinstance(model, Classifier):
        assert model.labels
        assert "calibration" in card
        assert {"accuracy", "n"} <= metrics.keys()
        # genre-linear can't take the spectrograms of another archive than GTZAN's
        beside = {"majority"} if card["data"]["name"] == "fma-logmel" else {"majority", "genre-linear"}
        assert metrics["baselines"].keys() == beside
    elif isinstance(model, Generator):
        assert model.labels
        assert metrics["nats_per_patch"] < min(metrics["baselines"].values())
    elif isinstance(model, RollModel):
        assert metrics["exact"]
        assert {"nll_per_step", "n_steps"} <= metrics.keys()
        assert {"uniform", "note 1-gram"} <= metrics["baselines"].keys()
