"""What models of piano rolls add to the contract: the likelihood of whole pieces, step by step."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from partita.example import Example
from partita.models.base import Item, Model


class RollModel(Model):
    """A model that predicts each step of a piano roll from those before it.

    `exact` says whether `nats` is the likelihood itself; where it is a bound it must not stand beside exact figures.
    """

    exact: ClassVar[bool]
    trial_data = "synthetic-rolls"

    @property
    def front_end(self) -> str:
        """Rolls are taken as they are."""
        return "roll-1"

    def prepare(self, example: Example) -> Item:
        """Give {"cells": bool (steps, 88)}.

        Raises `UsageError` for a sound.
        """
        return {"cells": example.roll.cells}

    def nats(self, item: Item) -> NDArray[np.float64]:
        """The negative log-likelihood (steps,) of each step given all before it, the first step included, in nats."""
        raise NotImplementedError

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per step: total nats / total steps of whole pieces."""
        nats = [self.nats(item) for item in items]
        return {"loss": float(sum(piece.sum() for piece in nats) / sum(len(piece) for piece in nats))}
