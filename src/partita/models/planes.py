"""Scores as two planes on a grid of seconds, where a note begins and where one sounds.

The corrected models of the AAA report share them. The report squeezes every piece to one number of rows, which gives
each a time unit of its own, loses its tempo map and most of its notes, and can't tell a note struck again from one
held. Here a step lasts equally long in all pieces, only the 88 keys of a piano are columns, and onsets have a plane of
their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partita.events import Note
from partita.example import KEYS, Example
from partita.midi import Score
from partita.models.base import Batch, Item
from partita.models.composer import Composer
from partita.rolls import PITCHES, Roll, roll

ONSET, SOUND = 0, 1
"""The planes in their order: a note begins; a note sounds, its onset included."""

PLANES = 2

LOWEST = 21
"""The MIDI pitch of the lowest key, A0."""

VELOCITY = 72
"""What notes read from planes are struck with: planes do not know how loud they are."""


class PlanesModel(Composer):
    """A composer whose config has a `step` in seconds, windows of `steps` and a greatest `transpose` in semitones."""

    @property
    def front_end(self) -> str:
        """Planes on a grid of the config's step."""
        return f"planes-1 {self.config.step}"

    def prepare(self, example: Example) -> Item:
        """Give {"planes": uint8 (steps, 2, 11)}, the 88 keys of both planes packed eight to a byte.

        Raises `UsageError` for what is no score.
        """
        return {"planes": np.packbits(planes_of(example.score, self.config.step), axis=-1)}

    def pieces(self, item: Item) -> Sequence[Item]:
        """Stretches of up to two windows that begin a window apart, so that a window can begin at any step."""
        packed, steps = item["planes"], self.config.steps
        return [{"planes": packed[begin : begin + 2 * steps]} for begin in range(0, max(1, len(packed) - steps), steps)]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Give {"planes": uint8 (n, steps, 2, 88)}: a window of each, from a step and by an interval that are drawn."""
        steps, most = self.config.steps, self.config.transpose
        windows = []
        for item in items:
            begin = int(rng.integers(max(0, len(item["planes"]) - steps) + 1))
            semitones = int(rng.integers(-most, most + 1))
            windows.append(transposed(window(item, begin, steps), semitones))
        return {"planes": torch.from_numpy(np.stack(windows))}

    def begins(self, item: Item, most: int) -> list[int]:
        """Where up to `most` windows of a piece begin, evenly spread, none overlapping another."""
        steps = self.config.steps
        count = max(1, min(most, len(item["planes"]) // steps))
        return [int(begin) for begin in np.linspace(0, max(0, len(item["planes"]) - steps), count)]

    def spread(self, item: Item, most: int) -> NDArray[np.uint8]:
        """Those windows (n, steps, 2, 88)."""
        return np.stack([window(item, begin, self.config.steps) for begin in self.begins(item, most)])


def planes_of(score: Score, step: float) -> NDArray[np.bool_]:
    """The planes (steps, 2, 88) of a score's notes, those of drums and beyond the 88 keys left out."""
    picture = roll(score, step)
    keys = slice(LOWEST, LOWEST + KEYS)
    return np.stack([picture.onset[:, keys], picture.sustain[:, keys]], axis=1)


def window(item: Item, begin: int, steps: int) -> NDArray[np.uint8]:
    """So many steps of a prepared piece as uint8 (steps, 2, 88) of 0 and 1, filled up with silence."""
    cut = np.unpackbits(item["planes"][begin : begin + steps], axis=-1, count=KEYS)
    return np.pad(cut, ((0, steps - len(cut)), (0, 0), (0, 0)))


def transposed(planes: NDArray[np.uint8], semitones: int) -> NDArray[np.uint8]:
    """Planes (..., 88) moved up by semitones, or as far towards that as the keyboard reaches."""
    used = np.flatnonzero(planes.reshape(-1, KEYS).any(0))
    if not len(used):
        return planes
    return np.roll(planes, int(np.clip(semitones, -used[0], KEYS - 1 - used[-1])), axis=-1)


def played(chances: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Planes (steps, 2, 88) of notes from the chances of onset and sound.

    As many notes begin as the chances of onset sum to, the likeliest ones, of which none is less likely than in the
    steps beside it; so the density is right where chances are calibrated, and no threshold has to be chosen. A note
    lasts while its chance of sounding is at least a half. What sounds in the first step is held from before.
    """
    onset, sound = chances[:, ONSET], chances[:, SOUND] >= 0.5
    beside = np.pad(onset, ((1, 1), (0, 0)))
    peaks = np.where((onset >= beside[2:]) & (onset > beside[:-2]), onset, 0)
    begins = np.zeros(peaks.shape, bool)
    begins.ravel()[np.argsort(-peaks, axis=None, kind="stable")[: round(float(onset.sum()))]] = True
    begins &= peaks > 0
    sounds = np.zeros_like(begins)
    sounding = sound[0] if len(sound) else np.zeros(KEYS, bool)
    for step, (begin, still) in enumerate(zip(begins, sound, strict=True)):
        sounding = begin | (sounding & still)
        sounds[step] = sounding
    return np.stack([begins, sounds], axis=1)


def score_of(planes: NDArray[np.bool_], step: float) -> Score:
    """The notes of planes (steps, 2, 88) as a score whose ticks are milliseconds."""
    onset = np.zeros((len(planes), PITCHES), bool)
    velocity = np.zeros((len(planes), PITCHES), np.uint8)
    onset[:, LOWEST : LOWEST + KEYS] = planes[:, ONSET]
    velocity[:, LOWEST : LOWEST + KEYS] = VELOCITY * planes[:, SOUND]
    return Roll(onset, velocity, step).score()


def notes_of(rows: Iterable[NDArray[np.bool_]], step: float, seconds: float) -> Iterator[Note]:
    """The notes of steps (2, 88) as they come, in order of time, ticks in milliseconds, none sounding beyond `seconds`.

    A note is given once its end and the ends of those before it are known. What sounds without having begun, such as
    a note of a prompt, is none.
    """
    last = round(1000 * seconds)
    begun: dict[int, int] = {}
    waiting: dict[tuple[int, int], int] = {}  # (begin, key) -> end in ticks, 0 while it sounds; in order of beginnings

    def ready() -> Iterator[Note]:
        while waiting and (end := next(iter(waiting.values()))):
            begin, key = next(iter(waiting))
            del waiting[begin, key]
            yield Note(begin, end - begin, LOWEST + key, VELOCITY)

    for number, (begins, sounds) in enumerate(rows):
        now = round(1000 * number * step)
        if now >= last:
            break
        for key in [key for key in begun if begins[key] or not sounds[key]]:
            waiting[begun.pop(key), key] = now
        for key in map(int, np.flatnonzero(begins)):
            begun[key] = now
            waiting[now, key] = 0
        yield from ready()
    waiting |= {(begin, key): last for key, begin in begun.items()}
    yield from ready()


def floats(planes: Tensor) -> Tensor:
    """Planes of 0 and 1 (n, steps, 2, 88) as a row of 176 numbers for each step, float32 (n, steps, 176)."""
    return planes.flatten(2).float()
