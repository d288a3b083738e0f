"""genre-linear: summary statistics of cepstra, bands and modulation, and a regularised linear decision.

The classical recipe (Tzanetakis and Cook 2002; with modulation as in Lee et al., IEEE TMM 2009): stretches of ten
seconds are summarised, standardised, and told apart by multinomial logistic regression; their log-probabilities are
averaged over the song. It fits in seconds and is the baseline that every other classifier is measured against.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from partita.audio import Reading
from partita.example import Example, Media
from partita.features import GTZAN_SECONDS_PER_COLUMN, SUMMARY_SIZE, summary
from partita.metrics.classification import fit_temperature
from partita.models.base import Classifier, Item, Scores, chunk_spans, chunk_starts, gtzan_columns

FOLDS = 5


@dataclass(frozen=True)
class Config:
    """`columns` and `hop` of the stretches that are summarised (77 ms each); `penalty` of the squared weights."""

    labels: tuple[str, ...] = ()
    columns: int = 128
    hop: int = 64
    penalty: float = 0.03


class GenreLinear(Classifier):
    """A linear decision over summary statistics."""

    name = "genre-linear"
    Config = Config
    closed_form = True
    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        labels = len(config.labels)
        self.register_buffer("mean", torch.zeros(SUMMARY_SIZE))
        self.register_buffer("scale", torch.ones(SUMMARY_SIZE))
        self.weight = torch.nn.Parameter(torch.zeros(SUMMARY_SIZE, labels))
        self.bias = torch.nn.Parameter(torch.zeros(labels))

    @classmethod
    def tiny(cls) -> Self:
        return cls(Config(labels=("a", "b"), columns=32, hop=32))

    @property
    def front_end(self) -> str:
        return f"gtzan-logmel summary {self.config.columns} {self.config.hop} v1"

    def prepare(self, example: Example) -> Item:
        """{"summaries": (stretches, 338), "columns": ()}"""
        levels = np.concatenate(list(gtzan_columns(example.media, Reading())), axis=1)
        return self._item(levels)

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        for levels in gtzan_columns(media, reading):
            yield self._item(levels)

    def _item(self, levels: NDArray[np.uint8]) -> Item:
        starts = chunk_starts(levels.shape[1], self.config.columns, self.config.hop)
        stretches = [levels[:, start : start + self.config.columns] for start in starts]
        summaries = np.stack([summary(np.pad(s, ((0, 0), (0, max(0, 2 - s.shape[1]))), "edge")) for s in stretches])
        return {"summaries": summaries, "columns": np.array(levels.shape[1]), "heard": np.array(levels.any())}

    def forward(self, summaries: Tensor) -> Tensor:
        """(n, 338) -> (n, labels) log-probabilities."""
        return F.log_softmax((summaries - self.mean) * self.scale @ self.weight + self.bias, dim=-1)

    def scores(self, item: Item) -> Scores:
        rows = self(torch.from_numpy(np.asarray(item["summaries"])).to(self.mean.device)).cpu().numpy()
        columns = int(item["columns"])
        starts = chunk_starts(columns, self.config.columns, self.config.hop)
        spans = chunk_spans(starts, self.config.columns, columns, GTZAN_SECONDS_PER_COLUMN)
        return Scores(spans, rows, rows.mean(0), heard=bool(item["heard"]))

    def fit(self, items: Sequence[Item]) -> Self:
        """Fit weights to all items, and the temperature to songs held out in turn.

        A fold takes neighbouring songs of every label, since neighbours often share an album.
        """
        truth = np.array([int(item["label"]) for item in items])
        place = np.zeros(len(items), int)
        for label in np.unique(truth):
            songs = np.flatnonzero(truth == label)
            place[songs] = np.arange(len(songs)) * FOLDS // len(songs)
        if min(np.bincount(truth, minlength=len(self.labels))) >= FOLDS:
            held_out = np.zeros((len(items), len(self.labels)), np.float32)
            for fold in range(FOLDS):
                self._fit_weights([items[i] for i in np.flatnonzero(place != fold)])
                held_out[place == fold] = self.song_log_probabilities([items[i] for i in np.flatnonzero(place == fold)])
            self.temperature.fill_(fit_temperature(held_out, truth))
        self._fit_weights(items)
        return self

    def _fit_weights(self, items: Sequence[Item]) -> None:
        """Minimise cross-entropy + penalty/2 |weights|^2 by L-BFGS; the problem is convex, so the start does not matter."""
        rows = torch.from_numpy(np.concatenate([item["summaries"] for item in items]))
        truth = torch.cat([torch.full((len(item["summaries"]),), int(item["label"])) for item in items])
        self.mean.copy_(rows.mean(0))
        # rows of norm 10 on average: the penalty then means the same whatever the number of statistics
        self.scale.copy_(10 / (rows.std(0) + 1e-3) / SUMMARY_SIZE**0.5)
        inputs = (rows - self.mean) * self.scale
        with torch.no_grad():
            self.weight.zero_()
            self.bias.zero_()
        solver = torch.optim.LBFGS(
            [self.weight, self.bias], max_iter=150, history_size=12, line_search_fn="strong_wolfe", tolerance_grad=1e-5
        )

        def loss() -> Tensor:
            solver.zero_grad()
            value = F.cross_entropy(inputs @ self.weight + self.bias, truth)
            value = value + self.config.penalty / 2 * self.weight.square().sum()
            value.backward()  # type: ignore[no-untyped-call]
            return value

        solver.step(loss)  # type: ignore[no-untyped-call]
