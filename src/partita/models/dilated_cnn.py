"""dilated-cnn: six dilated convolutions over three seconds of raw samples, ten votes a song.

From the report that calls it WaveNet-style (April 2019). It has WaveNet's dilation, but no causal, gated, residual or
skip part. Chunks of 66,150 samples; batch normalisation at the input alone; each convolution is followed by ReLU (the
report prints no activation), pooling by 3, and dropout of 0.25 (the last pool's comes after flattening). 288,142
parameters. Adam at 0.001, batch 32, 22 epochs, the minimum of the report's validation loss.

`level="rms"` takes the loudness away, which the normalisation at the input, one gain for all, does not.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import UsageError
from partita.models.chunks import ChunkClassifier, equalised
from partita.models.keras import ADAM, Flatten, batch_norm, initialise
from partita.models.space import Real, Space, Whole

POOL = 3
MISPRINT = 60_150
"""The chunk length that the report prints once, against all its other figures."""


@dataclass(frozen=True)
class DilatedCNNConfig:
    """`samples` of a chunk; `filters` and `kernels` of the convolutions, whose dilation doubles from one to the next.

    `level` is "as is" or "rms".
    """

    labels: tuple[str, ...] = ()
    samples: int = 66_150
    filters: tuple[int, ...] = (128, 128, 64, 64, 32, 32)
    kernels: tuple[int, ...] = (9, 9, 9, 9, 9, 7)
    dropout: float = 0.25
    level: Literal["as is", "rms"] = "as is"


class DilatedCNN(ChunkClassifier):
    """Dilated convolutions over chunks (n, 1, 66150) of samples."""

    name = "dilated-cnn"
    Config = DilatedCNNConfig
    recipe = replace(ADAM, epochs=22, batch=32)
    space: ClassVar[Space] = {  # the ranges that the report tried; its 0 epochs are 1 here
        "kernels": Whole(3, 11),
        "filters": Whole(8, 256, 8),
        "dropout": Real(0, 0.3),
        "batch": Whole(16, 64, 8),
        "epochs": Whole(1, 40),
    }

    def __init__(self, config: DilatedCNNConfig) -> None:
        super().__init__(config)
        lengths = conv_lengths(config)
        if config.samples == MISPRINT and config.kernels == DilatedCNNConfig.kernels:
            raise UsageError(
                f"samples={MISPRINT:,}: the report prints this length once, but its layers contradict it: they have "
                f"{', '.join(map(str, conv_lengths(DilatedCNNConfig())))} steps, as 3 s of 22,050 Hz (66,150) give; "
                f"{MISPRINT:,} would give {', '.join(map(str, lengths))} and 285,582 parameters instead of 288,142"
            )
        if lengths[-1] < POOL:
            raise UsageError(f"samples={config.samples}: too few for {len(lengths)} convolutions of these kernels")
        layers: OrderedDict[str, nn.Module] = OrderedDict(norm=batch_norm(1, dimensions=1))
        shapes = zip(pairwise((1, *config.filters)), config.kernels, strict=True)
        for number, ((inputs, outputs), kernel) in enumerate(shapes):
            layers[f"conv{number + 1}"] = nn.Conv1d(inputs, outputs, kernel, dilation=2**number)
            layers[f"relu{number + 1}"] = nn.ReLU()
            layers[f"pool{number + 1}"] = nn.MaxPool1d(POOL)
            if number + 1 < len(config.filters):
                layers[f"dropout{number + 1}"] = nn.Dropout(config.dropout)
        layers["flatten"] = Flatten()
        layers["dropout"] = nn.Dropout(config.dropout)
        layers["dense"] = nn.Linear(config.filters[-1] * (lengths[-1] // POOL), len(config.labels))
        self.layers = nn.Sequential(layers)
        self.input_shape = (1, config.samples)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, tenths of a second, three narrow convolutions."""
        shape = {"samples": 2205, "filters": (8, 8, 8), "kernels": (9, 9, 9)}
        return cls(DilatedCNNConfig(labels=("a", "b"), dropout=0.0, level="rms", **shape))  # type: ignore[arg-type]

    @property
    def chunk(self) -> int:
        """Samples of a chunk: 66,150 (3 s)."""
        return int(self.config.samples)

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chunks (n, samples) as (n, 1 channel, samples)."""
        return (equalised(waves) if self.config.level == "rms" else waves)[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, samples) -> (n, labels) logits."""
        logits: Tensor = self.layers(x)
        return logits


def conv_lengths(config: DilatedCNNConfig) -> list[int]:
    """The steps that each convolution leaves.

    >>> conv_lengths(DilatedCNNConfig())
    [66142, 22031, 7311, 2373, 663, 29]
    """
    lengths, size = [], config.samples
    for number, kernel in enumerate(config.kernels):
        size -= 2**number * (kernel - 1)
        lengths.append(size)
        size //= POOL
    return lengths
