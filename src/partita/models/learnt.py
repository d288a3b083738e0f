"""What a model learnt from, kept as codes, so that a copy is told before it is heard.

A copy is what has the same levels in the same order for a while: a stretch that correlates, each band without its mean,
with a stretch of training, as `metrics.audio.copies` takes it of sound. Here patches are compared, on the grid of
beats, hence at any tempo: all of training by a few bands first, and what comes out likest by all of them.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BANDS = 8
"""That levels are averaged in at first; a patch is not divided in time then."""
CANDIDATES = 16
"""Stretches of training that are compared by all bands."""
STILL = 0.005
"""Deviation of levels of 0..1 in a stretch; what moves less is nobody's."""
AT_ONCE = 16
"""Stretches that are looked for at once, for the sake of memory."""


KEPT = 3
"""Levels of codes that are kept; a fourth changes a likeness by a hundredth at most."""


class Learnt(nn.Module):
    """Codes (n, levels) of all training recordings, one after the other; none before training."""

    codes: Tensor

    def __init__(self, levels: int, codes: int) -> None:
        super().__init__()
        self.register_buffer(
            "codes", torch.zeros(0, min(levels, KEPT), dtype=torch.uint8 if codes <= 256 else torch.int16)
        )
        self.coarse: Tensor | None = None  # made at the first question, as are
        self.norms: dict[int, Tensor] = {}  # those of its stretches so long as were asked for last

    def keep(self, codes: Tensor) -> None:
        """Keep the codes (n, levels) of recordings."""
        self.codes, self.coarse, self.norms = codes[:, : self.codes.shape[1]].to(self.codes), None, {}

    def likeness(self, codes: Tensor, books: Tensor, patches: int, settled: int = 0) -> float:
        """The greatest correlation of `patches` successive ones of these codes (m, levels) with as many of training.

        `books` (levels, codes, frames, mels) say what a code adds to a patch. Stretches begin a quarter of their length
        apart, and the last one ends with the codes; those that end within the first `settled` codes are left out. 0
        where there is no stretch as long.
        """
        books, codes = books[: self.codes.shape[1]], codes[:, : self.codes.shape[1]]
        last = len(codes) - patches
        starts = torch.tensor(sorted({*range(0, last + 1, max(1, patches // 4)), *range(max(0, last), last + 1)}))
        starts = starts[starts + patches > settled]
        if not 2 <= patches <= len(self.codes) or not len(starts):
            return 0.0
        few = F.adaptive_avg_pool1d(books.mean(2), min(BANDS, books.shape[-1]))
        if self.coarse is None:
            self.coarse = _decoded(self.codes, few).T.contiguous()
        if patches not in self.norms:
            self.norms = {patches: _norms(self.coarse, patches)}
        within = torch.arange(patches)
        likest = 0.0
        for begin in torch.split(starts, AT_ONCE):
            stretches = codes[begin[:, None] + within]
            parts = _normal(_decoded(stretches, few))
            found = F.conv1d(self.coarse[None], parts.mT.contiguous())[0] / self.norms[patches]
            places = found.topk(min(CANDIDATES, found.shape[1])).indices
            own = _normal(_decoded(stretches, books).flatten(1, 2)).flatten(1)
            for place, part in zip(places, own, strict=True):
                known = _normal(_decoded(self.codes[place[:, None] + within], books).flatten(1, 2)).flatten(1)
                likest = max(likest, float((known @ part).max()))
        return likest

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *others: Any) -> None:
        """As for any module, but as many codes as there are."""
        if (codes := state.get(f"{prefix}codes")) is not None:
            self.keep(self.codes.new_zeros(codes.shape))
        super()._load_from_state_dict(state, prefix, *others)


def _decoded(codes: Tensor, books: Tensor) -> Tensor:
    """What codes (..., levels) add up to (..., *book)."""
    return torch.stack([book[codes[..., level].long()] for level, book in enumerate(books)]).sum(0)


def _normal(stretches: Tensor) -> Tensor:
    """Stretches (n, time, bands), each band without its mean, of norm 1; 0 where next to nothing moves."""
    stretches = stretches - stretches.mean(1, keepdim=True)
    norms = stretches.flatten(1).norm(dim=1)
    norms = torch.where(norms > STILL * stretches[0].numel() ** 0.5, norms, torch.inf)
    return stretches / norms[:, None, None]


def _norms(known: Tensor, patches: int) -> Tensor:
    """Norms (n - patches + 1,) of all stretches of `known` (bands, n), infinite where next to nothing moves."""
    sums = F.pad(known.double().cumsum(1), (1, 0))
    squares = F.pad((known**2).sum(0).double().cumsum(0), (1, 0))
    total, square = sums[:, patches:] - sums[:, :-patches], squares[patches:] - squares[:-patches]
    norms = (square - (total**2).sum(0) / patches).clamp_min(0).sqrt().float()
    return torch.where(norms > STILL * (patches * len(known)) ** 0.5, norms, torch.inf)
