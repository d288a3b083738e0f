"""aaa-vae-notes: new piano music from normal noise, what the AAA report's variational autoencoder (Gehmayr) was to do.

What is mended: the prior that is drawn from is the one of the loss, N(0, I), not U[0, 1); batch normalisation is
trained; the decoder states the chance of every onset and every sounding step (a Bernoulli likelihood, which unlike a
mean squared error has no variance that one forgets to choose); free bits keep units of the latent vector from
collapsing (Kingma et al. 2016); a step lasts equally long in all pieces, and onsets have a plane of their own.

A window is cut into patches of a few steps, each with its own part of the latent vector; convolutions over patches join
them. So notes stay near the units that hold them, which is why so small a network gives them back. `beta` below 1
gives more of the latent space to notes than the bound on the likelihood would (Higgins et al. 2017; MusicVAE, Roberts
et al. 2018, has 0.2 and less); the bound itself is what `validate` calls elbo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.errors import UsageError
from partita.example import KEYS
from partita.midi import Score
from partita.models.base import Batch, Item, Recipe
from partita.models.composer import Event
from partita.models.planes import (
    ONSET,
    PLANES,
    SOUND,
    PlanesModel,
    floats,
    notes_of,
    planes_of,
    played,
    score_of,
    window,
)
from partita.sampling import Sampling

VALIDATED = 4
"""Windows of each piece that validation takes."""


@dataclass(frozen=True)
class AAAVAENotesConfig:
    """A window has `steps` of `step` seconds, in patches of `patch` steps with `latent` units each.

    The networks are `width` wide with so many residual `blocks`. `beta` weighs the divergence from the prior, of which
    `free_bits` nats of each unit are free. `transpose` is the greatest shift of pieces in training, in semitones.
    """

    step: float = 0.04
    steps: int = 128
    patch: int = 4
    latent: int = 16
    width: int = 192
    blocks: int = 4
    beta: float = 0.1
    free_bits: float = 0.1
    transpose: int = 6

    def __post_init__(self) -> None:
        if min(self.steps, self.patch, self.latent, self.width, self.blocks) < 1 or self.steps % self.patch:
            raise UsageError("steps are a multiple of patch; patch, latent, width and blocks are 1 or more")
        if not self.step > 0 or self.beta < 0 or self.free_bits < 0:
            raise UsageError("step is above 0, beta and free_bits are 0 or more")
        if not 0 <= self.transpose < KEYS:
            raise UsageError(f"transpose is 0 to {KEYS - 1} semitones")


class AAAVAENotes(PlanesModel):
    """Encodes windows (n, steps, 2, 88) as latent vectors (n, patches * latent) and back."""

    name = "aaa-vae-notes"
    standardises: ClassVar[bool] = True
    continues = False
    Config = AAAVAENotesConfig
    recipe = Recipe(steps=5000, batch=32, learning_rate=3e-3, warmup=100, validate_every=500, ema=0.999, clip=1.0)

    def __init__(self, config: AAAVAENotesConfig) -> None:
        super().__init__(config)
        cells = config.patch * PLANES * KEYS
        self.encoder = nn.Sequential(
            nn.Conv1d(cells, config.width, 1),
            *(Block(config.width) for _ in range(config.blocks)),
            nn.BatchNorm1d(config.width),
            nn.Conv1d(config.width, 2 * config.latent, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(config.latent, config.width, 1),
            *(Block(config.width) for _ in range(config.blocks)),
            nn.BatchNorm1d(config.width),
            nn.Conv1d(config.width, cells, 1),
        )

    @classmethod
    def tiny(cls) -> Self:
        """Windows of four steps of a quarter second."""
        return cls(AAAVAENotesConfig(step=0.25, steps=16, patch=4, latent=8, width=32, blocks=1, beta=0.05))

    @property
    def units(self) -> int:
        """Units of the latent vector."""
        config = self.config
        return int(config.steps // config.patch * config.latent)

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Begin with the chances that cells have in the training part."""
        counts = sum(np.unpackbits(item["planes"], axis=-1, count=KEYS).sum(0, dtype=np.float64) for item in items)
        chance = (counts + 0.5) / (sum(len(item["planes"]) for item in items) + 1)
        bias = np.log(chance / (1 - chance)).astype(np.float32).ravel()
        last = cast(nn.Conv1d, self.decoder[-1])
        with torch.no_grad():
            cast(Tensor, last.bias).copy_(torch.from_numpy(np.tile(bias, self.config.patch)))

    def encode(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances (n, units) of the latent vectors of windows."""
        patches = floats(planes).reshape(len(planes), -1, self.config.patch * PLANES * KEYS).transpose(1, 2)
        mean, log_variance = self.encoder(patches).chunk(2, 1)
        return mean.flatten(1), log_variance.flatten(1).clamp(-12, 4)

    def decode(self, z: Tensor) -> Tensor:
        """Log-odds (n, steps, 2, 88) of the cells of windows."""
        patches: Tensor = self.decoder(z.view(len(z), self.config.latent, -1)).transpose(1, 2)
        return patches.reshape(len(z), -1, PLANES, KEYS)

    def cost(self, decoded: Tensor, planes: Tensor) -> Tensor:
        """Nats (n,) of windows under the log-odds of their cells."""
        return surprise(decoded, planes)

    def drawn(self, count: int, rng: np.random.Generator) -> Tensor:
        """Latent vectors (count, units) from N(0, I)."""
        return torch.from_numpy(rng.standard_normal((count, self.units)).astype(np.float32))

    def shown(self, z: Tensor) -> NDArray[np.float32]:
        """What latent vectors are heard as, 0 or 1, (n, steps, 2, 88)."""
        return np.stack(self.heard(z)).astype(np.float32)

    @property
    def decoder_variance(self) -> float:
        """What divides the squares of standardised cells in the loss, were chances near their means: beta."""
        return float(self.config.beta)

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The nats that cells and divergence cost a window, the latter beyond what is free and weighed by beta."""
        mean, log_variance = self.encode(batch["planes"])
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        nats = surprise(self.decode(z), batch["planes"]).mean()
        each = divergence(mean, log_variance).mean(0)
        return {
            "loss": nats + self.config.beta * each.clamp(min=self.config.free_bits).sum(),
            "nats": nats,
            "kl": each.sum(),
        }

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per window of the loss and its parts, without free bits, and the share of onsets' cells found (F1)."""
        device = next(self.parameters()).device
        generator = torch.Generator(device).manual_seed(0)
        nats = kl = 0.0
        count = right = both = 0
        with torch.inference_mode():
            for item in items:
                planes = torch.from_numpy(self.spread(item, VALIDATED)).to(device)
                mean, log_variance = self.encode(planes)
                noise = torch.randn(mean.shape, generator=generator, device=device)
                nats += float(surprise(self.decode(mean + torch.exp(0.5 * log_variance) * noise), planes).sum())
                kl += float(divergence(mean, log_variance).sum())
                for guess, truth in zip(self.heard(mean), planes[:, :, ONSET].cpu().numpy(), strict=True):
                    right += int((guess[:, ONSET] & (truth > 0)).sum())
                    both += int(guess[:, ONSET].sum() + truth.sum())
                count += len(planes)
        return {
            "loss": (nats + self.config.beta * kl) / count,
            "elbo": (nats + kl) / count,
            "kl": kl / count,
            "onset_f1": 2 * right / max(1, both),
        }

    def field_nats(self, item: Item) -> dict[str, tuple[float, int]]:
        """A bound on the nats of a piece: of onsets and the latent vector as pitch, of sounding steps as duration.

        Time and pitch are one thing in planes, so that time is part of pitch.
        """
        device = next(self.parameters()).device
        generator = torch.Generator(device).manual_seed(0)
        steps = self.config.steps
        starts = range(0, len(item["planes"]), steps)
        planes = torch.from_numpy(np.stack([window(item, start, steps) for start in starts])).to(device)
        with torch.inference_mode():
            mean, log_variance = self.encode(planes)
            noise = torch.randn(mean.shape, generator=generator, device=device)
            logits = self.decode(mean + torch.exp(0.5 * log_variance) * noise)
            onset, sound = (float(surprise(logits[:, :, i], planes[:, :, i]).sum()) for i in (ONSET, SOUND))
            kl = float(divergence(mean, log_variance).sum())
        notes = int(planes[:, :, ONSET].sum())
        return {"pitch": (onset + kl, notes), "duration": (sound, notes)}

    def context_seconds(self, prompt: Score) -> float:
        """Nothing of a prompt is used."""
        return 0.0

    def compose(
        self,
        prompt: Score | None,
        seconds: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None = None,
    ) -> Iterator[Event]:
        """Draw a new piece: one long latent vector from N(0, I), whose deviation the temperature scales."""
        if prompt is not None or until is not None:
            raise UsageError(f"{self.name} makes new pieces and varies given ones; it does not continue or fill in")
        if not seconds > 0:
            raise UsageError(f"a length is above 0 seconds, not {seconds}")
        patches = int(np.ceil(seconds / (self.config.step * self.config.patch)))
        z = sampling.temperature * rng.standard_normal((1, self.config.latent * patches))
        planes = self.heard(torch.from_numpy(z.astype(np.float32)))[0]
        return notes_of(planes, self.config.step, seconds)

    def samples(self, count: int, rng: np.random.Generator) -> list[Score]:
        """New pieces of a window each, from N(0, I)."""
        return self._scores(self.heard(self.drawn(count, rng)))

    def between(self, first: Score, second: Score, share: float) -> Score:
        """A piece between two, of which the shorter is filled up with silence; 0 and 1 are their reconstructions.

        Latent vectors go along the sphere between the two (White 2016), on which normal ones lie.
        Raises `UsageError` for a share that is not in 0..1.
        """
        if not 0 <= share <= 1:
            raise UsageError(f"a share of the way from one piece to another is in 0..1, not {share}")
        planes = [self._planes(score) for score in (first, second)]
        most = max(map(len, planes))
        ends = [self.means(np.pad(each, ((0, most - len(each)), (0, 0), (0, 0))))[0].double() for each in planes]
        cosine = torch.dot(*ends) / (ends[0].norm() * ends[1].norm()).clamp(min=1e-9)
        angle = torch.arccos(cosine.clamp(-1, 1)).clamp(min=1e-4)
        z = (torch.sin((1 - share) * angle) * ends[0] + torch.sin(share * angle) * ends[1]) / torch.sin(angle)
        return self._scores(self.heard(z.float()[None]))[0]

    def vary(self, score: Score, amount: float, rng: np.random.Generator) -> Score:
        """A variation of a piece of any length: 0 is its reconstruction, 1 a new piece.

        Raises `UsageError` for an amount that is not in 0..1.
        """
        if not 0 <= amount <= 1:
            raise UsageError(f"an amount of variation is in 0..1, not {amount}")
        mean = self.means(self._planes(score))
        noise = torch.from_numpy(rng.standard_normal(tuple(mean.shape)).astype(np.float32))
        return self._scores(self.heard((1 - amount**2) ** 0.5 * mean + amount * noise))[0]

    def means(self, planes: NDArray[np.bool_]) -> Tensor:
        """The mean latent vector (1, units) of planes (steps, 2, 88) of any length, on the processor."""
        patch = self.config.patch
        full = np.pad(planes, ((0, -len(planes) % patch), (0, 0), (0, 0))).astype(np.uint8)
        with torch.inference_mode():
            return self.encode(torch.from_numpy(full[None]).to(next(self.parameters()).device))[0].cpu()

    def heard(self, z: Tensor) -> list[NDArray[np.bool_]]:
        """The planes (steps, 2, 88) that latent vectors are heard as."""
        with torch.inference_mode():
            chances = self.decode(z.to(next(self.parameters()).device)).sigmoid().cpu().numpy()
        return [played(each) for each in chances]

    def _planes(self, score: Score) -> NDArray[np.bool_]:
        """The planes of a score, of one window at least."""
        planes = planes_of(score, self.config.step)
        return np.pad(planes, ((0, max(0, self.config.steps - len(planes))), (0, 0), (0, 0)))

    def _scores(self, planes: Sequence[NDArray[np.bool_]]) -> list[Score]:
        return [score_of(each, self.config.step) for each in planes]


class Block(nn.Module):
    """A residual block over patches: (n, width, patches) -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.Conv1d(width, width, 3, padding=1),
            nn.GELU(),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add what neighbours tell."""
        return x + cast(Tensor, self.layers(x))


def surprise(logits: Tensor, planes: Tensor) -> Tensor:
    """Nats (n,) of windows under the chances of their cells."""
    return F.binary_cross_entropy_with_logits(logits, planes.float(), reduction="none").flatten(1).sum(1)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence (n, units) in nats of normal units from N(0, 1)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
