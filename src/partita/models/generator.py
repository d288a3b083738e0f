"""What models that make sound add to the contract: drawing a spectrogram, which `generation.py` turns into sound.

    Request --draw--> Drawn (levels on a grid of time) --at times--> --magnitude--> linear magnitudes --> sound

A generator thinks in levels on whatever grid suits it, such as sixteenths of a beat; it is read at any times, so that
tempo and the grid of the inversion are free, and only then turned into magnitudes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from partita.audio import Audio
from partita.errors import UsageError, unknown
from partita.example import Example
from partita.features import Array
from partita.models.base import Item, Model
from partita.sampling import Sampling

Progress = Callable[[int, int, str], None]

COPIED_SECONDS = 2.0
"""A stretch of sound that is a copy if all of it is like one of training."""
COPIED = 0.85
"""Likeness to training, by codes, from which a drawn sound counts as a copy.

Codes tell nearly what is heard: of 200 sounds drawn without this bound, those above it hold all ten in which
`metrics.audio.copies` heard 0.86 and more.
"""


@dataclass(frozen=True)
class Request:
    """What is wanted: `seconds` of sound of the class `label` at `bpm` beats a minute.

    `loop` asks for whole bars whose end leads into their begin. `prompt` is a sound that is to go on, at the model's
    rate, mono, its first sample on a bar line.
    """

    label: str
    seconds: float
    bpm: float = 120.0
    loop: bool = False
    sampling: Sampling = field(default_factory=Sampling)
    prompt: Audio | None = None


@dataclass(frozen=True)
class Drawn:
    """Levels (bands, frames), evenly spaced over `seconds`; what is made begins at `lead` seconds, after the prompt.

    A `loop` goes on with its first frame after its last. `tokens` (n,) are what a model of tokens drew it as.
    `likeness` is the correlation of those two seconds of it with training recordings that are likest, 0 of a model that
    does not know them.
    """

    levels: Array
    seconds: float
    lead: float = 0.0
    loop: bool = False
    tokens: NDArray[np.int64] | None = None
    likeness: float = 0.0

    def at(self, seconds: NDArray[np.float64]) -> Array:
        """Levels (bands, n) at times (n,), between frames in proportion; beyond the ends the outermost, or round."""
        frames = self.levels.shape[1]
        place = seconds / self.seconds * frames
        place = place % frames if self.loop else np.clip(place, 0, frames - 1)
        left = np.minimum(place.astype(np.int64), frames - 1)
        right = (left + 1) % frames if self.loop else np.minimum(left + 1, frames - 1)
        share = (place - left).astype(np.float32)
        return np.asarray(self.levels[:, left] * (1 - share) + self.levels[:, right] * share, np.float32)


class Generator(Model):
    """A model that makes sound; its config has `labels`, the classes that may be asked for.

    Its spectrograms are of FFTs of `fft` samples, `hop` apart, at `rate` samples a second.
    """

    rate: ClassVar[int] = 22_050
    fft: int = 1024
    hop: int = 256
    most_seconds: float = 600.0
    """The longest sound that may be asked for."""
    keeps_time: ClassVar[bool] = False
    """Whether `bpm` and `loop` mean anything to it."""
    continues: ClassVar[bool] = False
    """Whether it takes a prompt."""

    @classmethod
    def config_for(cls, labels: Sequence[str]) -> Any:
        """The config at full size with these labels."""
        return cls.Config(labels=tuple(labels))

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that may be asked for."""
        return cast(tuple[str, ...], self.config.labels)

    def label_index(self, label: str) -> int:
        """The number of a class.

        Raises `UsageError` for one that the model does not know.
        """
        if label not in self.labels:
            raise unknown("class", label, list(self.labels))
        return self.labels.index(label)

    def known(self, example: Example) -> Item:
        """What an item carries beside the prepared arrays, since it is not of the sound: its class."""
        return {"label": np.array(self.label_index(example.label))}

    def tokens(self, item: Item) -> NDArray[np.int64] | None:
        """A prepared recording as `Drawn.tokens` (n,), so that copies can be told; None of a model without tokens."""
        return None

    def check(self, request: Request) -> None:
        """Raise `UsageError` for what this model can't make."""
        self.label_index(request.label)
        if not 0 < request.seconds <= self.most_seconds:
            raise UsageError(f"{request.seconds:g} seconds; {self.name} makes up to {self.most_seconds:g}")
        if not 40 <= request.bpm <= 300:
            raise UsageError(f"{request.bpm:g} beats a minute; they are 40 to 300")
        if request.loop and not self.keeps_time:
            raise UsageError(f"{self.name} knows no beat, so that it can't make a loop")
        if request.prompt is not None and not self.continues:
            raise UsageError(f"{self.name} takes no sound to go on from")

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """Draw the levels of one sound; all randomness comes from `rng`."""
        raise NotImplementedError

    def magnitude(self, levels: Array) -> Array:
        """Levels (bands, frames), `hop` samples apart, as linear magnitudes (1 + fft // 2, frames)."""
        raise NotImplementedError
