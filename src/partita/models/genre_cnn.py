"""genre-cnn: two small convolutional networks and a decision on summary statistics, averaged; the flagship.

One network takes mel bands as channels and looks along time, the other looks along both. What they build on: short
random stretches in training and the mean log-probability of overlapping ones in use; shallow networks for small music
sets (Schindler, Lidy and Rauber, FMT 2016); mixup (Zhang et al., ICLR 2018) and SpecAugment (Park et al., Interspeech
2019). Two findings of our own, with figures in docs/models.md: to take each mel band's mean over the stretch away, so
that the colour of a recording can't be memorised, is worth more than any other choice; and what that throws away
returns in the summary statistics, whose errors fall on other songs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.models.base import Batch, Item, Recipe
from partita.models.classifier import Scores
from partita.models.layers import SpectralNet, SummaryDecision, TemporalNet, at_bands, augmented_summaries, degraded
from partita.models.space import Real, Space, Whole
from partita.models.stretches import StretchClassifier, stretches

BANDS = 128


@dataclass(frozen=True)
class GenreCNNConfig:
    """Shape, use and augmentation.

    `pairs` of networks of `width` channels are averaged; they learn from stretches of `crop` columns (77 ms each). In
    use, stretches of `columns` are scored `hop` apart, and the summary decision's log-probabilities are added
    `summary_weight` times; `penalty` and `copies` are as in genre-linear. The rest is augmentation: tempo and contrast
    change by up to the share given, pitch by up to so many mel bands; a share of `degrade` is heard through noise or
    without its treble; `masks` bands of frequency and of time up to the widths given are hidden; `mixup` is the
    parameter of its Beta distribution, `smoothing` that of the labels.
    """

    labels: tuple[str, ...] = ()
    pairs: int = 1
    width: int = 128
    dropout: float = 0.4
    crop: int = 64
    columns: int = 128
    hop: int = 64
    summary_weight: float = 0.7
    penalty: float = 0.02
    copies: int = 6
    tempo: float = 0.2
    contrast: float = 0.2
    pitch: float = 5.0
    degrade: float = 0.3
    masks: int = 2
    mask_bands: int = 16
    mask_columns: int = 8
    mixup: float = 0.3
    smoothing: float = 0.1


class GenreCNN(StretchClassifier):
    """Networks along time and along both axes, and a summary decision, in one model."""

    name = "genre-cnn"
    Config = GenreCNNConfig
    recipe = Recipe(
        steps=1800, batch=32, learning_rate=2e-3, weight_decay=0.05, warmup=150, ema=0.998, validate_every=300
    )
    space: ClassVar[Space] = {
        "learning_rate": Real(5e-4, 1e-2, log=True),
        "weight_decay": Real(1e-3, 0.3, log=True),
        "dropout": Real(0, 0.6),
        "width": Whole(32, 192, 32),
        "crop": Whole(32, 128, 32),
        "tempo": Real(0, 0.4),
        "contrast": Real(0, 0.4),
        "pitch": Real(0, 10),
        "mixup": Real(0, 0.6),
        "smoothing": Real(0, 0.2),
        "summary_weight": Real(0, 2),
        "penalty": Real(0.003, 0.3, log=True),
    }
    scale: Tensor

    def __init__(self, config: GenreCNNConfig) -> None:
        super().__init__(config)
        labels = len(config.labels)
        kinds = (TemporalNet, SpectralNet) * config.pairs
        self.members = nn.ModuleList(kind(config.width, labels, config.dropout) for kind in kinds)
        self.summary = SummaryDecision(labels)
        self.register_buffer("scale", torch.ones(BANDS, 1))

    @classmethod
    def tiny(cls) -> Self:
        """One narrow member on short stretches."""
        return cls(
            GenreCNNConfig(labels=("a", "b"), width=8, dropout=0.0, crop=16, columns=32, hop=32, copies=1, mixup=0.0)
        )

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Standardise the bands by all items and fit the summary decision."""
        config = self.config
        variance = np.mean([np.asarray(item["levels"], np.float32).var(1) for item in items], axis=0)
        self.scale.copy_(torch.from_numpy(1 / (np.sqrt(variance) + 1))[:, None])
        rows = augmented_summaries(items, config.copies, config.columns, config.hop, rng, config.degrade)
        self.summary.fit(rows, [int(item["label"]) for item in items], config.penalty)

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches "x" (batch, 128, crop), "target" (batch, labels), and what is hidden of bands and columns.

        Each is cut at random, stretched in time and shifted in pitch by interpolation, and mixed with another.
        """
        config, eye = self.config, np.eye(len(self.labels), dtype=np.float32)
        x = np.stack([self._crop(item["levels"], rng) for item in items])
        target = eye[[int(item["label"]) for item in items]] * (1 - config.smoothing) + config.smoothing / len(eye)
        if config.mixup:
            share = rng.beta(config.mixup, config.mixup, (len(items), 1, 1)).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = rng.permutation(len(items))
            x = share * x + (1 - share) * x[other]
            target = share[:, 0] * target + (1 - share[:, 0]) * target[other]
        return {
            "x": torch.from_numpy(x),
            "target": torch.from_numpy(target.astype(np.float32)),
            "hidden_bands": self._masks(rng, len(items), BANDS, config.mask_bands),
            "hidden_columns": self._masks(rng, len(items), config.crop, config.mask_columns),
        }

    def _crop(self, levels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        """A random stretch (128, crop), resampled along time and, linearly, along the bands."""
        config = self.config
        tempo = 1 + config.tempo * rng.uniform(-1, 1)
        last = levels.shape[1] - 1
        start = rng.uniform(0, max(0.0, last - config.crop * tempo))
        columns = np.minimum(np.rint(start + tempo * np.arange(config.crop)).astype(int), last)
        bands = np.arange(BANDS)
        # low mel bands are linear in Hz: the same factor in pitch moves them less
        shifted = bands + config.pitch * rng.uniform(-1, 1) * np.minimum(bands / 40, 1)
        cut = at_bands(degraded(levels[:, columns], config.degrade, rng).astype(np.float32), shifted)
        contrast = np.float32(1 + config.contrast * rng.uniform(-1, 1))
        return np.asarray(cut * contrast, np.float32)

    def _masks(self, rng: np.random.Generator, count: int, size: int, widest: int) -> Tensor:
        """Which of `size` places are hidden: bool (count, size), `masks` runs of up to `widest` places in each row."""
        hidden = np.zeros((count, size), bool)
        for _ in range(self.config.masks):
            width = rng.uniform(0, widest, (count, 1))
            first = rng.uniform(0, 1, (count, 1)) * (size - width)
            hidden |= (np.arange(size) >= first) & (np.arange(size) < first + width)
        return torch.from_numpy(hidden)

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Cross-entropy with the soft targets, the sum over members, so that each learns as if it were alone."""
        x = self._standardise(batch["x"])
        x = x.masked_fill(batch["hidden_bands"][:, :, None], 0)  # hidden cells become the mean
        x = x.masked_fill(batch["hidden_columns"][:, None, :], 0)
        losses = torch.stack([F.cross_entropy(member(x), batch["target"]) for member in self.members])
        return {"loss": losses.sum(), "cross_entropy": losses.mean()}

    def _standardise(self, levels: Tensor) -> Tensor:
        """Levels (n, 128, columns) without each band's mean over the stretch, scaled to unit deviation."""
        return (levels - levels.mean(-1, keepdim=True)) * self.scale

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of overlapping stretches, and their mean."""
        config = self.config
        parts = np.stack(stretches(np.asarray(item["levels"]), config.columns, config.hop)).astype(np.float32)
        x = self._standardise(torch.from_numpy(parts).to(self.scale.device))
        rows = torch.stack([F.log_softmax(member(x), dim=-1) for member in self.members]).mean(0)
        summaries = torch.from_numpy(np.asarray(item["summaries"])).to(self.scale.device)
        rows = rows + config.summary_weight * self.summary(summaries)
        segments = F.log_softmax(rows, dim=-1).cpu().numpy()
        return self.scored(item, segments, rows.mean(0).cpu().numpy())
