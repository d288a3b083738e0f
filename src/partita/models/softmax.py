"""softmax: one dense layer on a spectrogram picture, the baseline of the report Lil Data.

398,161 values of a picture of 5 s, a weight for each and every label: 3,185,296 parameters at the report's 8 labels.
The report never gives its result. Silent are optimiser (here Adam at 0.001), batch (32) and epochs (20, those of
`lildata`). How the picture is drawn: `pictures.py`.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor, nn

from partita.models.keras import ADAM, Flatten, initialise
from partita.models.pictures import PictureClassifier, PictureConfig


@dataclass(frozen=True)
class SoftmaxConfig(PictureConfig):
    """A picture's size and scale."""


class Softmax(PictureClassifier):
    """Multinomial logistic regression on pictures (n, 1, 631, 631), trained by gradients."""

    name = "softmax"
    Config = SoftmaxConfig
    recipe = replace(ADAM, epochs=20, batch=32)

    def __init__(self, config: SoftmaxConfig) -> None:
        super().__init__(config)
        dense = nn.Linear(self.side**2, len(config.labels))
        self.layers = nn.Sequential(OrderedDict(flatten=Flatten(), dense=dense))
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, half a second, 64 frequencies."""
        return cls(SoftmaxConfig(labels=("a", "b"), fft=126, scale="standardised"))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 631, 631) -> (n, labels) logits."""
        logits: Tensor = self.layers(self.ready(x))
        return logits
