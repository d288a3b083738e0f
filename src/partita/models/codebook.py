"""Patches of a spectrogram as integers: residual vector quantisation, its codebooks found by k-means.

Each level codes what the levels before it have left over (Gray 1984; as neural codecs do it, Zeghidour et al. 2021).
Found by k-means and not learnt with a network, they take seconds and can't collapse.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

ROUNDS = 12
"""Rounds of k-means; later ones change the error by less than a hundredth."""


class Codebooks(nn.Module):
    """`levels` codebooks of `codes` patches of `size` numbers each."""

    books: Tensor

    def __init__(self, levels: int, codes: int, size: int) -> None:
        super().__init__()
        self.register_buffer("books", torch.zeros(levels, codes, size))

    def fit(self, patches: NDArray[np.float32], rng: np.random.Generator) -> None:
        """Find the codebooks for patches (n, size), by k-means on what the levels before leave over."""
        left = torch.from_numpy(patches).clone()
        for book in self.books:
            start = rng.choice(len(left), len(book), replace=len(left) < len(book))
            centres = left[torch.from_numpy(start)].clone()
            for _ in range(ROUNDS):
                chosen = nearest(left, centres)
                counts = torch.bincount(chosen, minlength=len(centres)).to(left.dtype)
                sums = torch.zeros_like(centres).index_add_(0, chosen, left)
                empty = counts == 0
                centres = torch.where(empty[:, None], centres, sums / counts.clamp(min=1)[:, None])
                if empty.any():  # a code that nothing is near to moves to a patch, so that none is lost
                    taken = rng.choice(len(left), int(empty.sum()))
                    centres[empty] = left[torch.from_numpy(taken)]
            book.copy_(centres)
            left = left - centres[nearest(left, centres)]

    def encode(self, patches: Tensor) -> Tensor:
        """Codes (..., levels) of patches (..., size)."""
        left = patches.flatten(0, -2)
        codes = []
        with torch.autocast(left.device.type, enabled=False):  # so that the nearest is found in training as in drawing
            for book in self.books:
                chosen = nearest(left, book)
                left = left - book[chosen]
                codes.append(chosen)
        return torch.stack(codes, -1).view(*patches.shape[:-1], len(self.books))

    def decode(self, codes: Tensor) -> Tensor:
        """Patches (..., size) of codes (..., levels)."""
        return torch.stack([book[codes[..., level]] for level, book in enumerate(self.books)]).sum(0)


def nearest(rows: Tensor, centres: Tensor) -> Tensor:
    """The number of the nearest centre to each row, in parts that fit into memory."""
    half = (centres**2).sum(1) / 2
    return torch.cat([(half - part @ centres.T).argmin(1) for part in torch.split(rows, 8192)])
