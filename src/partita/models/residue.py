"""What codes of a spectrogram leave over, given back as noise of the same strength and grain.

A few codes say what a patch sounds like on the whole. What they can't say is as good as random, yet without it hiss
turns into buzzing. Audio codecs put noise in the place of what they do not code for the same reason (Herre and Schulz,
AES 1998). Strength is known for every first code and place in the patch. Grain is how fine the noise is along
frequency, as a spectrum of that, and how long each part of the spectrum lasts: what is coarse changes fast.

Where nothing sounds, nothing is put back. Codes add up to silence only nearly, so that what they say is soft enough to
have been silence more often than not becomes silence again.
"""

import numpy as np
import torch
from torch import Tensor, nn

FEW = 8.0
"""Patches that the usual strength counts as, beside those of a code itself, so that a rare code has a sound one."""
STEPS = 256
"""Of the levels that silence is looked for in."""


class Residue(nn.Module):
    """Noise for patches of `frames` x `bands` levels, by the first of their `codes`."""

    deviation: Tensor
    power: Tensor
    lasting: Tensor
    softest: Tensor

    def __init__(self, codes: int, frames: int, bands: int) -> None:
        super().__init__()
        self.register_buffer("deviation", torch.zeros(codes, frames, bands))
        self.register_buffer("power", torch.ones(bands // 2 + 1))
        self.register_buffer("lasting", torch.zeros(bands // 2 + 1))
        self.register_buffer("softest", torch.zeros(()))

    def fit(self, patches: Tensor, decoded: Tensor, codes: Tensor) -> None:
        """Measure what patches (n, frames * bands) have that is not `decoded`; their first codes are `codes` (n,)."""
        self.softest.fill_(_softest(patches == 0, decoded))
        left = (patches - decoded).view(-1, *self.deviation.shape[1:])
        squares, count = (
            torch.zeros_like(self.deviation).index_add_(0, codes, left**2),
            torch.bincount(codes, minlength=len(self.deviation)),
        )
        usual = (left**2).mean(0)
        self.deviation.copy_(((squares + FEW * usual) / (count[:, None, None] + FEW)).sqrt())
        waves = torch.fft.rfft(left / self.deviation[codes].clamp_min(1e-3), dim=2)
        power = (waves.abs() ** 2).mean((0, 1)).clamp_min(1e-9)
        self.power.copy_(power / left.shape[2])
        if left.shape[1] > 1:
            self.lasting.copy_((waves[:, 1:] * waves[:, :-1].conj()).real.mean((0, 1)) / power)

    def add(self, decoded: Tensor, codes: Tensor, rng: np.random.Generator) -> Tensor:
        """Patches in a row (n, frames * bands) with their noise; they were `decoded`, their first codes are (n,)."""
        return torch.where(decoded < self.softest, 0, decoded + self.draw(codes, rng))

    def draw(self, codes: Tensor, rng: np.random.Generator) -> Tensor:
        """Noise (n, frames * bands) for patches in a row with these first codes (n,); its end leads into its begin."""
        count, (_, frames, bands) = len(codes), self.deviation.shape
        white = np.fft.fft(np.fft.rfft(rng.normal(size=(count * frames, bands)), axis=1), axis=0)
        lasting = self.lasting.clamp(0, 0.99).numpy()
        turn = np.exp(-2j * np.pi * np.fft.fftfreq(len(white)))[:, None]
        response = np.sqrt(self.power.numpy() * (1 - lasting**2)) / (1 - lasting * turn)
        cells = np.fft.irfft(np.fft.ifft(white * response, axis=0), bands, axis=1)
        noise = torch.from_numpy(cells.astype(np.float32)).view(count, frames, bands)
        return (noise * self.deviation[codes]).flatten(1)


def _softest(silent: Tensor, decoded: Tensor) -> float:
    """The level of 0..1 from which on what was decoded was no longer mostly silent, in steps of `STEPS`."""
    step = (decoded * STEPS).long().clamp(0, STEPS - 1).flatten()
    count, of = (torch.bincount(steps, minlength=STEPS) for steps in (step[silent.flatten()], step))
    return int((2 * count > of).long().cumprod(0).sum()) / STEPS
