"""Parts that more than one model is built from, or that stand by themselves."""

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.alterations import low_pass, noisy_levels, shaped_levels
from partita.features import SUMMARY_GROUPS, SUMMARY_SIZE, summary
from partita.models.base import Item
from partita.models.stretches import stretches

NOISE_DB = (10.0, 40.0)
BAND_LIMIT_HZ = (3500.0, 10_000.0)
"""Poorer recordings: how far white noise lies below the music, and above what there is nothing."""


class SummaryDecision(nn.Module):
    """Multinomial logistic regression on `features.summary`, fitted in closed form (a convex problem).

    `weight` (291, labels) and `bias` (labels,) take no gradient, since no step of the loop may move them from their
    optimum; standardisation is folded into them.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(SUMMARY_SIZE, labels), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(labels), requires_grad=False)

    def forward(self, summaries: Tensor) -> Tensor:
        """(n, 291) -> (n, labels) log-probabilities."""
        return F.log_softmax(summaries @ self.weight + self.bias, dim=-1)

    def fit(self, rows: Sequence[NDArray[np.float32]], labels: Sequence[int], penalty: float) -> None:
        """Minimise cross-entropy + penalty / 2 * |weight|^2 by L-BFGS over songs' rows (stretches, 291) and labels.

        Statistics are standardised. A group of n of them counts as sqrt(n), since its members tell much the same, and
        all together have a variance of 100, so that the penalty means the same whatever their number.
        """
        inputs = torch.from_numpy(np.concatenate(rows)).double()
        truth = torch.cat([torch.full((len(part),), label) for part, label in zip(rows, labels, strict=True)])
        shares = torch.cat([torch.full((size,), size**-0.25) for size in SUMMARY_GROUPS.values()]).double()
        mean = inputs.mean(0)
        scale = 10 * shares / shares.square().sum().sqrt() / (inputs.std(0) + 1e-6)
        inputs = ((inputs - mean) * scale).float()
        weight = torch.zeros_like(self.weight, device="cpu", requires_grad=True)
        bias = torch.zeros_like(self.bias, device="cpu", requires_grad=True)
        solver = torch.optim.LBFGS(
            [weight, bias], max_iter=150, history_size=12, line_search_fn="strong_wolfe", tolerance_grad=1e-5
        )

        def loss() -> Tensor:
            solver.zero_grad()
            value = F.cross_entropy(inputs @ weight + bias, truth) + penalty / 2 * weight.square().sum()
            torch.autograd.backward(value)
            return value

        solver.step(loss)  # type: ignore[no-untyped-call]
        folded = weight.detach().double() * scale[:, None]
        self.weight.copy_(folded)
        self.bias.copy_(bias.detach() - mean @ folded)


def embedding(size: int, width: int, spread: float) -> nn.Embedding:
    """A table of `size` vectors, whose numbers have a deviation of `spread` before training."""
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=spread)
    return table


def augmented_summaries(
    items: Sequence[Item], copies: int, columns: int, hop: int, rng: np.random.Generator, degrade: float = 0.0
) -> list[NDArray[np.float32]]:
    """The summaries of every item, and of `copies` altered ones, a share of them `degraded`: (stretches, 291) each."""
    rows = []
    for item in items:
        altered = (_altered(degraded(item["levels"], degrade, rng), rng) for _ in range(copies))
        copied = [summary(part) for levels in altered for part in stretches(levels, columns, hop)]
        rows.append(np.concatenate([item["summaries"], copied]) if copied else np.asarray(item["summaries"]))
    return rows


def at_bands(x: NDArray[np.float32], places: NDArray[np.floating]) -> NDArray[np.float32]:
    """Values of x (bands, columns) at fractional band numbers `places` (n,), by linear interpolation: (n, columns)."""
    places = np.clip(places, 0, len(x) - 1)
    below = np.minimum(places.astype(int), len(x) - 2)
    part = (places - below).astype(np.float32)[:, None]
    return np.asarray(x[below] * (1 - part) + x[below + 1] * part, np.float32)


def degraded(levels: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A recording's levels (128, columns), by a chance of `share` as a poorer recording would have them.

    Half of those have white noise 10 to 40 dB below the music, the others nothing above an edge of 3.5 to 10 kHz.
    """
    if not share or rng.random() >= share:
        return levels
    if rng.random() < 0.5:
        return noisy_levels(levels, rng.uniform(*NOISE_DB), rng)
    edge = rng.uniform(*BAND_LIMIT_HZ)
    return shaped_levels(levels, lambda hz: low_pass(hz, edge))


