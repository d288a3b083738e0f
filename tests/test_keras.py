"""The reports' networks answer as their Keras originals do, given the same weights (tests/golden)."""

import numpy as np
import pytest
import torch
from golden.make_keras_golden import GOLDEN, SEED, draw, draw_inputs
from torch import nn

from partita.features import htk_filters
from partita.models import model_class
from partita.models.base import Model
from partita.models.keras import LSTM

ANSWERS = np.load(GOLDEN)
SMALLER: dict[str, dict[str, int]] = {"fstmuse": {"samples": 64 * 512}, "resnet50": {"fft": 126}}
"""Inputs that take less time than whole ones; the networks are as wide as ever."""


def fill(model: Model, rng: np.random.Generator) -> None:
    """Draw Keras's weights layer by layer and lay them as PyTorch has them."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            outputs, inputs, *kernel = layer.weight.shape
            weight = draw(rng, "kernel", (*kernel, inputs, outputs))
            place(layer.weight, np.moveaxis(weight, (-1, -2), (0, 1)))
            place(layer.bias, draw(rng, "bias", (outputs,)))
        elif isinstance(layer, nn.Linear):
            place(layer.weight, draw(rng, "kernel", layer.weight.shape[::-1]).T)
            place(layer.bias, draw(rng, "bias", layer.bias.shape))
        elif isinstance(layer, LSTM):
            place(layer.kernel, draw(rng, "kernel", tuple(layer.kernel.shape[::-1])).T)
            place(layer.recurrent, draw(rng, "kernel", tuple(layer.recurrent.shape[::-1])).T)
            place(layer.bias, draw(rng, "bias", tuple(layer.bias.shape)))
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            slots = {"weight": "scale", "bias": "bias", "running_mean": "bias", "running_var": "scale"}
            for slot, role in slots.items():
                place(getattr(layer, slot), draw(rng, role, (layer.num_features,)))


def place(tensor: torch.Tensor | None, values: np.ndarray) -> None:
    assert tensor is not None
    assert tensor.shape == values.shape
    with torch.no_grad():
        tensor.copy_(torch.from_numpy(np.ascontiguousarray(values)))


@pytest.mark.parametrize("name", ["bach", "beethoven", "dilated-cnn", "softmax", "lildata", "fstmuse", "resnet50"])
def test_forward_equals_keras(name: str) -> None:
    wanted = ANSWERS[name]
    kind = model_class(name)
    model = kind(kind.Config(labels=tuple("abcdefghij"[: wanted.shape[1]]), **SMALLER.get(name, {})))
    assert model.parameter_count == ANSWERS[f"{name} parameters"]
    rng = np.random.default_rng(SEED)
    shape = model.input_shape
    assert shape is not None
    channels_last = shape if name == "beethoven" else (*shape[1:], shape[0])
    inputs = torch.from_numpy(draw_inputs(rng, channels_last))
    fill(model, rng)
    with torch.inference_mode():
        ours = model.eval()(inputs if name == "beethoven" else inputs.movedim(-1, 1)).numpy()
    np.testing.assert_allclose(ours, wanted, atol=1e-5, rtol=1e-5)


def test_mel_bands_are_those_of_tensorflow() -> None:
    vectors = draw_inputs(np.random.default_rng(SEED), (1025,))
    ours = vectors @ htk_filters(22_050, 2048, 128, 8000.0).T
    np.testing.assert_allclose(ours, ANSWERS["mel"], atol=5e-4)  # theirs are made in float32, mels of 2,840 and all
