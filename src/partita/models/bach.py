"""bach: three convolutions over a third of a second of raw samples, one hundred votes a song ("Johann Sebastian Bach").

From the report P66 (University of the Basque Country): the first 660,000 samples of a song are cut into 100 parts, each
part into 60 steps of 110 samples, and those 110 samples are the channels of the first convolution. A song is what most
of its parts are. The report prints the layers and their counts (348,990 parameters), cross-entropy, and that about 100
epochs suffice and 600 are best. It is silent on activation (here ReLU), dropout (0.2), optimiser (Adam at 0.001) and
batch (32).

`front="log-mel"` gives the same network log-mel frames of the same parts (60 frames of 110 bands), which tests the
report's claim that a spectrogram is harder to classify than samples. `level="rms"` takes the loudness away.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.features import mel_spectrogram
from partita.models.chunks import ChunkClassifier, equalised
from partita.models.keras import ADAM, Flatten, initialise
from partita.models.space import Real, Space, Whole


@dataclass(frozen=True)
class BachConfig:
    """A part has `steps_per_part` steps of `width` samples; `heard` samples of a song count (0: all).

    `filters` and `kernels` are of the convolutions. `front` is "wave" or "log-mel", `level` "as is" or "rms".
    """

    labels: tuple[str, ...] = ()
    steps_per_part: int = 60
    width: int = 110
    heard: int = 660_000
    filters: tuple[int, ...] = (100, 300, 180)
    kernels: tuple[int, ...] = (5, 3, 2)
    dropout: float = 0.2
    front: Literal["wave", "log-mel"] = "wave"
    level: Literal["as is", "rms"] = "as is"


class Bach(ChunkClassifier):
    """Convolutions over parts (n, 110, 60) of samples."""

    name = "bach"
    Config = BachConfig
    recipe = replace(ADAM, epochs=600, batch=32)
    space: ClassVar[Space] = {
        "learning_rate": Real(1e-4, 1e-2, log=True),
        "filters": Whole(20, 400, 20),
        "dropout": Real(0, 0.5),
        "batch": Whole(16, 256, 16),
    }

    def __init__(self, config: BachConfig) -> None:
        super().__init__(config)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels, steps = config.width, config.steps_per_part
        for number, (filters, kernel) in enumerate(zip(config.filters, config.kernels, strict=True), start=1):
            layers[f"conv{number}"] = nn.Conv1d(channels, filters, kernel)
            layers[f"relu{number}"] = nn.ReLU()
            layers[f"dropout{number}"] = nn.Dropout(config.dropout)
            channels, steps = filters, steps - kernel + 1
        layers["flatten"] = Flatten()
        layers["dropout"] = nn.Dropout(config.dropout)
        layers["dense"] = nn.Linear(channels * steps, len(config.labels))
        self.layers = nn.Sequential(layers)
        self.input_shape = (config.width, config.steps_per_part)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, narrow layers, the whole recording."""
        shape = {"width": 105, "filters": (8, 8), "kernels": (5, 3)}
        return cls(BachConfig(labels=("a", "b"), heard=0, dropout=0.0, level="rms", **shape))  # type: ignore[arg-type]

    @property
    def chunk(self) -> int:
        """Samples of a part: 6,600 (0.299 s)."""
        return int(self.config.steps_per_part * self.config.width)

    @property
    def limit(self) -> int:
        """The first 660,000 samples (29.9 s)."""
        return int(self.config.heard)

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Parts (n, 6600) as (n, 110 channels, 60 steps): samples, or log-mel bands of frames 110 samples apart."""
        config = self.config
        if config.level == "rms":
            waves = equalised(waves)
        if config.front == "wave":
            return np.ascontiguousarray(waves.reshape(-1, config.steps_per_part, config.width).transpose(0, 2, 1))
        return np.stack([log_mel(wave, config.steps_per_part, config.width) for wave in waves])

    def forward(self, x: Tensor) -> Tensor:
        """(n, 110, 60) -> (n, labels) logits."""
        logits: Tensor = self.layers(x)
        return logits


def log_mel(wave: NDArray[np.float32], steps: int, bands: int) -> NDArray[np.float32]:
    """Log-mel of a part: (bands, steps), as many frames as the part has steps, near unit deviation."""
    power = mel_spectrogram(wave, ChunkClassifier.rate, fft=2048, hop=len(wave) // steps, mels=bands)
    return np.asarray(np.log10(power[:, :steps] + 1e-6) / 2 + 1, np.float32)
