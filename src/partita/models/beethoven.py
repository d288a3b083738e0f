"""beethoven: three LSTMs over a third of a second of raw samples, one hundred votes a song ("Ludwig van Beethoven").

From the report P66, whose parts it shares with `bach`: 100 parts a song, each of 60 steps ("look back 60") of 110
samples. Three LSTMs of 100 units with dropout after each, 246,210 parameters, cross-entropy, up to 600 epochs. Silent
in the report: dropout (here 0.2), optimiser (Adam at 0.001), batch (32); the LSTMs' activation is Keras's own, tanh.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.models.chunks import ChunkClassifier, equalised
from partita.models.keras import ADAM, LSTM, initialise
from partita.models.space import Real, Space, Whole


@dataclass(frozen=True)
class BeethovenConfig:
    """A part has `steps_per_part` steps of `width` samples; `heard` samples of a song count (0: all).

    `units` is the width of each LSTM; `level` is "as is" or "rms" (the loudness taken away).
    """

    labels: tuple[str, ...] = ()
    steps_per_part: int = 60
    width: int = 110
    heard: int = 660_000
    units: tuple[int, ...] = (100, 100, 100)
    dropout: float = 0.2
    level: Literal["as is", "rms"] = "as is"


class Beethoven(ChunkClassifier):
    """LSTMs over parts (n, 60, 110) of samples."""

    name = "beethoven"
    Config = BeethovenConfig
    recipe = replace(ADAM, epochs=600, batch=32)
    space: ClassVar[Space] = {
        "learning_rate": Real(1e-4, 1e-2, log=True),
        "units": Whole(20, 200, 20),
        "dropout": Real(0, 0.5),
        "batch": Whole(16, 256, 16),
    }

    def __init__(self, config: BeethovenConfig) -> None:
        super().__init__(config)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = config.width
        for number, units in enumerate(config.units, start=1):
            layers[f"lstm{number}"] = LSTM(inputs, units, sequences=number < len(config.units))
            layers[f"dropout{number}"] = nn.Dropout(config.dropout)
            inputs = units
        layers["dense"] = nn.Linear(inputs, len(config.labels))
        self.layers = nn.Sequential(layers)
        self.input_shape = (config.steps_per_part, config.width)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, one narrow LSTM, the whole recording."""
        return cls(BeethovenConfig(labels=("a", "b"), heard=0, units=(16,), dropout=0.0, level="rms"))

    @property
    def chunk(self) -> int:
        """Samples of a part: 6,600 (0.299 s)."""
        return int(self.config.steps_per_part * self.config.width)

    @property
    def limit(self) -> int:
        """The first 660,000 samples (29.9 s)."""
        return int(self.config.heard)

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Parts (n, 6600) as (n, 60 steps, 110 samples)."""
        waves = equalised(waves) if self.config.level == "rms" else waves
        return waves.reshape(-1, self.config.steps_per_part, self.config.width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 60, 110) -> (n, labels) logits."""
        logits: Tensor = self.layers(x)
        return logits
