"""Classifiers that score overlapping stretches of the GTZAN archive's log-mel spectrogram."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.audio import Reading
from partita.errors import UsageError
from partita.example import Recording, Spectrogram
from partita.features import GTZAN_RATE, GTZAN_SECONDS_PER_COLUMN, SUMMARY_COLUMNS, gtzan_windows, summary
from partita.models.base import Item
from partita.models.classifier import Classifier, Scores


class StretchClassifier(Classifier):
    """A classifier whose config has `columns` and `hop` of the stretches; an item holds levels and their summaries."""

    spectrograms = "gtzan-logmel"

    @property
    def front_end(self) -> str:
        """Names the transform and the stretches."""
        return f"gtzan-logmel and summary {self.config.columns} {self.config.hop} v5"

    def joined(self, windows: Sequence[Item]) -> Item:
        """{"levels": uint8 (128, columns), "summaries": (stretches, 291), "windows": columns of each (windows,)}."""
        return {
            "levels": np.concatenate([window["levels"] for window in windows], axis=1),
            "summaries": np.concatenate([window["summaries"] for window in windows]),
            "windows": np.array([window["levels"].shape[1] for window in windows]),
        }

    def windows(self, media: Recording, reading: Reading) -> Iterator[Item]:
        """Items of 30 s: {"levels": (128, columns), "summaries": (stretches, 291)}."""
        for levels in gtzan_columns(media, reading):
            parts = stretches(levels, self.config.columns, self.config.hop)
            yield {"levels": levels, "summaries": np.stack([summary(part) for part in parts])}

    def parts(self, item: Item) -> Sequence[Item]:
        """The windows of a prepared song."""
        counts = [len(self.starts(int(columns))) for columns in item["windows"]]
        levels = np.split(item["levels"], np.cumsum(item["windows"])[:-1], axis=1)
        summaries = np.split(item["summaries"], np.cumsum(counts)[:-1])
        return [{"levels": a, "summaries": b} for a, b in zip(levels, summaries, strict=True)]

    def starts(self, columns: int) -> list[int]:
        """Where the stretches of a window start."""
        return chunk_starts(columns, self.config.columns, self.config.hop)

    def scored(self, item: Item, segments: NDArray[np.float32], whole: NDArray[np.float32]) -> Scores:
        """The scores of a window from those of its stretches (n, labels) and of all (labels,); silence has none."""
        levels = item["levels"]
        spans = self.spans(levels.shape[1]) if levels.any() else []
        return Scores(spans, segments[: len(spans)], whole, levels.shape[1] * GTZAN_SECONDS_PER_COLUMN)

    def spans(self, columns: int) -> list[tuple[float, float]]:
        """The seconds that each stretch of a window stands for."""
        return chunk_spans(self.starts(columns), self.config.columns, columns, GTZAN_SECONDS_PER_COLUMN)


def gtzan_columns(media: Recording, reading: Reading) -> Iterator[NDArray[np.uint8]]:
    """Any recording as consecutive uint8 (128, columns) windows of the GTZAN archive's transform.

    Raises `UsageError` for a spectrogram of another transform.
    """
    if not isinstance(media, Spectrogram):
        yield from gtzan_windows(media.blocks(GTZAN_RATE, reading))
    elif media.front_end == "gtzan-logmel":
        yield media.levels
    else:
        raise UsageError(f"{media.name}: is a {media.front_end} spectrogram; this model takes gtzan-logmel or sound")


def chunk_starts(columns: int, length: int, hop: int) -> list[int]:
    """Where chunks of `length` start so that they cover `columns` evenly, about `hop` apart."""
    if columns <= length:
        return [0]
    count = -(-(columns - length) // hop) + 1
    return [round(i * (columns - length) / (count - 1)) for i in range(count)]


def chunk_spans(
    starts: Sequence[int], length: int, columns: int, seconds_per_column: float
) -> list[tuple[float, float]]:
    """The stretch that each overlapping chunk stands for, in seconds: up to half way to its neighbours' centres.

    >>> chunk_spans([0, 4, 8], 8, 16, 0.5)
    [(0.0, 3.0), (3.0, 5.0), (5.0, 8.0)]
    """
    shift = length / 2
    middles = [(a + b) / 2 + shift for a, b in pairwise(starts)]
    edges = [0.0, *middles, float(columns)]
    return [(a * seconds_per_column, b * seconds_per_column) for a, b in pairwise(edges)]


def stretches(levels: NDArray[Any], columns: int, hop: int) -> list[NDArray[Any]]:
    """Overlapping stretches (128, columns) of levels, about `hop` apart; less than 32 columns are repeated to be 32."""
    if levels.shape[1] < SUMMARY_COLUMNS:
        levels = np.tile(levels, (1, -(-SUMMARY_COLUMNS // levels.shape[1])))[:, :SUMMARY_COLUMNS]
    return [levels[:, start : start + columns] for start in chunk_starts(levels.shape[1], columns, hop)]
