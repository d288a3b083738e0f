"""genre-linear: summary statistics of cepstra, change and modulation, and a regularised linear decision.

The classical recipe (Tzanetakis and Cook, IEEE TSAP 2002): stretches of ten seconds are summarised, standardised, and
told apart by multinomial logistic regression; their log-probabilities are averaged over the song. Altered copies of the
training songs (equaliser, pitch, tempo) keep it from learning albums instead of genres. It fits in seconds and is the
baseline that every other classifier is measured against.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from partita.audio import Reading
from partita.example import Example, Media
from partita.features import GTZAN_SECONDS_PER_COLUMN, summary
from partita.metrics.classification import fit_temperature
from partita.models.base import Classifier, Item, Scores, chunk_spans, chunk_starts, gtzan_columns
from partita.models.layers import SummaryDecision, augmented_summaries, stretches

FOLDS = 5


@dataclass(frozen=True)
class GenreLinearConfig:
    """`columns` and `hop` of the stretches that are summarised (77 ms each).

    `penalty` weighs the squared weights; `copies` altered copies of every song are learnt from, too.
    """

    labels: tuple[str, ...] = ()
    columns: int = 128
    hop: int = 64
    penalty: float = 0.03
    copies: int = 3


class GenreLinear(Classifier):
    """A linear decision over summary statistics."""

    name = "genre-linear"
    Config = GenreLinearConfig
    closed_form = True

    def __init__(self, config: GenreLinearConfig) -> None:
        super().__init__(config)
        self.decision = SummaryDecision(len(config.labels))

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, short stretches."""
        return cls(GenreLinearConfig(labels=("a", "b"), columns=32, hop=32, copies=1))

    @property
    def front_end(self) -> str:
        """Names the transform and the stretches."""
        return f"gtzan-logmel and summary {self.config.columns} {self.config.hop} v2"

    def prepare(self, example: Example) -> Item:
        """Give {"levels": uint8 (128, columns), "summaries": (stretches, 291)}."""
        return self._item(np.concatenate(list(gtzan_columns(example.media, Reading())), axis=1))

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        """Items of 30 s, as `prepare` makes them of a whole recording."""
        for levels in gtzan_columns(media, reading):
            yield self._item(levels)

    def _item(self, levels: NDArray[np.uint8]) -> Item:
        parts = stretches(levels, self.config.columns, self.config.hop)
        return {"levels": levels, "summaries": np.stack([summary(part) for part in parts])}

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of overlapping stretches, and their mean."""
        summaries = torch.from_numpy(np.asarray(item["summaries"])).to(self.temperature.device)
        rows = self.decision(summaries).cpu().numpy()
        columns = item["levels"].shape[1]
        starts = chunk_starts(columns, self.config.columns, self.config.hop)
        spans = chunk_spans(starts, self.config.columns, columns, GTZAN_SECONDS_PER_COLUMN)
        return Scores(spans, rows, rows.mean(0), heard=bool(item["levels"].any()))

    def fit(self, items: Sequence[Item], rng: np.random.Generator) -> Self:
        """Fit the decision to all items, and the temperature to songs held out in turn.

        A fold takes neighbouring songs of every label, since neighbours often share an album.
        """
        config = self.config
        truth = np.array([int(item["label"]) for item in items])
        rows = augmented_summaries(items, config.copies, config.columns, config.hop, rng)
        fold = np.zeros(len(items), int)
        for label in np.unique(truth):
            songs = np.flatnonzero(truth == label)
            fold[songs] = np.arange(len(songs)) * FOLDS // len(songs)
        if min(np.bincount(truth, minlength=len(self.labels))) >= FOLDS:
            held_out = np.zeros((len(items), len(self.labels)), np.float32)
            for number in range(FOLDS):
                rest, part = np.flatnonzero(fold != number).tolist(), np.flatnonzero(fold == number).tolist()
                self.decision.fit([rows[i] for i in rest], truth[rest].tolist(), config.penalty)
                held_out[part] = self.song_log_probabilities([items[i] for i in part])
            self.temperature.fill_(fit_temperature(held_out, truth))
        self.decision.fit(rows, truth.tolist(), config.penalty)
        return self
