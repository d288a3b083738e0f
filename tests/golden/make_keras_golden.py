"""Make keras.npz: what the reports' networks, built in Keras, answer to drawn inputs with drawn weights.

    python -m venv keras-venv && keras-venv/bin/pip install torch keras
    keras-venv/bin/python tests/golden/make_keras_golden.py

A stand-alone script: partita needs no Keras, and the tests read the numbers alone. Weights and inputs are not kept but
drawn from numpy's generator: first two inputs, then layer by layer what a layer has, in the order of `ROLES`, layers in
the order of their names below. `tests/test_keras.py` draws the same for partita's networks. The last layer gives logits
(the reports' softmax is left out), so that the comparison is of unsquashed numbers.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

GOLDEN = Path(__file__).with_name("keras.npz")
SEED = 7
ROLES = {
    "Conv1D": ("kernel", "bias"),
    "Conv2D": ("kernel", "bias"),
    "Dense": ("kernel", "bias"),
    "LSTM": ("kernel", "kernel", "bias"),  # of the inputs, of the state; gates in the order i, f, c, o
    "BatchNormalization": ("scale", "bias", "bias", "scale"),  # gamma, beta, moving mean, moving variance
}


def draw(rng: np.random.Generator, role: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Weights of a role: kernels that keep variances, small biases, scales about 1."""
    if role == "scale":
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    size = 1 / np.sqrt(np.prod(shape[:-1])) if role == "kernel" else 0.1
    return rng.standard_normal(shape, np.float32) * np.float32(size)


def draw_inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Two inputs of a shape, channels last."""
    return rng.standard_normal((2, *shape), np.float32)


def networks(keras: Any) -> dict[str, tuple[Any, list[str]]]:
    """The reports' networks by partita's names, and the names of the layers that have weights, in order."""
    layers, relu = keras.layers, {"activation": "relu"}

    def sequential(shape: tuple[int, ...], *parts: Any) -> tuple[Any, list[str]]:
        model = keras.Sequential([layers.Input(shape), *parts])
        return model, [layer.name for layer in model.layers if layer.weights]

    bach: list[Any] = []
    for filters, kernel in ((100, 5), (300, 3), (180, 2)):
        bach += [layers.Conv1D(filters, kernel, **relu), layers.Dropout(0.2)]
    beethoven: list[Any] = []
    for sequences in (True, True, False):
        beethoven += [layers.LSTM(100, return_sequences=sequences), layers.Dropout(0.2)]
    dilated: list[Any] = [layers.BatchNormalization()]
    for number, (filters, kernel) in enumerate(((128, 9), (128, 9), (64, 9), (64, 9), (32, 9), (32, 7))):
        dilated += [layers.Conv1D(filters, kernel, dilation_rate=2**number, **relu), layers.MaxPooling1D(3)]
    lildata: list[Any] = []
    for filters in (32, 64, 128, 128):
        lildata += [layers.Conv2D(filters, 3, **relu), layers.MaxPooling2D(4)]
    fstmuse = [
        *(layers.Conv2D(32, 9, **relu), layers.Conv2D(64, 3, **relu), layers.MaxPooling2D(2)),
        *(layers.Conv2D(64, 9, **relu), layers.Conv2D(128, 3, **relu), layers.MaxPooling2D(4)),
        *(layers.Conv2D(128, 2, **relu), layers.Flatten(), layers.Dense(32, **relu)),
    ]
    return {
        "bach": sequential((60, 110), *bach, layers.Flatten(), layers.Dropout(0.2), layers.Dense(10)),
        "beethoven": sequential((60, 110), *beethoven, layers.Dense(10)),
        "dilated-cnn": sequential((66_150, 1), *dilated, layers.Flatten(), layers.Dropout(0.25), layers.Dense(10)),
        "softmax": sequential((631, 631, 1), layers.Flatten(), layers.Dense(8)),
        "lildata": sequential(
            (631, 631, 1),
            *(*lildata, layers.Flatten(), layers.Dense(48, **relu), layers.Dropout(0.5), layers.Dense(8)),
        ),
        "fstmuse": sequential((64, 128, 1), *fstmuse, layers.Dense(7)),
        "resnet50": resnet50(keras),
    }


def resnet50(keras: Any) -> tuple[Any, list[str]]:
    """Keras's own ResNet50 on pictures of 64 x 64, which is full width at a hundredth of the work."""
    body = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3), pooling="avg")
    top = keras.layers.Dense(8, name="top")
    names = ["conv1_conv", "conv1_bn"]
    for stage, blocks in enumerate((3, 4, 6, 3), start=2):
        for block in range(1, blocks + 1):
            parts = (1, 2, 3, 0) if block == 1 else (1, 2, 3)  # 0 is the shortcut
            names += [f"conv{stage}_block{block}_{part}_{kind}" for part in parts for kind in ("conv", "bn")]
    return keras.Model(body.input, top(body.output)), [*names, "top"]


def main() -> None:
    """Draw, run, keep."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    torch.set_num_threads(1)
    results: dict[str, Any] = {"keras": keras.__version__}
    for name, (model, layers) in networks(keras).items():
        rng = np.random.default_rng(SEED)
        inputs = draw_inputs(rng, model.input_shape[1:])
        for layer in (model.get_layer(layer) for layer in layers):
            roles = ROLES[type(layer).__name__]
            layer.set_weights([draw(rng, role, w.shape) for role, w in zip(roles, layer.get_weights(), strict=True)])
        with torch.inference_mode():
            results[name] = model(inputs, training=False).cpu().numpy()
        results[f"{name} parameters"] = model.count_params()
    filters = keras.layers.MelSpectrogram(
        fft_length=2048, num_mel_bins=128, sampling_rate=22_050, min_freq=0.0, max_freq=8000.0
    ).linear_to_mel_weight_matrix(128, 1025, 22_050, 0.0, 8000.0)
    results["mel"] = draw_inputs(np.random.default_rng(SEED), (1025,)) @ np.asarray(filters)
    np.savez(GOLDEN, **results)


if __name__ == "__main__":
    main()
