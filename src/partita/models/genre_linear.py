"""genre-linear: summary statistics of cepstra, bands and modulation, and a regularised linear decision.

The classical recipe (Tzanetakis and Cook, IEEE TSAP 2002): stretches of ten seconds are summarised, standardised, and
told apart by multinomial logistic regression; their log-probabilities are averaged over the song. It fits in seconds
and is the baseline that every other classifier is measured against.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from partita.audio import Reading
from partita.example import Example, Media
from partita.features import GTZAN_SECONDS_PER_COLUMN
from partita.metrics.classification import fit_temperature
from partita.models.base import Classifier, Item, Scores, chunk_spans, chunk_starts, gtzan_columns
from partita.models.layers import SummaryDecision, summaries_of

FOLDS = 5


@dataclass(frozen=True)
class GenreLinearConfig:
    """`columns` and `hop` of the stretches that are summarised (77 ms each); `penalty` of the squared weights."""

    labels: tuple[str, ...] = ()
    columns: int = 128
    hop: int = 64
    penalty: float = 0.03


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
        return cls(GenreLinearConfig(labels=("a", "b"), columns=32, hop=32))

    @property
    def front_end(self) -> str:
        """Names the transform and the stretches."""
        return f"gtzan-logmel summary {self.config.columns} {self.config.hop} v1"

    def prepare(self, example: Example) -> Item:
        """Give {"summaries": (stretches, 338), "columns": (), "heard": ()}."""
        return self._item(np.concatenate(list(gtzan_columns(example.media, Reading())), axis=1))

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        """Items of 30 s, as `prepare` makes them of a whole recording."""
        for levels in gtzan_columns(media, reading):
            yield self._item(levels)

    def _item(self, levels: NDArray[np.uint8]) -> Item:
        starts = chunk_starts(levels.shape[1], self.config.columns, self.config.hop)
        summaries = summaries_of(levels, starts, self.config.columns)
        return {"summaries": summaries, "columns": np.array(levels.shape[1]), "heard": np.array(levels.any())}

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of overlapping stretches, and their mean."""
        summaries = torch.from_numpy(np.asarray(item["summaries"])).to(self.temperature.device)
        rows = self.decision(summaries).cpu().numpy()
        columns = int(item["columns"])
        starts = chunk_starts(columns, self.config.columns, self.config.hop)
        spans = chunk_spans(starts, self.config.columns, columns, GTZAN_SECONDS_PER_COLUMN)
        return Scores(spans, rows, rows.mean(0), heard=bool(item["heard"]))

    def fit(self, items: Sequence[Item]) -> Self:
        """Fit the decision to all items, and the temperature to songs held out in turn.

        A fold takes neighbouring songs of every label, since neighbours often share an album.
        """
        truth = np.array([int(item["label"]) for item in items])
        fold = np.zeros(len(items), int)
        for label in np.unique(truth):
            songs = np.flatnonzero(truth == label)
            fold[songs] = np.arange(len(songs)) * FOLDS // len(songs)
        folds = [np.flatnonzero(fold == number).tolist() for number in range(FOLDS)]
        if min(np.bincount(truth, minlength=len(self.labels))) >= FOLDS:
            held_out = np.zeros((len(items), len(self.labels)), np.float32)
            for part in folds:
                self._fit_decision([item for i, item in enumerate(items) if i not in part])
                held_out[part] = self.song_log_probabilities([items[i] for i in part])
            self.temperature.fill_(fit_temperature(held_out, truth))
        self._fit_decision(items)
        return self

    def _fit_decision(self, items: Sequence[Item]) -> None:
        rows = torch.from_numpy(np.concatenate([item["summaries"] for item in items]))
        truth = torch.cat([torch.full((len(item["summaries"]),), int(item["label"])) for item in items])
        self.decision.fit(rows, truth, self.config.penalty)
