"""lildata: four convolutions on the spectrogram picture of five seconds, from the report of that name.

Four convolutions of 3 x 3, each with max pooling of 4 x 4, a dense layer of 48, dropout of 50 %, 20 epochs. The report
prints neither the filters nor the padding: here 32, 64, 128 and 128 without padding, which leave a single point of
the picture (631 -> 629 -> 157 -> 155 -> 38 -> 36 -> 9 -> 7 -> 1) and make 246,840 parameters at the report's 8 labels.
Silent as well: activation (ReLU), the place of the dropout (before the last layer), optimiser (Adam at 0.001), batch
(32). How the picture is drawn, and `scale="standardised"`: `pictures.py`.

Clips of one mix belong on one side of a split, or a network learns the tracks. A recording is one example here however
long it is, so a folder with a mix for each file is split by mix.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from torch import Tensor, nn

from partita.errors import UsageError
from partita.models.keras import ADAM, Flatten, initialise
from partita.models.pictures import PictureClassifier, PictureConfig

KERNEL, POOL = 3, 4


@dataclass(frozen=True)
class LilDataConfig(PictureConfig):
    """A picture's size and scale; `filters` of the convolutions, `dense` units before the last layer."""

    filters: tuple[int, ...] = (32, 64, 128, 128)
    dense: int = 48
    dropout: float = 0.5


class LilData(PictureClassifier):
    """Convolutions over pictures (n, 1, 631, 631)."""

    name = "lildata"
    Config = LilDataConfig
    recipe = replace(ADAM, epochs=20, batch=32)
    at_once = 4

    def __init__(self, config: LilDataConfig) -> None:
        super().__init__(config)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        side = self.side
        for number, (inputs, outputs) in enumerate(pairwise((1, *config.filters)), start=1):
            layers[f"conv{number}"] = nn.Conv2d(inputs, outputs, KERNEL)
            layers[f"pool{number}"] = nn.MaxPool2d(POOL)
            layers[f"relu{number}"] = nn.ReLU()  # the same before the pool, at sixteen times the work
            side = (side - KERNEL + 1) // POOL
            if side < 1:
                raise UsageError(f"fft={config.fft}: pictures of {self.side} are too small for {number} convolutions")
        layers["flatten"] = Flatten()
        layers["dense1"] = nn.Linear(config.filters[-1] * side**2, config.dense)
        layers["relu"] = nn.ReLU()
        layers["dropout"] = nn.Dropout(config.dropout)
        layers["dense2"] = nn.Linear(config.dense, len(config.labels))
        self.layers = nn.Sequential(layers)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, half a second, 64 frequencies, two narrow convolutions."""
        shape = {"fft": 126, "filters": (8, 8), "dense": 16, "dropout": 0.0}
        return cls(LilDataConfig(labels=("a", "b"), scale="standardised", **shape))  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 631, 631) -> (n, labels) logits."""
        logits: Tensor = self.layers(self.ready(x))
        return logits
