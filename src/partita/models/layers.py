"""Parts that more than one model is built from."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.features import SUMMARY_SIZE, summary


class SummaryDecision(nn.Module):
    """Multinomial logistic regression on `features.summary`, fitted in closed form (a convex problem).

    Statistics are standardised by buffers; `weight` (338, labels) and `bias` (labels,) are buffers too, since no
    gradient step of the loop may move them from their optimum.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(SUMMARY_SIZE))
        self.register_buffer("scale", torch.ones(SUMMARY_SIZE))
        self.register_buffer("weight", torch.zeros(SUMMARY_SIZE, labels))
        self.register_buffer("bias", torch.zeros(labels))

    def forward(self, summaries: Tensor) -> Tensor:
        """(n, 338) -> (n, labels) log-probabilities."""
        return F.log_softmax((summaries - self.mean) * self.scale @ self.weight + self.bias, dim=-1)

    def fit(self, summaries: Tensor, truth: Tensor, penalty: float) -> None:
        """Minimise cross-entropy + penalty / 2 * |weight|^2 over rows (n, 338) with labels (n,) by L-BFGS."""
        self.mean.copy_(summaries.mean(0))
        # rows of norm 10 on average: the penalty then means the same whatever the number of statistics
        self.scale.copy_(10 / (summaries.std(0) + 1e-3) / SUMMARY_SIZE**0.5)
        inputs = (summaries - self.mean) * self.scale
        weight = torch.zeros_like(self.weight, requires_grad=True)
        bias = torch.zeros_like(self.bias, requires_grad=True)
        solver = torch.optim.LBFGS(
            [weight, bias], max_iter=150, history_size=12, line_search_fn="strong_wolfe", tolerance_grad=1e-5
        )

        def loss() -> Tensor:
            solver.zero_grad()
            value = F.cross_entropy(inputs @ weight + bias, truth) + penalty / 2 * weight.square().sum()
            torch.autograd.backward(value)
            return value

        solver.step(loss)  # type: ignore[no-untyped-call]
        self.weight.copy_(weight.detach())
        self.bias.copy_(bias.detach())


def summaries_of(levels: NDArray[np.uint8], starts: list[int], columns: int) -> NDArray[np.float32]:
    """`features.summary` of the stretches of `columns` at `starts`: (stretches, 338)."""
    stretches = [levels[:, start : start + columns] for start in starts]
    return np.stack([summary(np.pad(s, ((0, 0), (0, max(0, 2 - s.shape[1]))), "edge")) for s in stretches])


class TemporalNet(nn.Module):
    """Mel bands as channels, convolutions along time, pooled over time: (n, bands, columns) -> (n, labels) logits."""

    def __init__(self, bands: int, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.stem = _Convolution(bands, width)
        self.before = _Convolution(width, width)
        self.after = nn.ModuleList([_Convolution(width, width), _Convolution(width, width)])
        self.dropout = nn.Dropout(dropout)
        self.decision = nn.Linear(2 * width, labels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, bands, columns >= 2) -> (n, labels)."""
        x = self.stem(x)  # (n, width, columns)
        x = x + self.before(x)
        x = F.max_pool1d(x, 2)  # (n, width, columns // 2)
        for layer in self.after:
            x = x + layer(x)
        pooled = torch.cat([x.mean(-1), x.amax(-1)], dim=1)  # (n, 2 * width)
        return cast(Tensor, self.decision(self.dropout(pooled)))


class _Convolution(nn.Sequential):
    """Three columns wide, normalised over the batch, rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv1d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)
        )
