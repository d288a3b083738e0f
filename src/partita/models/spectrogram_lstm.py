"""spectrogram-lstm: five seconds of spectrogram out of its first frame, from the report Lil Data.

LSTMs of 50 units, two to four of them, are given the first frame of a picture of 631 x 631 at every step and give the
630 frames after it: one to many. The report trains 25 and 50 epochs on 600 pictures of one genre, and 1,000 epochs on
two pictures to see what the network is able to learn. Silent are the loss (the mean square), the dense layer from 50
units to 631 frequencies, the batch (32), the rate (Adam at 0.001) and how frame and step are wired (the first frame
repeated, as Keras's `RepeatVector` does it); depth 2 makes 188,781 parameters, 3 and 4 20,200 more each. The picture
is that of `pictures.py` on 0..1.

Nothing is drawn: the same first frame gives the same sound, and the square's minimum is the mean of what may come, so
the picture fades into that mean. `spectrogram-lstm-mixture` is the corrected variant. The report's prompt is a real
frame; here `start` keeps some of every class, so that a class can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.audio import Audio, AudioFile
from partita.errors import UnusableAudioError, UsageError
from partita.example import Example
from partita.features import Array, power_to_db, spectrogram
from partita.models.base import Batch, Item, Recipe
from partita.models.generator import Drawn, Generator, Progress, Request
from partita.models.keras import ADAM, LSTM, adam, initialise
from partita.models.space import Space, Whole

DECIBELS = 80.0
"""Below the loudest value of a picture; the rest is silence."""
PROMPTS = 16
"""First frames that are kept of every class."""
DEEPEST = 4


@dataclass(frozen=True)
class SpectrogramLSTMConfig:
    """A picture has 1 + fft / 2 frequencies and as many frames, `hop` samples apart; `depth` LSTMs have `units`."""

    labels: tuple[str, ...] = ()
    fft: int = 1260
    hop: int = 175
    units: int = 50
    depth: int = 2

    def __post_init__(self) -> None:
        if not 2 <= self.depth <= DEEPEST or self.units < 1 or self.fft % 2 or self.hop < 1:
            raise UsageError(f"depth is 2 to {DEEPEST}, units and hop are 1 or more, fft is even")


class SpectrogramLSTM(Generator):
    """Gives the frames (n, frames, frequencies) after a first one (n, frequencies)."""

    name = "spectrogram-lstm"
    Config = SpectrogramLSTMConfig
    recipe: ClassVar[Recipe] = replace(ADAM, epochs=50, batch=32)
    space: ClassVar[Space] = {"depth": Whole(2, DEEPEST)}
    most_seconds = 30.0
    prompts: Tensor

    def __init__(self, config: SpectrogramLSTMConfig) -> None:
        super().__init__(config)
        self.fft, self.hop = config.fft, config.hop
        side = config.fft // 2 + 1
        inputs = (side, *[config.units] * (config.depth - 1))
        self.lstms = nn.ModuleList(LSTM(width, config.units, sequences=True) for width in inputs)
        self.dense = nn.Linear(config.units, side)
        self.register_buffer("prompts", torch.zeros(max(1, len(config.labels)), PROMPTS, side))
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, 64 frequencies and frames, 16 units."""
        return cls(SpectrogramLSTMConfig(labels=("beat", "drone"), fft=126, hop=32, units=16))

    @property
    def side(self) -> int:
        """Frequencies, and frames, of a picture: 631."""
        return int(self.config.fft) // 2 + 1

    @property
    def front_end(self) -> str:
        """The cut into pictures, which are small enough to keep as levels of 0..255."""
        return f"pictures-1 {self.rate} {self.config.fft} {self.config.hop}"

    def prepare(self, example: Example) -> Item:
        """Whole pictures of a recording, one after another: {"pictures": uint8 (n, frames, frequencies)}.

        Raises `UnusableAudioError` for one that is silent or shorter than a picture.
        """
        recording, length = example.recording, (self.side - 1) * int(self.config.hop)
        if not isinstance(recording, Audio | AudioFile):
            raise UsageError(f"{example.id}: is neither a sound nor a file, which is what {self.name} takes")
        samples = np.concatenate(list(recording.blocks(self.rate)))
        parts = [samples[at : at + length] for at in range(0, len(samples) - length + 1, length)]
        pictures = [self.picture(part) for part in parts if float(np.abs(part).max()) > 1e-4]
        if not pictures:
            seconds = length / self.rate
            raise UnusableAudioError(recording.name, f"has no {seconds:g} s of sound, which a picture is made of")
        return {"pictures": np.stack(pictures)}

    def picture(self, samples: Array) -> NDArray[np.uint8]:
        """Levels (frames, frequencies) of 0..255 of mono samples (n,)."""
        decibels = power_to_db(spectrogram(samples, self.config.fft, self.config.hop), span=DECIBELS)
        return np.ascontiguousarray(np.rint((decibels + DECIBELS) * (255 / DECIBELS)).T, np.uint8)

    def pieces(self, item: Item) -> Sequence[Item]:
        """A picture each."""
        return [{"picture": picture, "label": item["label"]} for picture in item["pictures"]]

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Keep first frames of every class, drawn from its pictures."""
        for label in range(len(self.prompts)):
            frames = [item["pictures"][:, 0] for item in items if int(item["label"]) == label]
            if frames:
                every = np.concatenate(frames)
                kept = every[rng.choice(len(every), PROMPTS, replace=len(every) < PROMPTS)]
                self.prompts[label] = torch.from_numpy(kept.astype(np.float32) / 255)

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Give {"pictures": (n, frames, frequencies) of 0..1}."""
        return {"pictures": torch.from_numpy(np.stack([item["picture"] for item in items]).astype(np.float32) / 255)}

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Keras's Adam."""
        return adam(self, recipe)

    def forward(self, first: Tensor, frames: int) -> Tensor:
        """(n, frequencies) -> the `frames` after it (n, frames, frequencies), unbounded."""
        x = first[:, None].expand(-1, frames, -1)
        for lstm in self.lstms:
            x = lstm(x)
        return torch.as_tensor(self.dense(x))

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The mean square error of the frames after the first."""
        true = batch["pictures"]
        return {"loss": F.mse_loss(self(true[:, 0], true.shape[1] - 1), true[:, 1:])}

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Mean square errors: its own, of the first frame repeated, and of the picture's own mean frame.

        No frame that stands still can be nearer than the mean frame, which here is taken from what is to be guessed.
        """
        errors = {"loss": 0.0, "repeat_frame": 0.0, "mean_frame": 0.0}
        count = 0
        device = self.dense.weight.device
        with torch.inference_mode():
            for item in items:
                true = torch.from_numpy(item["pictures"]).to(device).float() / 255
                rest = true[:, 1:]
                guesses = self(true[:, 0], rest.shape[1]), true[:, :1], rest.mean(1, keepdim=True)
                for name, guess in zip(errors, guesses, strict=True):
                    errors[name] += float((guess - rest).square().mean((1, 2)).sum())
                count += len(true)
        return {name: total / count for name, total in errors.items()}

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """One of the first frames that were kept, and what follows from it; nothing else is drawn."""
        self.check(request)
        frames = max(2, round(request.seconds * self.rate / self.config.hop))
        first = self.prompts[self.label_index(request.label), int(rng.integers(PROMPTS))][None]
        with torch.inference_mode():
            levels = torch.cat([first[:, None], self(first, frames - 1)], 1)[0]
        if progress:
            progress(1, 1, "drawing")
        return Drawn(np.ascontiguousarray(levels.numpy().T * 255), frames * self.config.hop / self.rate)

    def magnitude(self, levels: Array) -> Array:
        """Levels (frequencies, frames) of 0..255 as linear magnitudes; the lowest level is silence."""
        decibels = np.clip(levels, 0, 255) * (DECIBELS / 255) - DECIBELS
        return np.where(levels > 0.5, 10 ** (decibels / 20), 0).astype(np.float32)
