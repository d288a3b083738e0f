"""Patches of a spectrogram as a few independent numbers: principal components, each of deviation 1 in training."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

LEAST = 1e-3
"""Deviation that components are taken to have at least, so that what hardly varies is not blown up."""


class Components(nn.Module):
    """The `count` greatest principal components of patches of `size` numbers."""

    mean: Tensor
    basis: Tensor
    deviation: Tensor

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("basis", torch.zeros(count, size))
        self.register_buffer("deviation", torch.ones(count))

    def fit(self, patches: NDArray[np.float32]) -> None:
        """Find them for patches (n, size)."""
        rows = torch.from_numpy(patches).double()
        mean = rows.mean(0)
        values, vectors = torch.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
        count = len(self.basis)
        self.mean.copy_(mean)
        self.basis.copy_(vectors.flip(1).T[:count])
        self.deviation.copy_(values.flip(0)[:count].clamp_min(LEAST**2).sqrt())

    def encode(self, patches: Tensor) -> Tensor:
        """Components (..., count) of patches (..., size)."""
        return (patches - self.mean) @ self.basis.T / self.deviation

    def decode(self, components: Tensor) -> Tensor:
        """Patches (..., size) of components (..., count)."""
        return components * self.deviation @ self.basis + self.mean
