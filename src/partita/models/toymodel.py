"""toymodel: three convolutions and a dense layer of 152 million weights on a clip of 30 s, from the report FstMuse.

Folk, rock and hip-hop from under 300 clips of the Free Music Archive: 151,860,099 parameters at 3 labels, 99.96 % of
them in one dense layer, for some 226 training clips. The report's 100 % on them, at a validation loss of 1.17, is
over-fitting. 10 epochs, Adam, cross-entropy and 8 batches an epoch, hence of 32, as in the report; silent are rate
(0.001) and activation (ReLU). `pooling="global"` leaves 58 thousand parameters; front end and `scale`: `tracks.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from partita.models.keras import ADAM
from partita.models.tracks import Step, TrackClassifier, TrackConfig


@dataclass(frozen=True)
class ToyModelConfig(TrackConfig):
    """A clip's size and scale."""


class ToyModel(TrackClassifier):
    """Three convolutions over clips (n, 1, 1291, 128)."""

    name = "toymodel"
    Config = ToyModelConfig
    recipe = replace(ADAM, epochs=10, batch=32)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, a second, 32 bands, narrow layers."""
        shape = {"samples": 24_500, "mels": 32, "width": 4, "dense": 8}
        return cls(ToyModelConfig(labels=("a", "b"), scale="log", **shape))  # type: ignore[arg-type]

    @property
    def plan(self) -> Sequence[Step]:
        """(1283, 120, 32), (1281, 118, 64), pooled to (640, 59, 64), (639, 58, 128)."""
        return Step(1, 9), Step(2, 3, pool=2), Step(4, 2)
