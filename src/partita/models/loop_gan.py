"""loop-gan: one bar of a class at once, by a generative adversarial network that is held stable; `toygan`, corrected.

A bar is 64 patches of log-mel as standardised principal components, so convolutions run along time alone, and round:
after the last patch comes the first, as in a loop. What keeps it stable: hinge losses with the gradient penalty R1 on
real bars (Mescheder et al., ICML 2018), spectral norm in the discriminators (Miyato et al., ICLR 2018), which know the
class by projection (Miyato and Koyama, ICLR 2018) and compare the members of a batch (Salimans et al., NIPS 2016), a
running average of the generator's weights, and bars of both kinds turned and scaled at random before they are judged
(Karras et al., NeurIPS 2020). A second discriminator hears bars through the project's own genre network, frozen, as in
Projected GAN (Sauer et al., NeurIPS 2021) and its use for loops (Yeh et al., ISMIR 2022).

Weights are chosen by the Fréchet distance of made to held-out bars in that network's features, never by a loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import ClassVar, Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from partita.errors import UsageError
from partita.features import Array
from partita.metrics.audio import frechet_distance
from partita.models.base import Batch, Item, Recipe
from partita.models.components import Components
from partita.models.generator import Drawn, Progress, Request
from partita.models.layers import TemporalNet
from partita.models.patch_loops import PatchConfig, PatchModel, pace
from partita.models.weights import read_weights

LISTENER = "pretrained/genre-cnn/model.safetensors"
LISTENER_WIDTH, LISTENER_BANDS = 128, 128
DOUBLINGS = 3
NOISE = 8
"""Channels of noise along time: what differs from bar to bar."""
ALIKE = 0.8
"""How like the first bar of a sound those after it are: the share of their variance that they have in common."""
JUDGED = 256
"""Bars, made and held-out each, that a validation compares at most."""


@dataclass(frozen=True)
class LoopGANConfig(PatchConfig):
    """A bar is `components` channels along time; `width` channels inside, `latent` random numbers for the whole bar.

    `penalty` is R1's weight, `turned` the share of bars that are turned about before they are judged.
    """

    bars: int = 1
    components: int = 32
    width: int = 64
    latent: int = 64
    penalty: float = 3.0
    turned: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bars != 1 or 16 * self.frames // self.patch % 2**DOUBLINGS:
            raise UsageError(f"bars is 1, and a bar's patches are a multiple of {2**DOUBLINGS}")
        if min(self.components, self.width, self.latent) < 1 or self.penalty < 0:
            raise UsageError("components, width and latent are 1 or more, penalty is 0 or more")


class LoopGAN(PatchModel):
    """A generator of bars, and two discriminators that it plays against."""

    name = "loop-gan"
    Config = LoopGANConfig
    recipe = Recipe(
        steps=3000, batch=24, learning_rate=4e-4, warmup=0, schedule="constant", ema=0.998, validate_every=300, clip=0.0
    )
    loss_lines: ClassVar = {"hinge: nothing can be told apart": 2.0}
    scale: Tensor

    def __init__(self, config: LoopGANConfig) -> None:
        super().__init__(config)
        self.components = Components(config.components, self.patch_size)
        self.generator = Maker(config, self.patches_per_bar)
        self.discriminator = Judge(config.components, config.width, max(1, len(config.labels)))
        self.hearing = Judge(LISTENER_WIDTH, config.width, max(1, len(config.labels)))
        self.listener = TemporalNet(LISTENER_WIDTH, 1, 0.0)
        self.listener.decision = nn.Identity()  # type: ignore[assignment]
        self.listener.requires_grad_(False)
        self.register_buffer("scale", torch.ones(LISTENER_BANDS, 1))

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, 4 components, 16 channels; recordings count as 120 beats a minute."""
        shape = {"mels": 16, "frames": 4, "components": 4, "width": 16, "latent": 8}
        return cls(LoopGANConfig(labels=("beat", "drone"), bpm=120.0, **shape))

    def train(self, mode: bool = True) -> Self:
        """As for any module, but the frozen genre network's statistics stay as they are."""
        super().train(mode)
        self.listener.eval()
        return self

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Find the components, and take the genre network from the checkpoint that comes with the package."""
        self.components.fit(self.drawn_patches(items, rng))
        with as_file(files("partita") / LISTENER) as path:
            weights = read_weights(str(path))
        own = {key.removeprefix("members.0."): value for key, value in weights.items() if key.startswith("members.0.")}
        self.listener.load_state_dict({k: v for k, v in own.items() if not k.startswith("decision.")})
        self.scale.copy_(weights["scale"])

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Bars as `PatchModel.stretches` gives them, and what others are made of: "latent", "noise"."""
        latent, noise = self._random(len(items), rng)
        return {**self.stretches(items, rng), "latent": latent, "noise": noise}

    def _random(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        shapes = (count, self.config.latent), (count, NOISE, self.patches_per_bar)
        latent, noise = (torch.from_numpy(rng.normal(size=shape).astype(np.float32)) for shape in shapes)
        return latent, noise

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Adam without momentum for both."""
        judges = [*self.discriminator.parameters(), *self.hearing.parameters()]
        return {
            "discriminator": torch.optim.Adam(judges, recipe.learning_rate, betas=(0.0, 0.99)),
            "generator": torch.optim.Adam(self.generator.parameters(), recipe.learning_rate, betas=(0.0, 0.99)),
        }

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Hinge losses, means of both discriminators; that of real bars with the penalty."""
        label = batch["label"]
        made = self.generator(batch["latent"], batch["noise"], label, batch["tempo"])
        if phase == "generator":
            return {"loss": -torch.stack(self._judged(self._altered(made), label)).mean()}
        real = self.components.encode(batch["patches"]).mT
        real = self._altered(real).requires_grad_()
        answers = self._judged(real, label)
        others = self._judged(self._altered(made.detach()), label)
        hinge = F.relu(1 - torch.stack(answers)).mean() + F.relu(1 + torch.stack(others)).mean()
        (slope,) = torch.autograd.grad(answers[0].sum(), real, create_graph=True)
        return {"loss": hinge + self.config.penalty / 2 * slope.square().sum((1, 2)).mean(), "hinge": hinge.detach()}

    def _judged(self, bars: Tensor, label: Tensor) -> list[Tensor]:
        return [self.discriminator(bars, label), self.hearing(self.heard(bars), label)]

    def _altered(self, bars: Tensor) -> Tensor:
        """Bars (n, components, patches), some turned by whole sixteenths, all a little louder or softer."""
        step = self.patches_per_bar // 16
        gain = 1 + 0.1 * torch.randn(len(bars), 1, 1, device=bars.device)
        turns = torch.randint(0, 16, (len(bars),)) * (torch.rand(len(bars)) < self.config.turned) * step
        return torch.stack([bar.roll(int(turn), -1) for bar, turn in zip(bars, turns, strict=True)]) * gain

    def heard(self, bars: Tensor) -> Tensor:
        """Bars (n, components, patches) as the genre network's features (n, 128, columns).

        It knows decibels of 128 bands 77 ms apart without each band's mean; two patches are nearly as long.
        """
        patches = self.components.decode(bars.mT).clamp(0, 1)
        levels = patches.reshape(*patches.shape[:2], self.config.patch, -1).mean(2) * (255 * self.config.decibels / 80)
        columns = F.avg_pool1d(levels.mT, 2)
        if self.config.mels != LISTENER_BANDS:
            columns = F.interpolate(columns.mT, LISTENER_BANDS, mode="linear").mT
        return cast(Tensor, self.listener((columns - columns.mean(-1, keepdim=True)) * self.scale))

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """The Fréchet distance of made bars to held-out ones in the genre network's features."""
        rng, device = np.random.default_rng(0), self.scale.device
        places = [(row, bar) for row, item in enumerate(items) for bar in range(len(item["levels"]) // self.bar)]
        places = [places[place] for place in rng.permutation(len(places))[:JUDGED]]
        bars = [self.patches(items[row]["levels"][bar * self.bar : (bar + 1) * self.bar]) for row, bar in places]
        label = torch.tensor([int(items[row]["label"]) for row, _ in places], device=device)
        tempo = torch.tensor([float(items[row]["bpm"][0]) for row, _ in places], device=device)
        latent, noise = self._random(len(places), rng)
        with torch.inference_mode():
            real = self.components.encode(torch.from_numpy(np.stack(bars)).to(device)).mT
            made = self.generator(latent.to(device), noise.to(device), label, tempo)
            rows = [self._embedded(bars) for bars in (made, real)]
        return {"loss": frechet_distance(*rows)}

    def _embedded(self, bars: Tensor) -> Array:
        """Mean and deviation in time (n, 256) of the genre network's features."""
        heard = self.heard(bars)
        return torch.cat([heard.mean(-1), heard.std(-1)], 1).cpu().numpy()

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """Draw bar after bar, each a variation of the first; temperature scales what they are made of."""
        self.check(request)
        wanted = self.wanted(request)
        count = -(-wanted // self.patches_per_bar)
        latent, noise = (part * request.sampling.temperature for part in self._random(count, rng))
        latent[1:] = ALIKE**0.5 * latent[:1] + (1 - ALIKE) ** 0.5 * latent[1:]
        label, tempo = torch.full((count,), self.label_index(request.label)), torch.full((count,), request.bpm)
        with torch.inference_mode():
            bars = self.generator(latent, noise, label, tempo)
            patches = self.components.decode(bars.mT).flatten(0, 1)[:wanted]
        if progress:
            progress(1, 1, "drawing")
        seconds = wanted * self.seconds_per_frame(request.bpm) * self.config.patch
        return Drawn(self.unpatched(patches), seconds, loop=request.loop)


class Maker(nn.Module):
    """Latent (n, latent), noise (n, 8, patches), label and tempo (n,) -> bars (n, components, patches)."""

    def __init__(self, config: LoopGANConfig, patches: int) -> None:
        super().__init__()
        width, self.shape = config.width, (config.width, patches // 2**DOUBLINGS)
        self.label = nn.Embedding(max(1, len(config.labels)), config.latent)
        self.first = nn.Linear(2 * config.latent + 1, width * self.shape[1])
        self.blocks = nn.ModuleList(_round(width, width) for _ in range(DOUBLINGS))
        self.noise = nn.Conv1d(NOISE, width, 1)
        self.last = nn.Sequential(_round(width, width), nn.LeakyReLU(0.2), nn.Conv1d(width, config.components, 1))

    def forward(self, latent: Tensor, noise: Tensor, label: Tensor, tempo: Tensor) -> Tensor:
        """Make bars."""
        told = torch.cat([latent, self.label(label), pace(tempo)], 1)
        x = self.first(told).unflatten(1, self.shape)
        for block in self.blocks:
            x = block(F.leaky_relu(x, 0.2).repeat_interleave(2, -1))
        return cast(Tensor, self.last(F.leaky_relu(x + self.noise(noise), 0.2)))


class Judge(nn.Module):
    """Pictures (n, channels, columns) of bars and their labels (n,) -> how real each is (n,)."""

    def __init__(self, channels: int, width: int, labels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(spectral_norm(_round(channels, width)), nn.LeakyReLU(0.2)),
            *(spectral_norm(_round(width, width, stride=2)), nn.LeakyReLU(0.2)),
            *(spectral_norm(_round(width, width, stride=2)), nn.LeakyReLU(0.2)),
        )
        self.decision = spectral_norm(nn.Linear(2 * width + 1, 1))
        self.label = spectral_norm(nn.Embedding(labels, 2 * width + 1))

    def forward(self, bars: Tensor, label: Tensor) -> Tensor:
        """Judge bars; how much a batch varies is told, so that bars which are all the same give themselves away."""
        x = self.layers(bars)
        varied = x.std(0).mean().expand(len(x), 1) if len(x) > 1 else x.new_zeros(1, 1)
        x = torch.cat([x.mean(-1), x.amax(-1), varied], 1)
        return cast(Tensor, self.decision(x)[:, 0] + (self.label(label) * x).sum(1))


def _round(inputs: int, outputs: int, stride: int = 1) -> nn.Conv1d:
    """A convolution of 5 that goes on after the end with the begin."""
    return nn.Conv1d(inputs, outputs, 5, stride, padding=2, padding_mode="circular")
