"""Beat-aligned spectrograms: what models of loops see of a recording, and how they make magnitudes of it again.

A bar is 16 sixteenths, and a sixteenth a fixed number of frames, whatever the tempo. So a pattern looks the same at
every tempo, bars lie above one another, and what was made can be played at any. The recording begins on a bar line,
its tempo is its tag `bpm`, as loop libraries and `partita data render` write it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.audio import Audio, AudioFile
from partita.errors import UnusableAudioError, UsageError
from partita.example import Example
from partita.features import Array, hann, mel_filters
from partita.inversion import linear_from_mel
from partita.models.base import Item
from partita.models.generator import Generator
from partita.tags import read_tags

SIXTEENTHS = 16
"""In a bar of four beats."""
BLOCK = 512
"""Frames that are transformed at once."""
LOUDEST = 20.0
"""Decibels of the loudest mel band of a recording whose peak is 1, nearly; the level 255."""


@dataclass(frozen=True)
class LoopConfig:
    """A sixteenth has `frames` frames of `mels` bands, whose levels span `decibels`.

    `bpm` is the tempo of recordings that carry none; 0 refuses them.
    """

    labels: tuple[str, ...] = ()
    mels: int = 128
    frames: int = 16
    decibels: float = 85.0
    bpm: float = 0.0

    def __post_init__(self) -> None:
        if self.frames < 1 or self.mels < 1 or not self.decibels > 0:
            raise UsageError("frames and mels are 1 or more, decibels above 0")


class LoopModel(Generator):
    """A generator of bars; its config is a `LoopConfig` or more."""

    keeps_time = True

    @property
    def bar(self) -> int:
        """Frames of a bar."""
        return SIXTEENTHS * int(self.config.frames)

    @property
    def front_end(self) -> str:
        """A key that names everything that `prepare` depends on."""
        c = self.config
        return f"loops-1 {self.rate} {self.fft} {c.mels} {c.frames} {c.decibels:g} {c.bpm:g}"

    def prepare(self, example: Example) -> Item:
        """Whole bars of a recording: {"levels": uint8 (frames, mels), "bpm" (1,)}.

        Raises `UnusableAudioError` for one that is silent, has no tempo, or has less than a bar.
        """
        recording = example.recording
        tag = read_tags(recording.path).get("bpm", "") if isinstance(recording, AudioFile) else ""
        bpm = _number(tag) or self.config.bpm
        if not 40 <= bpm <= 300:
            raise UnusableAudioError(recording.name, "says no tempo of 40 to 300 beats a minute; it wants the tag bpm")
        if not isinstance(recording, Audio | AudioFile):
            raise UsageError(f"{example.id}: is neither a sound nor a file, which is what {self.name} takes")
        samples = np.concatenate(list(recording.blocks(self.rate)))
        if (peak := float(np.abs(samples).max(initial=0.0))) < 1e-4:
            raise UnusableAudioError(recording.name, "is silent")
        levels = self.levels((samples / peak).astype(np.float32), bpm)
        if len(levels) < self.bar:
            raise UnusableAudioError(recording.name, f"is shorter than a bar of four beats at {bpm:g} beats a minute")
        return {"levels": levels[: len(levels) // self.bar * self.bar], "bpm": np.array([bpm], np.float32)}

    def levels(self, samples: Array, bpm: float) -> NDArray[np.uint8]:
        """Levels (frames, mels) of mono samples (n,): whole frames of a sixteenth's grid, from the first sample on."""
        step = self.seconds_per_frame(bpm) * self.rate
        places = np.rint(np.arange(int(len(samples) / step)) * step).astype(np.int64)
        mels = mel_magnitudes(samples, places, self.rate, self.fft, self.config.mels)
        decibels = 20 * np.log10(np.maximum(mels, 1e-10)) - LOUDEST + self.config.decibels
        return np.asarray(np.clip(np.rint(decibels * (255 / self.config.decibels)), 0, 255), np.uint8)

    def seconds_per_frame(self, bpm: float) -> float:
        """How long a frame lasts."""
        return 240 / bpm / self.bar

    def magnitude(self, levels: Array) -> Array:
        """Levels (mels, frames) of 0..255 as linear magnitudes; the lowest level is silence."""
        decibels = np.clip(levels, 0, 255) * (self.config.decibels / 255) - self.config.decibels + LOUDEST
        mels = np.where(levels > 0.5, 10 ** (decibels / 20), 0).astype(np.float32)
        return linear_from_mel(mels, self.rate, self.fft)


def mel_magnitudes(samples: Array, places: NDArray[np.int64], rate: int, fft: int, mels: int) -> Array:
    """Mel bands (n, mels) of the magnitudes of frames centred on any samples `places` (n,)."""
    padded = np.pad(samples, fft)
    views = np.lib.stride_tricks.sliding_window_view(padded, fft)
    filters, window = mel_filters(rate, fft, mels).T, hann(fft)
    blocks = [
        np.abs(np.fft.rfft(views[places[i : i + BLOCK] + fft // 2] * window)).astype(np.float32) @ filters
        for i in range(0, len(places), BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.zeros((0, mels), np.float32)


def _number(text: Any) -> float:
    """The number that a tag says; 0 where it says none."""
    try:
        return float(text)
    except ValueError:
        return 0.0
