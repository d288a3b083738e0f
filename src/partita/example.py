"""`Example`: what a data set yields and a model takes."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from partita.audio import Audio, AudioFile, Excerpt
from partita.decoders import check_exists
from partita.errors import UsageError
from partita.midi import Score

KEYS = 88
"""Keys of a piano, A0 (MIDI note 21) to C8 (108)."""


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """A precomputed log-mel spectrogram in place of a sound.

    `levels` is uint8 (bands, columns), bands low to high, 0..255 over the range of dB that `front_end` defines; one
    column lasts `seconds_per_column`. `front_end` names the transform ("gtzan-logmel", "fma-logmel"), so that a model
    that expects another refuses it.
    """

    levels: NDArray[np.uint8]
    seconds_per_column: float
    front_end: str
    name: str = "spectrogram"

    @property
    def seconds(self) -> float:
        """Length."""
        return float(self.levels.shape[1] * self.seconds_per_column)


@dataclass(frozen=True, eq=False)
class KeyRoll:
    """A piano roll: which of the 88 keys, A0 to C8, sound in each step of a piece.

    `cells` is bool (steps, 88). How long a step lasts is the data set's affair; a held note looks like a repeated one.
    """

    cells: NDArray[np.bool_]
    name: str = "roll"


Recording = Audio | AudioFile | Excerpt | Spectrogram
Media = Recording | Score | KeyRoll
"""Recordings, music as MIDI, and piano rolls."""


@dataclass(frozen=True, eq=False)
class Example:
    """One item of a data set.

    `group` is what must not be on both sides of a split: the song of a clip, the artist of a song, the mix of an
    excerpt. `label` is spelled as in the data; "" is an example without one.
    """

    id: str
    media: Media
    label: str
    group: str

    @property
    def recording(self) -> Recording:
        """The media of a model that listens.

        Raises `UsageError` for a score or a piano roll.
        """
        if isinstance(self.media, Score):
            raise UsageError(f"{self.id}: is a score, and this model takes recordings, such as the score's rendering")
        if isinstance(self.media, KeyRoll):
            raise UsageError(f"{self.id}: is a piano roll, and this model takes recordings")
        return self.media

    @property
    def roll(self) -> KeyRoll:
        """The media of a model that reads piano rolls.

        Raises `UsageError` for anything else.
        """
        if not isinstance(self.media, KeyRoll):
            raise UsageError(f"{self.id}: is no piano roll, which is what this model takes")
        return self.media

    @property
    def score(self) -> Score:
        """The media of a model that composes.

        Raises `UsageError` for anything else.
        """
        if not isinstance(self.media, Score):
            raise UsageError(f"{self.id}: is no score (MIDI), which is what this model takes")
        return self.media

    @cached_property
    def content(self) -> str:
        """A digest of the media's bytes: the same content has the same digest, wherever it lies.

        Raises `UnreadableAudioError` for a file that is gone or empty or may not be read.
        """
        return _digest(self.media)


def _digest(media: Media) -> str:
    import hashlib

    if isinstance(media, Excerpt):
        return hashlib.sha256(f"{_digest(media.source)} {media.start} {media.seconds}".encode()).hexdigest()
    if isinstance(media, AudioFile):
        check_exists(media.path)
        with open(media.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(media, Score):
        return hashlib.sha256(media.to_bytes()).hexdigest()
    array: NDArray[np.generic]
    if isinstance(media, Audio):
        array = media.samples
    else:
        array = media.levels if isinstance(media, Spectrogram) else media.cells
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes())
    digest.update(repr((array.shape, str(array.dtype))).encode())
    return digest.hexdigest()


def neighbour_folds(labels: Sequence[Hashable], groups: Sequence[Hashable], folds: int) -> list[list[int]]:
    """Divide the places 0, 1, ... of ordered examples into `folds` parts of near equal size and label mix.

    A part takes neighbours from every label: they often share an album or artist, also where the groups do not know it.
    No group is in two parts.
    """
    parts: list[list[int]] = [[] for _ in range(folds)]
    placed: dict[Hashable, int] = {}
    for label in dict.fromkeys(labels):
        same = [place for place, other in enumerate(labels) if other == label]
        for number, place in enumerate(same):
            part = placed.setdefault(groups[place], number * folds // len(same))
            parts[part].append(place)
    return [sorted(part) for part in parts]
