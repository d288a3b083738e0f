"""Transfer by gradient: what its losses promise, on half a second of pictures."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import tone

from partita.audio import Audio
from partita.errors import CheckpointError, UsageError
from partita.transfers import METHODS, gradient, method_class, vgg19
from partita.transfers.random_cnn import RandomCNN, RandomCNNConfig

NAMES = ("vgg19", "lildata", "random-cnn")


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Parts of 128 frames of two sounds."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, gradient.PIECE) * (np.arange(gradient.PIECE) % 5000 < 2000)
    sounds = tone(5)[: gradient.PIECE, 0], noise.astype(np.float32)
    spectra = [np.abs(gradient.stft(sound, gradient.FFT, gradient.HOP)) for sound in sounds]
    first, second = (gradient.picture_of(magnitude)[0][:, 100:228].copy() for magnitude in spectra)
    return first, second


def small(name: str, **settings: float) -> gradient.GradientTransfer:
    chosen = {"iterations": 4, **settings, **({"filters": 64} if name == "random-cnn" else {})}
    method = method_class(name)
    made = method(method.Config(**chosen))
    assert isinstance(made, gradient.GradientTransfer)
    return made


def wide(name: str, pictures: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """lildata's fourth layer wants 234 frames, vgg19 takes long for more than few."""
    first, second = pictures
    if name == "vgg19":
        return first[:64, :64].copy(), second[:64, :64].copy()
    if name == "lildata":
        return np.tile(first, (1, 2))[:, :234].copy(), np.tile(second, (1, 2))[:, :234].copy()
    return pictures


@pytest.mark.parametrize("name", [n for n in NAMES if n != "vgg19"])
def test_the_loss_falls_at_every_step_and_the_style_comes_nearer(name, pictures) -> None:
    content, style = wide(name, pictures)
    seen: list[gradient.Losses] = []
    method = small(name, iterations=6)
    changed = method.change(content, style, watch=seen.append)
    totals = [float(losses.total) for losses in seen]
    assert all(after <= before for before, after in pairwise(totals))
    assert totals[-1] < totals[0]
    assert float(seen[-1].style) < float(seen[0].style)
    assert float(seen[0].content) == 0
    assert not np.array_equal(changed, content)


def test_vgg19_falls_too(pictures) -> None:
    content, style = wide("vgg19", pictures)
    seen: list[gradient.Losses] = []
    method = small("vgg19", iterations=12)
    method.change(content, style, watch=seen.append)
    totals = [float(losses.total) for losses in seen]
    assert sorted(totals, reverse=True) == totals
    assert totals[-1] < totals[0]
    assert "random weights" in method.notes[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_content_alone_returns_the_content(name, pictures) -> None:
    content, style = wide(name, pictures)
    np.testing.assert_array_equal(small(name, beta=0.0, iterations=2).change(content, style), content)


def test_the_style_alone_comes_nearer_than_with_the_content(pictures) -> None:
    def style_loss(alpha: float) -> float:
        seen: list[gradient.Losses] = []
        small("random-cnn", alpha=alpha, iterations=10).change(*pictures, watch=seen.append)
        return float(seen[-1].style / seen[0].style)

    assert style_loss(0.0) < style_loss(1e4) <= 1


def test_vgg19_is_the_literatures_and_takes_torchvisions_weights() -> None:
    module = small("vgg19").network
    assert sum(p.numel() for p in module.parameters()) == 20_024_384
    with pytest.raises(CheckpointError, match="block1_conv1"):
        vgg19.load(module, {}, "file")
    first = torch.nn.Sequential(module.get_submodule("block1_conv1"))
    vgg19.load(first, {"features.0.weight": torch.ones(64, 3, 3, 3), "features.0.bias": torch.ones(64)}, "file")
    assert all((value == 1).all() for value in first.state_dict().values())


def test_settings_are_checked_and_methods_registered() -> None:
    assert [name for name in METHODS if name in NAMES] == list(NAMES)
    with pytest.raises(UsageError, match="alpha"):
        RandomCNNConfig(alpha=-1)


def test_pictures_turn_back_into_magnitudes() -> None:
    magnitude = np.random.default_rng(0).uniform(0.01, 1, (631, 20)).astype(np.float32)
    picture, loudest = gradient.picture_of(magnitude)
    np.testing.assert_allclose(gradient.magnitude_of(picture, loudest), magnitude, rtol=1e-4)
    assert picture.max() == pytest.approx(255)


def test_a_result_has_the_contents_form() -> None:
    content, style = Audio(tone(1.5, 16_000, 2).T, 16_000), Audio(tone(2, 44_100, hz=300).T, 44_100)
    method = RandomCNN(RandomCNNConfig(iterations=1, filters=16, inversion=2))
    made = method.apply(content, style)
    assert made.samples.shape == content.samples.shape
    assert made.rate == content.rate
    assert np.isfinite(made.samples).all()