def _altered(levels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Levels after a smooth random equaliser (about 8 dB), a shift by up to 2 mel bands and up to 8 % of tempo."""
    bands, columns = levels.shape
    place = np.arange(bands) / (bands - 1)
    curve = np.zeros(bands)
    for order, size in enumerate((10, 8, 6, 5, 4), start=1):  # half periods over the bands, in levels
        curve += 2 * size * rng.normal() * np.cos(np.pi * order * place)
    shifted = np.arange(bands) + rng.uniform(-2, 2)
    steps = np.rint(np.arange(columns) * rng.uniform(0.92, 1.08) + rng.uniform(0, columns / 20)).astype(int)
    x = levels[:, np.minimum(steps, columns - 1)].astype(np.float32)
    x = at_bands(x, shifted) + curve.astype(np.float32)[:, None]
    return np.asarray(np.clip(x - max(0.0, float(x.max()) - 255), 0, 255), np.float32)


class Standardise(nn.Module):
    """Bands to mean 0 and deviation 1, as measured on training inputs: `bands` of them along `axis` of 4."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, bands: int, axis: int) -> None:
        super().__init__()
        shape = [bands if place == axis else 1 for place in range(4)]
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))

    def fit(self, batches: Iterable[Tensor]) -> None:
        """Measure the bands over all batches; a band that never changes is left at its deviation of 1."""
        count, total, squares = 0, torch.zeros(()).double(), torch.zeros(()).double()
        others = [place for place, size in enumerate(self.mean.shape) if size == 1]
        for batch in batches:
            x = batch.double()
            count += x.numel() // self.mean.numel()
            total, squares = total + x.sum(others, keepdim=True), squares + x.square().sum(others, keepdim=True)
        mean = total / count
        deviation = (squares / count - mean.square()).clamp_min(0).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Standardise; the same shape."""
        return (x - self.mean) / self.deviation


class Pooled(nn.Module):
    """A decision on the mean and the maximum over time: (n, width, columns) -> (n, labels) logits."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * width, labels)

    def forward(self, x: Tensor) -> Tensor:
        """Pool and decide."""
        return cast(Tensor, self.linear(self.dropout(torch.cat([x.mean(-1), x.amax(-1)], dim=1))))


class TemporalNet(nn.Module):
    """Mel bands as channels, convolutions along time alone: (n, 128, columns) -> (n, labels) logits."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()

        def layer(inputs: int) -> nn.Sequential:
            convolution = nn.Conv1d(inputs, width, 3, padding=1, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm1d(width), nn.ReLU())

        self.stem = layer(128)
        self.layers = nn.ModuleList([layer(width) for _ in range(3)])
        self.decision = Pooled(width, labels, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Score stretches of 2 columns or more."""
        x = self.stem(x)  # (n, width, columns)
        x = x + self.layers[0](x)
        x = F.max_pool1d(x, 2)  # (n, width, columns // 2)
        x = x + self.layers[1](x)
        x = x + self.layers[2](x)
        return cast(Tensor, self.decision(x))


class SpectralNet(nn.Module):
    """Two-dimensional convolutions with a strided stem: (n, 128, columns) -> (n, labels) logits."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, kernel: tuple[int, int] = (3, 3), stride: int = 1) -> nn.Sequential:
            padding = (kernel[0] // 2, kernel[1] // 2)
            convolution = nn.Conv2d(
                inputs, outputs, kernel, (2 * stride, stride) if stride > 1 else 1, padding, bias=False
            )
            return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())

        w = width // 4
        self.body = nn.Sequential(
            layer(1, w, (7, 5), stride=2),  # (n, w, 32, columns / 2)
            layer(w, w),
            nn.MaxPool2d(2),
            layer(w, 2 * w),
            nn.MaxPool2d(2),
            layer(2 * w, 4 * w),
            nn.MaxPool2d((2, 1)),
            layer(4 * w, 4 * w),  # (n, width, 4, columns / 8)
        )
        self.decision = Pooled(4 * w, labels, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Score stretches of 8 columns or more; the mean over frequency comes last."""
        x = self.body(x[:, None].contiguous(memory_format=torch.channels_last))
        return cast(Tensor, self.decision(x.mean(2)))
