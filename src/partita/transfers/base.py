"""What every method of genre transfer is: two recordings in, one out that has the length and channels of the first.

content ──┐
          ├── apply ── the content in the style, same rate, channels and length
style ────┘
"""

from typing import Any, ClassVar

import numpy as np

from partita.audio import Audio, Reading
from partita.errors import UnusableAudioError
from partita.features import Array
from partita.training import Progress

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

    def apply(self, content: Audio, style: Audio, *, seed: int = 0, progress: Progress | None = None) -> Audio:
        """The content in the style of the other recording, which may have any rate, length and number of channels.

        `progress(done, total, words)` hears of its steps. Raises `UnusableAudioError` where either is silent or shorter
        than a second.
        """
        refuse_unusable(content)
        refuse_unusable(style)
        tell = progress or (lambda done, total, words: None)
        return Audio(self.make(content, style, seed, tell), content.rate, content.name)

    def make(self, content: Audio, style: Audio, seed: int, progress: Progress) -> Array:
        """The result's samples (channels, frames), with the content's channels. Both recordings are usable."""
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
