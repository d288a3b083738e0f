"""genre-cnn-fma: networks over statistics of timbre, for spectrograms too coarse in time for anything else.

The FMA archive holds 4.3 columns a second. Convolutions over such columns find little (figures in docs/models.md), the
statistics of a band over 30 s much more. Seven small networks decide on them and are averaged: dense ones that see all
or part of them, and one that takes curves over the bands as channels and convolves along the bands. Their errors fall
on different tracks. Mixup (Zhang et al., ICLR 2018) and dropout keep them from learning artists instead of genres.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from partita.audio import Reading
from partita.errors import UsageError
from partita.example import Recording, Spectrogram
from partita.features import FMA_RATE, FMA_SECONDS_PER_COLUMN, fma_windows
from partita.midi import Score
from partita.models.base import Batch, Item, Recipe
from partita.models.classifier import Classifier, Scores
from partita.models.timbre import BANDS, CURVES, SUMMARY_START, TIMBRE_SIZE, timbre


@dataclass(frozen=True)
class GenreCNNFMAConfig:
    """`dense` networks of two layers of `width` for each of three views (all statistics, those before the summary, the
    summary), and a convolutional one of `channels`.

    `dropout` is that of hidden layers, `input_dropout` that of the dense networks' inputs; `mixup` the parameter of its
    Beta distribution, `smoothing` that of the labels.
    """

    labels: tuple[str, ...] = ()
    dense: int = 2
    width: int = 160
    channels: int = 32
    dropout: float = 0.5
    input_dropout: float = 0.4
    mixup: float = 0.4
    smoothing: float = 0.15


class GenreCNNFMA(Classifier):
    """Dense networks, and one along the bands, over statistics of 30 s of the FMA archive's transform."""

    name = "genre-cnn-fma"
    Config = GenreCNNFMAConfig
    recipe = Recipe(
        steps=1000, batch=128, learning_rate=3e-3, weight_decay=0.05, warmup=50, ema=0.99, validate_every=500
    )
    spectrograms: ClassVar[str] = "fma-logmel"
    mean: Tensor
    scale: Tensor

    def __init__(self, config: GenreCNNFMAConfig) -> None:
        super().__init__(config)
        labels = len(config.labels)
        shape = (config.width, labels, config.dropout, config.input_dropout)
        views = ((0, TIMBRE_SIZE), (0, SUMMARY_START), (SUMMARY_START, TIMBRE_SIZE)) * config.dense
        dense = [Dense(first, last, *shape) for first, last in views]
        self.members = nn.ModuleList([*dense, AlongBands(config.channels, labels, config.dropout)])
        self.register_buffer("mean", torch.zeros(TIMBRE_SIZE))
        self.register_buffer("scale", torch.ones(TIMBRE_SIZE))

    @classmethod
    def tiny(cls) -> Self:
        """One narrow network of each kind."""
        return cls(GenreCNNFMAConfig(labels=("a", "b"), dense=1, width=16, channels=4, dropout=0.0, input_dropout=0.0))

    @property
    def front_end(self) -> str:
        """Names the transform and the statistics."""
        return "fma-logmel and timbre v1"

    def windows(self, media: Recording, reading: Reading) -> Iterator[Item]:
        """Items of about 30 s: {"timbre": (1, 1059), "seconds": (1,), "heard": (1,), false for silence}.

        Sound is always heard at 44,100 Hz; what was recorded at less sounds like lo-fi music to the model.
        Raises `UsageError` for a spectrogram of another transform, or for a score.
        """
        if isinstance(media, Score):
            raise UsageError(f"{media.name}: is a score; this model takes sound, such as its rendering")
        if not isinstance(media, Spectrogram):
            windows = fma_windows(media.blocks(FMA_RATE, reading))
        elif media.front_end == self.spectrograms:
            windows = iter([media.levels])
        else:
            raise UsageError(f"{media.name}: is a {media.front_end} spectrogram; this model takes fma-logmel or sound")
        for levels in windows:
            yield {
                "timbre": timbre(levels)[None],
                "seconds": np.array([levels.shape[1] * FMA_SECONDS_PER_COLUMN]),
                "heard": np.array([levels.any()]),
            }

    def parts(self, item: Item) -> Sequence[Item]:
        """The windows of a prepared song."""
        names = ("timbre", "seconds", "heard")
        return [{name: item[name][i : i + 1] for name in names} for i in range(len(item["seconds"]))]

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Standardise by the windows of all items."""
        rows = torch.from_numpy(np.concatenate([item["timbre"][item["heard"]] for item in items])).double()
        self.mean.copy_(rows.mean(0))
        self.scale.copy_(1 / (rows.std(0) + 1e-3))

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Statistics "x" (batch, 1059) of a window of each item, and "target" (batch, labels), both mixed up."""
        config, eye = self.config, np.eye(len(self.labels), dtype=np.float32)
        x = np.stack([rng.choice(item["timbre"][item["heard"]]) for item in items])
        target = eye[[int(item["label"]) for item in items]] * (1 - config.smoothing) + config.smoothing / len(eye)
        if config.mixup:
            share = rng.beta(config.mixup, config.mixup, (len(items), 1)).astype(np.float32)
            other = rng.permutation(len(items))
            x = share * x + (1 - share) * x[other]
            target = share * target + (1 - share) * target[other]
        return {"x": torch.from_numpy(x), "target": torch.from_numpy(target.astype(np.float32))}

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Cross-entropy with the soft targets, the sum over members, so that each learns as if it were alone."""
        x = self._standardise(batch["x"])
        losses = torch.stack([F.cross_entropy(member(x), batch["target"]) for member in self.members])
        return {"loss": losses.sum(), "cross_entropy": losses.mean()}

    def _standardise(self, x: Tensor) -> Tensor:
        return ((x - self.mean) * self.scale).clamp(-4, 4)

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of a window, which is one segment: the mean of its members'."""
        x = self._standardise(torch.from_numpy(np.asarray(item["timbre"])).to(self.mean.device))
        rows = torch.stack([F.log_softmax(member(x), dim=-1) for member in self.members]).mean(0).cpu().numpy()
        seconds = float(item["seconds"][0])
        heard = bool(item["heard"][0])
        return Scores([(0.0, seconds)] if heard else [], rows if heard else rows[:0], rows[0], seconds)


