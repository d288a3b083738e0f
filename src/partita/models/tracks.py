"""Classifiers of whole 30 s clips as mel spectrograms: what the networks of the report FstMuse share.

The front end is that of the report's code: linear magnitudes, FFTs of 2,048 samples, 512 apart, the first frame
starting at the first sample, and 128 of HTK's mel bands up to 8 kHz (`features.magnitude_mel`). A clip of the Free
Music Archive, 660,984 samples at 22,050 Hz, gives 1,291 frames; longer recordings are cut into such clips, of which
the last, unless whole, does not count, and shorter ones are filled up with zeros.

`scale="log"` takes the logarithm and standardises every band by the training part, which the report does not.
`pooling="global"` takes the mean over the picture in place of flattening it, so that the dense layer has thousands of
weights and not millions.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import UsageError, unknown
from partita.features import magnitude_mel
from partita.models.chunks import ChunkClassifier
from partita.models.keras import Flatten, initialise
from partita.models.layers import Standardise

HIGHEST_HZ = 8000.0
SCALES, POOLINGS = ("linear", "log"), ("flatten", "global")


@dataclass(frozen=True)
class TrackConfig:
    """A clip has `samples` and becomes `mels` bands of frames `hop` samples apart, from FFTs of `fft`.

    The first convolution has `width` filters, the others multiples of it; `dense` units come before the last layer.
    `scale` is "linear" or "log", `pooling` "flatten" or "global".
    """

    labels: tuple[str, ...] = ()
    samples: int = 660_984
    fft: int = 2048
    hop: int = 512
    mels: int = 128
    width: int = 32
    dense: int = 32
    scale: Literal["linear", "log"] = "linear"
    pooling: Literal["flatten", "global"] = "flatten"


class Step(NamedTuple):
    """A convolution without padding, of `times` the width, and the max pooling after it (1: none)."""

    times: int
    kernel: int
    pool: int = 1


class TrackClassifier(ChunkClassifier):
    """A classifier of clips (n, 1, 1291 frames, 128 bands); a subclass gives the steps of its `plan`."""

    at_once = 2

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        for kind, value, known in (("scale", config.scale, SCALES), ("pooling", config.pooling, POOLINGS)):
            if value not in known:
                raise unknown(kind, value, list(known))
        self.input_shape = (1, -(-config.samples // config.hop), config.mels)
        self.standardise = Standardise(config.mels, axis=3) if config.scale == "log" else nn.Identity()
        self.layers = nn.Sequential(self._layers(self.plan))
        initialise(self)

    @property
    def plan(self) -> Sequence[Step]:
        """The convolutions."""
        raise NotImplementedError

    def _layers(self, plan: Sequence[Step]) -> "OrderedDict[str, nn.Module]":
        config, layers = self.config, OrderedDict[str, nn.Module]()
        _, frames, bands = self.input_shape or ()
        channels = [1, *(step.times * config.width for step in plan)]
        for number, ((inputs, outputs), step) in enumerate(zip(pairwise(channels), plan, strict=True), start=1):
            layers[f"conv{number}"] = nn.Conv2d(inputs, outputs, step.kernel)
            if step.pool > 1:
                layers[f"pool{number}"] = nn.MaxPool2d(step.pool)
            layers[f"relu{number}"] = nn.ReLU(inplace=True)  # after the pool: the same, at a fraction of the work
            frames, bands = ((size - step.kernel + 1) // step.pool for size in (frames, bands))
            if min(frames, bands) < 1:
                raise UsageError(f"{config.samples} samples and {config.mels} bands are too few for {self.name}")
        if config.pooling == "global":
            layers["average"], frames, bands = nn.AdaptiveAvgPool2d(1), 1, 1
        layers["flatten"] = Flatten()
        layers["dense1"] = nn.Linear(channels[-1] * frames * bands, config.dense)
        layers["relu"] = nn.ReLU()
        layers["dense2"] = nn.Linear(config.dense, len(config.labels))
        return layers

    @property
    def chunk(self) -> int:
        """Samples of a clip: 660,984 (29.98 s)."""
        return int(self.config.samples)

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Clips (n, samples) as (n, 1, frames, bands)."""
        config = self.config
        spectra = [magnitude_mel(wave, self.rate, config.fft, config.hop, config.mels, HIGHEST_HZ).T for wave in waves]
        x = np.stack(spectra)[:, None]
        return np.log10(x + np.float32(1e-3)) if config.scale == "log" else x

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, frames, bands) -> (n, labels) logits."""
        logits: Tensor = self.layers(self.standardise(x).to(memory_format=torch.channels_last))
        return logits
