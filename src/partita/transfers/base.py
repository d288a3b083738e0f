"""What every method of genre transfer is: two recordings in, one out that has the length and channels of the first.

content ──┐
          ├── apply ── the content in the style, same rate, channels and length
style ────┘
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from partita.audio import Audio, Reading
from partita.errors import UnusableAudioError
from partita.features import Array

LEAST_SECONDS = 1.0
"""Shorter recordings hold no style and no song."""
CEILING = 10 ** (-1 / 20)
"""The greatest peak of a result: -1 dBFS."""


class Transfer:
    """A method, with its settings in a frozen dataclass `Config`.

    A method implements `make`. Its result depends on the recordings, the settings and the seed, and on nothing else.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    notes: tuple[str, ...] = ()
    """What a user should know of the result."""

    def __init__(self, config: Any = None) -> None:
        self.config = config if config is not None else self.Config()

    def apply(self, content: Audio, style: Audio, *, seed: int = 0) -> Audio:
        """The content in the style of the other recording, which may have any rate, length and number of channels.

        Raises `UnusableAudioError` where either is silent or shorter than a second.
        """
        (result,) = self.apply_each(content, [style], seed=seed)
        return result

    def apply_each(self, content: Audio, styles: Iterable[Audio], *, seed: int = 0) -> Iterator[Audio]:
        """As `apply` with each of several styles. A method that can share work between them does so here."""
        refuse_unusable(content)
        for style in styles:
            refuse_unusable(style)
            yield Audio(self.make(content, style, np.random.default_rng(seed)), content.rate, content.name)

    def make(self, content: Audio, style: Audio, rng: np.random.Generator) -> Array:
        """The result's samples (channels, frames), shaped as the content's. Both recordings are usable."""
        raise NotImplementedError


def refuse_unusable(audio: Audio) -> None:
    """Raise `UnusableAudioError` for a recording that is silent or too short."""
    reading = Reading()
    for _ in audio.blocks(audio.rate, reading):
        pass
    if audio.seconds < LEAST_SECONDS:
        raise UnusableAudioError(audio.name, f"too short: {audio.seconds:.3g} s, wants at least {LEAST_SECONDS:g} s")
    if reading.silent:
        raise UnusableAudioError(audio.name, reading.silent)


def as_loud_as(samples: Array, content: Audio) -> Array:
    """Samples (channels, frames) scaled to the content's mean power, or less where a peak would exceed -1 dBFS."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    wanted = float(np.mean(np.square(content.samples, dtype=np.float64)))
    peak = float(np.abs(samples).max(initial=0.0))
    gain = min(np.sqrt(wanted / max(power, 1e-20)), CEILING / max(peak, 1e-9))
    return np.asarray(samples * np.float32(gain), np.float32)
