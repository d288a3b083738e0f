"""What codes of a spectrogram leave over, given back as noise of the same strength and grain.

A few codes say what a patch sounds like on the whole. What they can't say is as good as random, yet without it hiss
turns into buzzing: real drums that went through the codes lie twice as far from real drums as with it. Audio codecs put
noise in the place of what they do not code for the same reason (Herre and Schulz, AES 1998). Strength is known for
every first code and place in the patch; grain is how much neighbouring cells have in common, along time and frequency.
"""

import numpy as np
import torch
from torch import Tensor, nn

FEW = 8.0
"""Patches that the usual strength counts as, beside those of a code itself, so that a rare code has a sound one."""


class Residue(nn.Module):
    """Noise for patches of `frames` x `bands` levels, by the first of their `codes`."""

    deviation: Tensor
    grain: Tensor

    def __init__(self, codes: int, frames: int, bands: int) -> None:
        super().__init__()
        self.register_buffer("deviation", torch.zeros(codes, frames, bands))
        self.register_buffer("grain", torch.zeros(2))

    def fit(self, left: Tensor, codes: Tensor) -> None:
        """Measure what is `left` (n, frames * bands) of patches whose first codes are `codes` (n,)."""
        left = left.view(-1, *self.deviation.shape[1:])
        squares, count = (
            torch.zeros_like(self.deviation).index_add_(0, codes, left**2),
            torch.bincount(codes, minlength=len(self.deviation)),
        )
        usual = (left**2).mean(0)
        self.deviation.copy_(((squares + FEW * usual) / (count[:, None, None] + FEW)).sqrt())
        cells = left / self.deviation[codes].clamp_min(1e-3)
        power = (cells**2).mean().clamp_min(1e-9)
        along = (cells[:, 1:] * cells[:, :-1]).mean() if cells.shape[1] > 1 else power * 0
        across = (cells[..., 1:] * cells[..., :-1]).mean() if cells.shape[2] > 1 else power * 0
        self.grain.copy_(torch.stack([along, across]) / power)

    def draw(self, codes: Tensor, rng: np.random.Generator) -> Tensor:
        """Noise (n, frames * bands) for patches in a row with these first codes (n,); its end leads into its begin."""
        count, (_, frames, bands) = len(codes), self.deviation.shape
        cells = rng.normal(size=(count * frames, bands))
        for axis, shared in enumerate(self.grain.clamp(0, 0.99).tolist()):
            cells = _grained(cells, shared, axis)
        noise = torch.from_numpy(cells.astype(np.float32)).view(count, frames, bands)
        return (noise * self.deviation[codes]).flatten(1)


def _grained(cells: np.ndarray, shared: float, axis: int) -> np.ndarray:
    """White noise as noise of the same strength whose neighbours along an axis correlate by `shared`, round the end."""
    size = cells.shape[axis]
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = ((1 - shared**2) ** 0.5 / (1 - shared * turn)).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.fft.irfft(np.fft.rfft(cells, axis=axis) * response, size, axis)
