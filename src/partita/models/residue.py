"""What codes of a spectrogram leave over, put back as some patch that was learnt from had it.

A few codes say what a patch sounds like on the whole, and without the rest hiss turns into buzzing. What is missing
does not follow from the codes, but it has a shape: partials, the edge of a stroke, a tail. Noise of the same strength
and grain has none of it. So some patches of training are kept, and what the likest of them had beyond its own codes is
added, as concatenative synthesis takes units from a corpus (Hunt and Black, ICASSP 1996).

Where nothing sounds, nothing is put back. Codes add up to silence only nearly, so that what they say is soft enough to
have been silence more often than not becomes silence again.
"""

import torch
from torch import Tensor, nn

from partita.models.codebook import Codebooks, nearest

KEPT = 2048
"""Patches that are kept; with 20 times as many, real clips come back a fifth nearer to themselves."""
STEPS = 256
"""Of the levels that silence is looked for in."""


class Residue(nn.Module):
    """Some patches of `size` levels of 0..1, and the `levels` codes of each."""

    kept: Tensor
    codes: Tensor
    softest: Tensor

    def __init__(self, size: int, levels: int) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(KEPT, size, dtype=torch.uint8))
        self.register_buffer("codes", torch.zeros(KEPT, levels, dtype=torch.int16))
        self.register_buffer("softest", torch.zeros(()))

    def fit(self, patches: Tensor, codebooks: Codebooks) -> None:
        """Keep some of patches (n, size), evenly taken, and measure below which level they mostly are silent."""
        codes = codebooks.encode(patches)
        self.softest.fill_(_softest(patches == 0, codebooks.decode(codes)))
        taken = torch.linspace(0, len(patches) - 1, KEPT).long()
        self.kept.copy_((255 * patches[taken]).round())
        self.codes.copy_(codes[taken])

    def add(self, decoded: Tensor, codebooks: Codebooks) -> Tensor:
        """Patches (n, size) that were `decoded`, with what they lack."""
        plain = codebooks.decode(self.codes.long())
        likest = nearest(decoded, plain)
        return torch.where(decoded < self.softest, 0, decoded + self.kept[likest] / 255 - plain[likest])


def _softest(silent: Tensor, decoded: Tensor) -> float:
    """The level of 0..1 from which on what was decoded was no longer mostly silent, in steps of `STEPS`."""
    step = (decoded * STEPS).long().clamp(0, STEPS - 1).flatten()
    count, of = (torch.bincount(steps, minlength=STEPS) for steps in (step[silent.flatten()], step))
    return int((2 * count > of).long().cumprod(0).sum()) / STEPS
