"""toygan: a generative adversarial network of whole 30 s clips, from the report FstMuse.

The generator makes a picture (1,291 frames, 128 mels) of 128 random numbers: a dense layer of 170,668,032 weights, two
doublings with 5 x 5 convolutions, two 4 x 4 and one more that ends in a sigmoid: 172,014,081 parameters. The
discriminator has four 5 x 5 convolutions without padding, dropout of 0.4 and one dense unit: 37,633,281. Real clips
aim at 0 + 0.15 u and made ones at 1 - 0.15 u, u uniform on 0..1; the generator aims at 0; the batch is one clip, 200
epochs of 500. The learning rates are unprinted; here the generator's is the recipe's (0.0003, Adam) and the
discriminator's a tenth of it, which is the ratio of the report's code.

The faults are kept: linear magnitudes without a bound against an output within 0..1, both targets smoothed, a batch of
one. With these targets the discriminator's loss can't fall below `FLOOR` and stands at `EQUILIBRIUM` where nothing can
be told apart, so "low" means neither success nor convergence; both lines are drawn on the loss plot. A request's class
means nothing to it. `loop-gan` is the corrected variant. `width` and a clip's size make smaller ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from partita.audio import Audio, AudioFile
from partita.errors import UnusableAudioError, UsageError
from partita.example import Example
from partita.features import Array, htk_filters, magnitude_mel
from partita.inversion import linear_from_bands
from partita.metrics.audio import frechet_distance
from partita.models.base import Batch, Item, Recipe
from partita.models.generator import Drawn, Generator, Progress, Request
from partita.models.keras import ADAM, Flatten, initialise

HIGHEST_HZ = 8000.0
LATENT = 128
"""Random numbers that a clip is made of."""
SMOOTHING = 0.15
"""The targets of real and made clips are off 0 and 1 by up to this."""
SLOWER = 0.1
"""The discriminator's learning rate as a share of the generator's."""
EQUILIBRIUM = log(2)
MEAN_TARGET = SMOOTHING / 2
FLOOR = -(MEAN_TARGET * log(MEAN_TARGET) + (1 - MEAN_TARGET) * log(1 - MEAN_TARGET))
JUDGED = 16
"""Clips that are made for a validation."""


@dataclass(frozen=True)
class ToyGANConfig:
    """A clip has `samples` and becomes `mels` bands of frames `hop` samples apart, from FFTs of `fft`.

    `width` is that of the discriminator's first convolution and a quarter of the generator's.
    """

    labels: tuple[str, ...] = ()
    samples: int = 660_984
    fft: int = 2048
    hop: int = 512
    mels: int = 128
    width: int = 32

    def __post_init__(self) -> None:
        if self.mels % 4 or self.mels < 20 or self.samples < 20 * self.hop or self.width < 1:
            raise UsageError("mels are a multiple of 4 from 20 up, samples 20 hops or more, width 1 or more")

    @property
    def frames(self) -> int:
        """Frames of a clip: 1,291."""
        return -(-self.samples // self.hop)


class ToyGAN(Generator):
    """Two networks that play each other, each in a phase of its own."""

    name = "toygan"
    Config = ToyGANConfig
    recipe: ClassVar[Recipe] = replace(ADAM, epochs=200, batch=1, learning_rate=3e-4)
    loss_lines: ClassVar = {"nothing can be told apart": EQUILIBRIUM, "the discriminator can't do better": FLOOR}

    def __init__(self, config: ToyGANConfig) -> None:
        super().__init__(config)
        self.fft, self.hop = config.fft, config.hop
        self.most_seconds = config.samples / self.rate
        self.generator = Maker(config)
        self.discriminator = Judge(config)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, a second and 32 bands, a convolution of two filters."""
        return cls(ToyGANConfig(labels=("beat", "drone"), samples=22_050, mels=32, width=2))

    @property
    def front_end(self) -> str:
        """The cut into clips and their transform."""
        c = self.config
        return f"mel clips-1 {self.rate} {c.samples} {c.fft} {c.hop} {c.mels}"

    def prepare(self, example: Example) -> Item:
        """Whole clips of a recording, a shorter one filled up: {"clips": float16 (n, frames, mels)}, magnitudes.

        Raises `UnusableAudioError` for one that is silent.
        """
        recording, c = example.recording, self.config
        if not isinstance(recording, Audio | AudioFile):
            raise UsageError(f"{example.id}: is neither a sound nor a file, which is what {self.name} takes")
        samples = np.concatenate(list(recording.blocks(self.rate)))
        if float(np.abs(samples).max(initial=0)) < 1e-4:
            raise UnusableAudioError(recording.name, "is silent")
        whole = max(1, len(samples) // c.samples)
        samples = np.pad(samples[: whole * c.samples], (0, max(0, c.samples - len(samples))))
        clips = [
            magnitude_mel(clip, self.rate, c.fft, c.hop, c.mels, HIGHEST_HZ).T for clip in np.split(samples, whole)
        ]
        return {"clips": np.stack(clips).astype(np.float16)}

    def pieces(self, item: Item) -> Sequence[Item]:
        """A clip each."""
        return [{"clip": clip} for clip in item["clips"]]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Clips "real" (n, 1, frames, mels), what others are made of "latent" (n, 128), and "u" (2, n) of 0..1."""
        return {
            "real": torch.from_numpy(np.stack([item["clip"] for item in items]).astype(np.float32))[:, None],
            "latent": torch.from_numpy(rng.normal(size=(len(items), LATENT)).astype(np.float32)),
            "u": torch.from_numpy(rng.random((2, len(items))).astype(np.float32)),
        }

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Keras's Adam for each network, the discriminator's first."""
        rates = {"discriminator": SLOWER * recipe.learning_rate, "generator": recipe.learning_rate}
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), rate, eps=1e-7) for name, rate in rates.items()
        }

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Binary cross-entropy: of real and made clips with their targets, or of made ones with the target 0."""
        made = self.generator(batch["latent"])
        if phase == "generator":
            answers = self.discriminator(made)
            return {"loss": F.binary_cross_entropy_with_logits(answers, torch.zeros_like(answers))}
        answers = self.discriminator(torch.cat([batch["real"], made.detach()]))
        targets = torch.cat([SMOOTHING * batch["u"][0], 1 - SMOOTHING * batch["u"][1]])
        return {"loss": F.binary_cross_entropy_with_logits(answers, targets)}

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """The Fréchet distance of 16 made clips to held-out ones, by mean and deviation of every band's logarithm.

        The report looked at losses alone, which say nothing of the sound.
        """
        device = next(self.parameters()).device
        latent = torch.from_numpy(np.random.default_rng(0).normal(size=(JUDGED, LATENT)).astype(np.float32))
        with torch.inference_mode():
            made = np.concatenate(
                [self.generator(part.to(device)).cpu().numpy()[:, 0] for part in torch.split(latent, 1)]
            )
        real = np.concatenate([item["clips"] for item in items]).astype(np.float32)
        return {"loss": frechet_distance(_statistics(made), _statistics(real))}

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """One clip, cut to the length that was asked for."""
        self.check(request)
        latent = torch.from_numpy(rng.normal(size=(1, LATENT)).astype(np.float32))
        with torch.inference_mode():
            picture = self.generator(latent)[0, 0].numpy()
        frames = max(2, round(request.seconds * self.rate / self.hop))
        if progress:
            progress(1, 1, "drawing")
        return Drawn(np.ascontiguousarray(picture[:frames].T), min(frames, len(picture)) * self.hop / self.rate)

    def magnitude(self, levels: Array) -> Array:
        """Magnitudes of mel bands (mels, frames) as linear ones."""
        filters = htk_filters(self.rate, self.config.fft, self.config.mels, HIGHEST_HZ)
        return linear_from_bands(np.maximum(levels, 0), filters)


class Maker(nn.Module):
    """(n, 128) -> (n, 1, frames, mels) of 0..1."""

    def __init__(self, config: ToyGANConfig) -> None:
        super().__init__()

        def layers() -> Iterator[nn.Module]:
            wide, frames, mels = 4 * config.width, -(-config.frames // 4), config.mels // 4
            yield from (nn.Linear(LATENT, wide * frames * mels), nn.LeakyReLU(0.2))
            yield nn.Unflatten(1, (wide, frames, mels))
            for kernel, double in ((5, True), (5, True), (4, False), (4, False)):
                if double:
                    yield nn.Upsample(scale_factor=2)
                yield from (*_same(wide, wide, kernel), nn.LeakyReLU(0.2))
            yield from (*_same(wide, 1, 4), nn.Sigmoid())

        self.layers = nn.Sequential(*layers())
        self.frames = config.frames

    def forward(self, latent: Tensor) -> Tensor:
        """Make clips; the frames that four times a whole number has too many are cut off."""
        picture: Tensor = self.layers(latent)
        return picture[:, :, : self.frames]


class Judge(nn.Module):
    """(n, 1, frames, mels) -> logits (n,) of being made."""

    def __init__(self, config: ToyGANConfig) -> None:
        super().__init__()

        def layers() -> Iterator[nn.Module]:
            frames, mels = config.frames, config.mels
            channels = (1, *(times * config.width for times in (1, 2, 4, 8)))
            for inputs, outputs in pairwise(channels):
                yield from (nn.Conv2d(inputs, outputs, 5), nn.LeakyReLU(0.2), nn.Dropout(0.4))
                frames, mels = frames - 4, mels - 4
            yield from (Flatten(), nn.Dropout(0.4), nn.Linear(channels[-1] * frames * mels, 1))

        self.layers = nn.Sequential(*layers())

    def forward(self, clips: Tensor) -> Tensor:
        """Judge clips."""
        return torch.as_tensor(self.layers(clips))[:, 0]


def _same(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size; an even kernel pads one more after than before, as Keras's does."""
    before, after = (kernel - 1) // 2, kernel // 2
    return nn.ZeroPad2d((before, after, before, after)), nn.Conv2d(inputs, outputs, kernel)


def _statistics(clips: Array) -> Array:
    """Mean and deviation (n, 2 * mels) in time of the logarithm of clips (n, frames, mels)."""
    logarithm = np.log10(clips + np.float32(1e-3))
    return np.concatenate([logarithm.mean(1), logarithm.std(1)], 1)
