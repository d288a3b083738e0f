"""genre-cnn: small convolutional networks along time, and summary statistics beside them; the flagship.

What it builds on: short random stretches in training and the mean log-probability of overlapping ones in use; shallow
networks for small music sets (Schindler, Lidy and Rauber, FMT 2016); mixup (Zhang et al., ICLR 2018) and SpecAugment
(Park et al., Interspeech 2019). Two findings of our own, measured in docs/models/genre-cnn.md: taking each mel band's
mean over the stretch away, so that the spectrum of the recording and its mastering can't be memorised, is worth more
than anything else; and what it throws away returns as the summary statistics, which err on other songs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.audio import Reading
from partita.example import Example, Media
from partita.features import GTZAN_SECONDS_PER_COLUMN
from partita.models.base import Batch, Classifier, Item, Recipe, Scores, chunk_spans, chunk_starts, gtzan_columns
from partita.models.layers import SummaryDecision, TemporalNet, summaries_of

BANDS = 128


@dataclass(frozen=True)
class GenreCNNConfig:
    """Shape, use and augmentation.

    `members` networks of `width` channels are averaged; each learns from its own stretches of `crop` columns (77 ms).
    In use, stretches of `columns` are scored `hop` apart, and the summary decision's log-probabilities are added
    `summary_weight` times; `penalty` is its regularisation. The rest is augmentation: tempo and contrast change by up
    to the share given, pitch by up to so many mel bands; `masks` bands of frequency and of time up to the widths given
    are hidden; `mixup` is the parameter of its Beta distribution, `smoothing` that of the labels.
    """

    labels: tuple[str, ...] = ()
    members: int = 4
    width: int = 128
    dropout: float = 0.4
    crop: int = 64
    columns: int = 128
    hop: int = 64
    summary_weight: float = 0.65
    penalty: float = 0.03
    tempo: float = 0.2
    contrast: float = 0.2
    pitch: float = 5.0
    masks: int = 2
    mask_bands: int = 16
    mask_columns: int = 8
    mixup: float = 0.3
    smoothing: float = 0.1


class GenreCNN(Classifier):
    """An ensemble of temporal networks and a summary decision in one model."""

    name = "genre-cnn"
    Config = GenreCNNConfig
    recipe = Recipe(
        steps=2500,
        batch=32,
        learning_rate=2e-3,
        weight_decay=0.05,
        warmup=150,
        ema=0.998,
        validate_every=250,
        patience=0,
    )
    scale: Tensor

    def __init__(self, config: GenreCNNConfig) -> None:
        super().__init__(config)
        labels = len(config.labels)
        self.members = nn.ModuleList(
            TemporalNet(BANDS, config.width, labels, config.dropout) for _ in range(config.members)
        )
        self.summary = SummaryDecision(labels)
        self.register_buffer("scale", torch.ones(BANDS, 1))

    @classmethod
    def tiny(cls) -> Self:
        """One narrow member on short stretches."""
        return cls(
            GenreCNNConfig(labels=("a", "b"), members=1, width=8, dropout=0.0, crop=16, columns=32, hop=32, mixup=0.0)
        )

    @property
    def front_end(self) -> str:
        """Names the transform and the stretches."""
        return f"gtzan-logmel and summary {self.config.columns} {self.config.hop} v1"

    def prepare(self, example: Example) -> Item:
        """Give {"levels": uint8 (128, columns), "summaries": (stretches, 338)}."""
        return self._item(np.concatenate(list(gtzan_columns(example.media, Reading())), axis=1))

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        """Items of 30 s, as `prepare` makes them of a whole recording."""
        for levels in gtzan_columns(media, reading):
            yield self._item(levels)

    def _item(self, levels: NDArray[np.uint8]) -> Item:
        starts = chunk_starts(levels.shape[1], self.config.columns, self.config.hop)
        return {"levels": levels, "summaries": summaries_of(levels, starts, self.config.columns)}

    def start(self, items: Sequence[Item]) -> None:
        """Standardise the bands by all items and fit the summary decision."""
        squares = np.stack([np.asarray(item["levels"], np.float32).std(1) for item in items]) ** 2
        self.scale.copy_(torch.from_numpy(1 / (np.sqrt(squares.mean(0)) + 1.0))[:, None])
        rows = torch.from_numpy(np.concatenate([item["summaries"] for item in items]))
        truth = torch.cat([torch.full((len(item["summaries"]),), int(item["label"])) for item in items])
        self.summary.fit(rows, truth, self.config.penalty)

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches for every member: "x" (members, batch, 128, crop) levels, "target" (members, batch, labels).

        Each is cut at random, stretched in time and shifted in pitch by interpolation, and mixed with another.
        """
        config, eye = self.config, np.eye(len(self.labels), dtype=np.float32)
        members, x, target = config.members, [], []
        for _ in range(members):
            x.append(np.stack([self._crop(item["levels"], rng) for item in items]))
            target.append(eye[[int(item["label"]) for item in items]])
        levels, labels = np.stack(x), np.stack(target)
        labels = labels * (1 - config.smoothing) + config.smoothing / len(self.labels)
        if config.mixup:
            share = rng.beta(config.mixup, config.mixup, (members, len(items), 1, 1)).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = rng.permutation(len(items))
            levels = share * levels + (1 - share) * levels[:, other]
            labels = share[..., 0] * labels + (1 - share[..., 0]) * labels[:, other]
        batch = {"x": torch.from_numpy(levels), "target": torch.from_numpy(labels.astype(np.float32))}
        shape = (members, len(items), 1)
        batch["hidden_bands"] = self._masks(rng, shape, BANDS, config.mask_bands)
        batch["hidden_columns"] = self._masks(rng, shape, config.crop, config.mask_columns)
        return batch

    def _crop(self, levels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        """A random stretch (128, crop), resampled along time and, linearly, along the bands."""
        config = self.config
        tempo = 1 + config.tempo * rng.uniform(-1, 1)
        last = levels.shape[1] - 1
        start = rng.uniform(0, max(0.0, last - config.crop * tempo))
        columns = np.minimum(np.rint(start + tempo * np.arange(config.crop)).astype(int), last)
        bands = np.arange(BANDS)
        # low mel bands are linear in Hz: the same factor in pitch moves them less
        shifted = np.clip(bands + config.pitch * rng.uniform(-1, 1) * np.minimum(bands / 40, 1), 0, BANDS - 1)
        below = np.minimum(shifted.astype(int), BANDS - 2)
        part = (shifted - below).astype(np.float32)[:, None]
        cut = levels[:, columns].astype(np.float32)
        cut = cut[below] * (1 - part) + cut[below + 1] * part
        contrast = np.float32(1 + config.contrast * rng.uniform(-1, 1))
        return np.asarray(cut * contrast, np.float32)

    def _masks(self, rng: np.random.Generator, shape: tuple[int, ...], size: int, widest: int) -> Tensor:
        """Which of `size` places are hidden: bool (*shape[:2], size), `masks` runs of up to `widest` places each."""
        hidden = np.zeros((*shape[:2], size), bool)
        for _ in range(self.config.masks):
            width = rng.uniform(0, widest, shape)
            first = rng.uniform(0, 1, shape) * (size - width)
            hidden |= (np.arange(size) >= first) & (np.arange(size) < first + width)
        return torch.from_numpy(hidden)

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Cross-entropy with the soft targets, the sum over members, so that each learns as if it were alone."""
        total = torch.zeros((), device=self.scale.device)
        for number, member in enumerate(self.members):
            x = self._standardise(batch["x"][number])
            x = x.masked_fill(batch["hidden_bands"][number][:, :, None], 0)
            x = x.masked_fill(batch["hidden_columns"][number][:, None, :], 0)
            total = total + F.cross_entropy(member(x), batch["target"][number])
        return {"loss": total, "cross_entropy": total / len(self.members)}

    def _standardise(self, levels: Tensor) -> Tensor:
        """Levels (n, 128, columns) without each band's mean over the stretch, scaled to unit deviation."""
        return (levels - levels.mean(-1, keepdim=True)) * self.scale

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of overlapping stretches, and their mean."""
        config = self.config
        levels = np.asarray(item["levels"])
        columns = levels.shape[1]
        starts = chunk_starts(columns, config.columns, config.hop)
        spans = chunk_spans(starts, config.columns, columns, GTZAN_SECONDS_PER_COLUMN)
        padded = np.pad(levels, ((0, 0), (0, max(0, 4 - columns))), "edge")
        stretches = np.stack([padded[:, start : start + config.columns] for start in starts]).astype(np.float32)
        x = self._standardise(torch.from_numpy(stretches).to(self.scale.device))
        rows = torch.stack([F.log_softmax(member(x), dim=-1) for member in self.members]).mean(0)
        summaries = torch.from_numpy(np.asarray(item["summaries"])).to(self.scale.device)
        rows = rows + config.summary_weight * self.summary(summaries)
        scores = F.log_softmax(rows, dim=-1).cpu().numpy()
        return Scores(spans, scores, rows.mean(0).cpu().numpy(), heard=bool(levels.any()))
