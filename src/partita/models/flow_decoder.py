"""What codes of a spectrogram leave over, drawn by flow matching from what codes before and after say.

A few codes say what a patch sounds like on the whole, and without the rest hiss turns into buzzing. What is missing
does not follow from the patch's own codes, but it is no noise either: partials, the edge of a stroke, a tail that began
patches ago. A network that sees the surroundings moves noise along straight paths towards what real spectrograms have
(Lipman et al., ICLR 2023; Liu et al., ICLR 2023). Its layers look along time, then mix bands (as ConvNeXt's do, Liu et
al., CVPR 2022). How far on the path it is, class and tempo scale and shift them (as in DiT, Peebles and Xie, ICCV
2023).

Where nothing sounds, nothing is drawn. Codes add up to silence only nearly, so that what they say is soft enough to
have been silence more often than not becomes silence again.
"""

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 3
"""Of the way from noise to levels in generating, each taken in the direction of its middle.

So many, which ask the network twice each, come as near as 32 that go on in the direction of their begin.
"""
STRONGER = 1.06
"""What is drawn counts so many times, since it spreads by as much less than in training; more steps help little."""
BELOW = -0.03
"""The level that silence counts as in training, so that what is drawn nearly silent is silent."""
MIDDLE, REACH = 0.4, 0.3
"""Levels of 0..1 as numbers around 0, of about 1."""
WAVES, TOLD = 16, 64
"""Sine and cosine pairs that say how far on the path it is; numbers about the whole that each layer hears."""
BINS = 256
"""Of the levels that silence is looked for in."""


class FlowDecoder(nn.Module):
    """Draws levels (frames, bands) of 0..1 for those that codes were `decoded` to; silence is 0."""

    deviation: Tensor
    softest: Tensor

    def __init__(self, bands: int, labels: int, width: int, layers: int) -> None:
        super().__init__()
        self.register_buffer("deviation", torch.ones(bands))
        self.register_buffer("softest", torch.zeros(()))
        self.inlet = nn.Conv1d(2 * bands, width, 3)
        self.told = nn.Sequential(nn.Linear(2 * WAVES + 1, width), nn.SiLU(), nn.Linear(width, TOLD), nn.SiLU())
        self.label = nn.Embedding(labels, TOLD)
        self.layers = nn.ModuleList(Layer(width) for _ in range(layers))
        self.outlet = nn.Linear(width, bands)
        for zero in (self.label.weight, self.outlet.weight, self.outlet.bias):
            nn.init.zeros_(zero)

    def fit(self, levels: Tensor, decoded: Tensor) -> None:
        """Measure on levels (n, frames, bands) what codes leave over, and below which level they mostly are silent."""
        self.deviation.copy_((_without_silence(levels) - decoded).std((0, 1)).clamp_min(1e-3))
        self.softest.fill_(_softest(levels == 0, decoded))

    def loss(self, levels: Tensor, decoded: Tensor, noise: Tensor, label: Tensor, pace: Tensor, time: Tensor) -> Tensor:
        """The mean square error of directions, at places `time` (n,) on the paths from `noise` to levels.

        Levels, what codes were decoded to, and noise are (n, frames, bands); `pace` (n, 1) is the tempo.
        """
        wanted = (_without_silence(levels) - decoded) / self.deviation
        place = time[:, None, None]
        return F.mse_loss(self(torch.lerp(noise, wanted, place), decoded, label, pace, time), wanted - noise)

    def forward(
        self, x: Tensor, decoded: Tensor, label: Tensor, pace: Tensor, time: Tensor, around: bool = False
    ) -> Tensor:
        """Directions (n, frames, bands) in which x goes on from `time` (n,); `around`: its begin follows its end."""
        waves = math.pi / 2 * time[:, None] * (torch.arange(WAVES, device=time.device) + 0.5)
        told = (self.told(torch.cat([waves.sin(), waves.cos(), pace], 1)) + self.label(label))[:, None]
        hidden = _along(self.inlet, torch.cat([x, (decoded - MIDDLE) / REACH], 2), around)
        for layer in self.layers:
            hidden = layer(hidden, told, around)
        return cast(Tensor, self.outlet(hidden))

    def draw(self, decoded: Tensor, label: Tensor, pace: Tensor, noise: Tensor, around: bool = False) -> Tensor:
        """Levels (n, frames, bands) out of `noise` of that shape."""
        x = noise
        for step in range(STEPS):
            begin, middle = (noise.new_full((len(noise),), (step + part) / STEPS) for part in (0, 0.5))
            there = x + self(x, decoded, label, pace, begin, around) / (2 * STEPS)
            x = x + self(there, decoded, label, pace, middle, around) / STEPS
        return torch.where(decoded < self.softest, 0, decoded + STRONGER * self.deviation * x).clamp(0, 1)


def lessons(stretches: Tensor, counts: Tensor, size: int, times: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """What is learnt from stretches (n, places, ...) of which `counts` (n,) places are filled, in so many `times`.

    "bars" (n, times, size, ...) from anywhere in them, "noise" of their shape, and "time" (n, times) on the way, each
    time spread evenly.
    """
    found: dict[str, list[Tensor]] = {"bars": [], "noise": [], "time": []}
    for _ in range(times):
        begins = rng.integers(0, counts.numpy() - size + 1).tolist()
        bars = torch.stack([rows[begin : begin + size] for rows, begin in zip(stretches, begins, strict=True)])
        found["bars"].append(bars)
        found["noise"].append(torch.from_numpy(rng.standard_normal(tuple(bars.shape), np.float32)))
        time = (np.arange(len(bars)) + rng.random(len(bars))) / len(bars)
        found["time"].append(torch.from_numpy(time.astype(np.float32)))
    return {name: torch.stack(parts, 1) for name, parts in found.items()}


class Layer(nn.Module):
    """Looks along time band by band, then mixes bands."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.along = nn.Conv1d(width, width, 7, groups=width)
        self.norm = nn.LayerNorm(width)
        self.change = nn.Linear(TOLD, 2 * width)
        self.wider, self.back = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        for layer in (self.change, self.back):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, told: Tensor, around: bool) -> Tensor:
        """(n, frames, width) -> the same."""
        scale, shift = self.change(told).chunk(2, -1)
        mixed = self.norm(_along(self.along, x, around)) * (1 + scale) + shift
        return x + cast(Tensor, self.back(F.gelu(self.wider(mixed))))


def _along(layer: nn.Module, x: Tensor, around: bool) -> Tensor:
    """A convolution along the frames of x (n, frames, width), beyond whose ends is nothing, or x once more."""
    assert isinstance(layer, nn.Conv1d)
    reach = layer.kernel_size[0] // 2
    return cast(Tensor, layer(F.pad(x.mT, (reach, reach), "circular" if around else "constant")).mT)


def _without_silence(levels: Tensor) -> Tensor:
    return torch.where(levels > 0, levels, BELOW)


def _softest(silent: Tensor, decoded: Tensor) -> float:
    """The level of 0..1 from which on what was decoded was no longer mostly silent, one of `BINS`."""
    bins = (decoded * BINS).long().clamp(0, BINS - 1).flatten()
    count, of = (torch.bincount(each, minlength=BINS) for each in (bins[silent.flatten()], bins))
    return int((2 * count > of).long().cumprod(0).sum()) / BINS
