"""aaa-lstm: the next row of a squeezed piano roll by two LSTMs, from the AAA report (Gehmayr).

A piece becomes 1,024 rows of 128 velocities (`rolls.squeezed`); 256 rows are read and the next one is guessed, so a
piece gives 768 windows. Two LSTMs of 1,024 units, dropout of 0.2, a dense layer of 128: 13,246,592 parameters. The
report trains 500 steps, each of all windows in their order, on one piece, and measures on that piece a mean absolute
error of 0.555; silence has 0.0088 on average.

Silent in the report are the dense layer's activation (ReLU, from its code), the loss (mean absolute error, which it
reports) and the rate (Adam's 0.001). Of a roll that is 97.7 % empty the median is silence, which is what this loss
asks for; nothing keeps the output within 0..1. `aaa-lstm-notes` is the corrected variant.

The report searches by Bayesian optimisation over 1 to 3 layers of 128 to 1,024 units, in steps of 128, for 100 steps
each. Its code builds a layer more than that number, each with a width of its own: 4,672 networks, which is what
`partita tune aaa-lstm --set steps=100` searches, by the error on held-out pieces in place of the training error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import UsageError
from partita.example import Example
from partita.models.base import Batch, Item, Model, Recipe
from partita.models.keras import ADAM, LSTM, adam, initialise
from partita.models.space import Space, Whole
from partita.rolls import PITCHES, squeezed


@dataclass(frozen=True)
class AAALSTMConfig:
    """A piece is squeezed to `rows`, of which `lag` are read to guess the next, by so many `layers` of LSTMs.

    `units` are those of each LSTM; those beyond `layers` wait for a search that adds layers, as the report's did.
    """

    rows: int = 1024
    lag: int = 256
    layers: int = 2
    units: tuple[int, ...] = (1024, 1024, 1024, 1024)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if not 1 <= self.lag < self.rows or not 0 <= self.dropout < 1:
            raise UsageError("lag is 1 or more and below rows, dropout is in 0..1")
        if not 1 <= self.layers <= len(self.units) or min(self.units) < 1:
            raise UsageError(f"{self.layers} layers want as many units, 1 or more each, not {self.units}")


class AAALSTM(Model):
    """Guesses a row (n, 128) from those before it (n, lag, 128)."""

    name = "aaa-lstm"
    Config = AAALSTMConfig
    recipe = replace(ADAM, steps=500, batch=768, validate_every=50)
    space: ClassVar[Space] = {"layers": Whole(2, 4), "units": Whole(128, 1024, 128)}
    trial_data = "synthetic-scores"

    def __init__(self, config: AAALSTMConfig) -> None:
        super().__init__(config)
        self.input_shape = (config.lag, PITCHES)
        widths = config.units[: config.layers]
        self.lstms = nn.ModuleList(
            LSTM(width, units, sequences=number < config.layers)
            for number, (width, units) in enumerate(zip((PITCHES, *widths[:-1]), widths, strict=True), start=1)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Linear(widths[-1], PITCHES)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Sixteen units, 32 rows of which eight are read."""
        return cls(AAALSTMConfig(rows=32, lag=8, units=(16, 16)))

    @property
    def front_end(self) -> str:
        """Pieces squeezed to the config's rows."""
        return f"squeezed-1 {self.config.rows} {PITCHES}"

    def prepare(self, example: Example) -> Item:
        """Give {"picture": float32 (rows, 128)}.

        Raises `UsageError` for what is no score.
        """
        return {"picture": squeezed(example.score, self.config.rows)}

    def pieces(self, item: Item) -> Sequence[Item]:
        """Every window with the row after it."""
        lag, picture = self.config.lag, item["picture"]
        return [{"window": picture[begin : begin + lag + 1]} for begin in range(len(picture) - lag)]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Give {"past": (n, lag, 128), "row": (n, 128)}."""
        windows = torch.from_numpy(np.stack([item["window"] for item in items]))
        return {"past": windows[:, :-1], "row": windows[:, -1]}

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Keras's Adam."""
        return adam(self, recipe)

    def forward(self, past: Tensor) -> Tensor:
        """(n, lag, 128) -> (n, 128), not negative and without a bound above."""
        x = past
        for number, lstm in enumerate(self.lstms, start=1):
            x = lstm(x)
            if number < len(self.lstms):
                x = self.dropout(x)
        return torch.relu(self.dense(x))

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The mean absolute error of the guessed rows."""
        return {"loss": (self(batch["past"]) - batch["row"]).abs().mean()}

    def guessed(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows (rows - lag, 128) after the first `lag` of a picture, each guessed from the true ones before it."""
        windows = np.lib.stride_tricks.sliding_window_view(picture, self.config.lag, axis=0)[:-1].swapaxes(1, 2)
        device = next(self.parameters()).device
        with torch.inference_mode():
            parts = [
                self(torch.from_numpy(windows[at : at + 64].copy()).to(device)) for at in range(0, len(windows), 64)
            ]
        return torch.cat(parts).cpu().numpy()

    def continued(self, picture: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
        """So many rows (rows, 128) after the last `lag` of a picture, each guessed from the guesses before it."""
        device = next(self.parameters()).device
        past = torch.from_numpy(picture[None, -self.config.lag :].copy()).to(device)
        with torch.inference_mode():
            for _ in range(rows):
                past = torch.cat([past, self(past[:, -self.config.lag :])[:, None]], 1)
        return past[0, self.config.lag :].cpu().numpy()

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """The mean absolute errors of guessing each row from the true ones, of silence, and of the row before."""
        lag = self.config.lag
        true = np.concatenate([item["picture"][lag:] for item in items])
        before = np.concatenate([item["picture"][lag - 1 : -1] for item in items])
        guessed = np.concatenate([self.guessed(item["picture"]) for item in items])
        return {
            "loss": float(np.abs(guessed - true).mean()),
            "silence": float(np.abs(true).mean()),
            "last_row": float(np.abs(before - true).mean()),
        }
