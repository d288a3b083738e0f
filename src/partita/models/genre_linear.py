"""genre-linear: summary statistics of cepstra, change and modulation, and a regularised linear decision.

The classical recipe (Tzanetakis and Cook, IEEE TSAP 2002): stretches of ten seconds are summarised, standardised, and
told apart by multinomial logistic regression; their log-probabilities are averaged over the song. Altered copies of the
training songs (equaliser, pitch, tempo) keep it from learning albums instead of genres. It fits in seconds and is the
baseline that every other classifier is measured against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from partita.example import neighbour_folds
from partita.metrics.classification import fit_temperature
from partita.models.base import Item
from partita.models.classifier import Scores
from partita.models.layers import SummaryDecision, augmented_summaries
from partita.models.space import Real, Space, Whole
from partita.models.stretches import StretchClassifier

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


class GenreLinear(StretchClassifier):
    """A linear decision over summary statistics."""

    name = "genre-linear"
    Config = GenreLinearConfig
    closed_form = True
    space: ClassVar[Space] = {"penalty": Real(0.001, 1, log=True), "copies": Whole(1, 8)}

    def __init__(self, config: GenreLinearConfig) -> None:
        super().__init__(config)
        self.decision = SummaryDecision(len(config.labels))

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, short stretches."""
        return cls(GenreLinearConfig(labels=("a", "b"), columns=32, hop=32, copies=1))

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of overlapping stretches, and their mean."""
        summaries = torch.from_numpy(np.asarray(item["summaries"])).to(self.temperature.device)
        rows = self.decision(summaries).cpu().numpy()
        return self.scored(item, rows, rows.mean(0))

    def fit(self, items: Sequence[Item], rng: np.random.Generator) -> Self:
        """Fit the decision to all items, and the temperature to songs held out in turn.

        A fold takes neighbouring songs of every label, since neighbours often share an album; with too few songs for
        that the temperature stays 1.
        """
        config = self.config
        truth = [int(item["label"]) for item in items]
        rows = augmented_summaries(items, config.copies, config.columns, config.hop, rng)
        folds = neighbour_folds(truth, [int(item["group"]) for item in items], FOLDS)
        if min(truth.count(label) for label in range(len(self.labels))) >= FOLDS and all(folds):
            held_out = np.zeros((len(items), len(self.labels)), np.float32)
            for part in folds:
                rest = sorted(set(range(len(items))) - set(part))
                self.decision.fit([rows[i] for i in rest], [truth[i] for i in rest], config.penalty)
                held_out[part] = self.song_log_probabilities([items[i] for i in part])
            self.temperature.fill_(fit_temperature(held_out, np.array(truth)))
        self.decision.fit(rows, truth, config.penalty)
        return self
