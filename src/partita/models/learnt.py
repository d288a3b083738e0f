"""What a model learnt from, kept as codes, so that a copy is told before it is heard.

A copy is what has the same levels in the same order for a while: a stretch that correlates, each band without its mean,
with a stretch of training, as `metrics.audio.copies` takes it of sound. Here patches are compared, on the grid of
beats, hence at any tempo, and at half and at twice their own: all of training by a few bands first, and what comes out
likest by all of them.
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
BLOCK = 512
"""Patches of training that are transformed together, or more where stretches are longer than half of it."""
KEPT = 3
"""Levels of codes that are kept; a fourth changes a likeness by a hundredth at most."""


class Learnt(nn.Module):
    """Codes (n, levels) of all training recordings, one after the other; none before training."""

    codes: Tensor

    def __init__(self, levels: int, codes: int) -> None:
        super().__init__()
        kind = torch.uint8 if codes <= 256 else torch.int16
        self.register_buffer("codes", torch.zeros(0, min(levels, KEPT), dtype=kind))
        # made when first asked for: training in a few bands, blocks of it as spectra, norms of its stretches, of those
        # lengths alone that were asked for last
        self.coarse: dict[int, Tensor] = {}
        self.spectra: dict[tuple[int, int], Tensor] = {}
        self.norms: dict[tuple[int, int], Tensor] = {}

    def keep(self, codes: Tensor) -> None:
        """Keep the codes (n, levels) of recordings."""
        self.codes = codes[:, : self.codes.shape[1]].to(self.codes)
        self.coarse, self.spectra, self.norms = {}, {}, {}

    def likeness(self, codes: Tensor, books: Tensor, patches: int, settled: int = 0) -> float:
        """The greatest correlation of `patches` successive ones of these codes (m, levels) with as many of training.

        Training is taken at half and at twice its tempo as well: 90 beats a minute may be 180. `books` (levels, codes,
        frames, mels) say what a code adds to a patch. Stretches begin a quarter of their length apart, and the last one
        ends with the codes; those that end within the first `settled` codes are left out. 0 where there is no stretch
        as long.
        """
        if not len(self.codes):
            return 0.0
        kept = self.codes.shape[1]
        codes, books = codes[:, :kept], books[:kept]
        if not self.coarse:
            coarse = _decoded(self.codes, _few(books.mean(2))).T.contiguous()
            self.coarse = {1: coarse, 2: F.avg_pool1d(coarse, 2)}
        sizes = [(1, 1, patches), (2, 1, patches // 2), (1, 2, patches)]
        keys = [(theirs, size) for _, theirs, size in sizes if 2 <= size <= self.coarse[theirs].shape[1]]
        norms = self.norms
        self.norms = {key: norms[key] if key in norms else _norms(self.coarse[key[0]], key[1]) for key in keys}
        return max(self._likest(codes, books, ours, theirs, size, settled // ours) for ours, theirs, size in sizes)

    def _likest(self, codes: Tensor, books: Tensor, ours: int, theirs: int, size: int, settled: int) -> float:
        """`likeness` where `ours` patches of these codes, and `theirs` of training, count as one; `size` in such."""
        last = len(codes) // ours - size
        starts = torch.tensor(sorted({*range(0, last + 1, max(1, size // 4)), *range(max(0, last), last + 1)}))
        starts = starts[starts + size > settled]
        norms = self.norms.get((theirs, size))
        if norms is None or not len(starts):
            return 0.0
        likest, block = 0.0, max(BLOCK, 2 ** (2 * size - 1).bit_length())
        if (theirs, block) not in self.spectra:
            self.spectra[theirs, block] = _spectra(self.coarse[theirs], block)
        for begin in torch.split(starts, AT_ONCE):
            made = _stretches(codes, books, begin, ours, size)
            parts = _normal(_few(made.mean(2)))
            found = _products(self.spectra[theirs, block], parts)[:, : len(norms)] / norms
            places = found.topk(min(CANDIDATES, found.shape[1])).indices
            for place, own in zip(places, _normal(made.flatten(1, 2)).flatten(1), strict=True):
                known = _stretches(self.codes, books, place, theirs, size)
                likest = max(likest, float((_normal(known.flatten(1, 2)).flatten(1) @ own).max()))
        return likest

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *others: Any) -> None:
        """As for any module, but as many codes as there are."""
        if (codes := state.get(f"{prefix}codes")) is not None:
            self.keep(self.codes.new_zeros(codes.shape))
        super()._load_from_state_dict(state, prefix, *others)


def _decoded(codes: Tensor, books: Tensor) -> Tensor:
    """What codes (..., levels) add up to (..., *book)."""
    return torch.stack([book[codes[..., level].long()] for level, book in enumerate(books)]).sum(0)


def _few(levels: Tensor) -> Tensor:
    """Levels (..., time, bands), averaged in a few bands."""
    return F.adaptive_avg_pool1d(levels, min(BANDS, levels.shape[-1]))


def _stretches(codes: Tensor, books: Tensor, starts: Tensor, step: int, size: int) -> Tensor:
    """Stretches (n, size, frames, mels) of what codes add up to; `step` patches, and frames, count as one."""
    found = _decoded(codes[step * starts[:, None] + torch.arange(step * size)], books)
    count, _, frames, mels = found.shape
    return found.view(count, size, frames, step, mels).mean(3) if step > 1 else found


def _normal(stretches: Tensor) -> Tensor:
    """Stretches (n, time, bands), each band without its mean, of norm 1; 0 where next to nothing moves."""
    stretches = stretches - stretches.mean(1, keepdim=True)
    norms = stretches.flatten(1).norm(dim=1)
    norms = torch.where(norms > STILL * stretches[0].numel() ** 0.5, norms, torch.inf)
    return stretches / norms[:, None, None]


def _spectra(known: Tensor, block: int) -> Tensor:
    """Blocks of `known` (bands, n), each half over the next, as spectra (bins, blocks, bands)."""
    hop = block // 2
    spectra: Tensor = torch.fft.rfft(F.pad(known, (0, block + hop - known.shape[1] % hop)).unfold(1, block, hop))
    return spectra.permute(2, 1, 0).contiguous()


def _products(spectra: Tensor, parts: Tensor) -> Tensor:
    """Scalar products of stretches (n, size, bands) with what the spectra are of, from each place on.

    They are (n, places) and go on beyond its end. Stretches are at most half as long as a block. By transforms of
    blocks (overlap-save), which is faster than a convolution of so much by so little.
    """
    hop = len(spectra) - 1
    wanted = torch.fft.rfft(parts, 2 * hop, 1).conj().permute(1, 2, 0)  # (bins, bands, n)
    found: Tensor = torch.fft.irfft((spectra @ wanted).permute(2, 1, 0), 2 * hop)
    return found[..., :hop].flatten(1)


def _norms(known: Tensor, patches: int) -> Tensor:
    """Norms (n - patches + 1,) of all stretches of `known` (bands, n), infinite where next to nothing moves."""
    sums = F.pad(known.double().cumsum(1), (1, 0))
    squares = F.pad((known**2).sum(0).double().cumsum(0), (1, 0))
    total, square = sums[:, patches:] - sums[:, :-patches], squares[patches:] - squares[:-patches]
    norms = (square - (total**2).sum(0) / patches).clamp_min(0).sqrt().float()
    return torch.where(norms > STILL * (patches * len(known)) ** 0.5, norms, torch.inf)