class Dense(nn.Module):
    """Two hidden layers over statistics `first` to `last`: (n, 1059) -> (n, labels) logits."""

    def __init__(self, first: int, last: int, width: int, labels: int, dropout: float, input_dropout: float) -> None:
        super().__init__()
        self.first, self.last = first, last
        self.layers = nn.Sequential(
            nn.Dropout(input_dropout),
            *_layer(nn.Linear(last - first, width), width, dropout),
            *_layer(nn.Linear(width, width), width, dropout),
            nn.Linear(width, labels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Decide on its statistics."""
        return cast(Tensor, self.layers(x[:, self.first : self.last]))


def _layer(kernel: nn.Module, width: int, dropout: float) -> tuple[nn.Module, ...]:
    return kernel, nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)


class AlongBands(nn.Module):
    """Statistics as channels, convolutions along the bands: (n, 1059) -> (n, labels) logits."""

    def __init__(self, channels: int, labels: int, dropout: float) -> None:
        super().__init__()

        def block(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, ...]:
            convolution = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
            return convolution, nn.BatchNorm1d(outputs), nn.ReLU(), nn.MaxPool1d(2)

        wide = 2 * channels
        self.layers = nn.Sequential(
            nn.Dropout(0.2),
            *block(CURVES, channels, 5),  # (n, channels, 32 bands)
            *block(channels, wide, 3),
            *block(wide, wide, 3),  # (n, 2 channels, 8)
            nn.Flatten(),
            nn.Dropout(dropout),
            *_layer(nn.Linear(wide * BANDS // 8, 128), 128, dropout),
            nn.Linear(128, labels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Decide on the curves; what is behind them is for the dense networks'."""
        return cast(Tensor, self.layers(x[:, : CURVES * BANDS].reshape(len(x), CURVES, BANDS)))
