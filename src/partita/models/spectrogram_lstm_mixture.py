"""spectrogram-lstm-mixture: what `spectrogram-lstm` (report Lil Data) wants in order to work, as far as an LSTM goes.

Log-mel on a grid of beats in place of linear frequencies, every patch given the one before it in place of the first
alone, and a density in place of a mean: a mixture of normal distributions over principal components (Bishop 1994), from
which is drawn. In training the input is, for a share of patches, what the network itself would have drawn (scheduled
sampling, Bengio et al., NIPS 2015; in two passes as in Mihaylova and Martins 2019), since in use it never sees the
truth. The class, the tempo and the place in the bar are told.

Its baselines are densities, too: around the patch before (`repeat_frame`) and around the mean (`mean_frame`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from partita.errors import UsageError
from partita.models.base import Batch, Item, Recipe
from partita.models.components import Components
from partita.models.generator import Drawn, Progress, Request
from partita.models.patch_loops import PatchConfig, PatchModel, pace
from partita.sampling import Sampling, draw

NARROWEST = -2.5
"""The log deviation that a component may have at least: of silence, which never varies, density has no bound."""
State = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class SpectrogramLSTMMixtureConfig(PatchConfig):
    """`layers` LSTMs of `units` predict `components` by so many `mixtures`; `scheduled` is the share of own inputs."""

    components: int = 32
    mixtures: int = 8
    units: int = 192
    layers: int = 2
    dropout: float = 0.2
    scheduled: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.components, self.mixtures, self.units, self.layers) < 1 or not 0 <= self.scheduled < 1:
            raise UsageError("components, mixtures, units and layers are 1 or more, scheduled is from 0 up and below 1")


class SpectrogramLSTMMixture(PatchModel):
    """Gives the density of each patch's components after those before it."""

    name = "spectrogram-lstm-mixture"
    Config = SpectrogramLSTMMixtureConfig
    recipe = Recipe(steps=600, batch=8, learning_rate=3e-3, warmup=50, ema=0.99, validate_every=200, clip=1.0)
    change: Tensor

    def __init__(self, config: SpectrogramLSTMMixtureConfig) -> None:
        super().__init__(config)
        units, count = config.units, config.components
        self.components = Components(count, self.patch_size)
        self.register_buffer("change", torch.ones(count))
        self.input = nn.Linear(count, units)
        self.place = nn.Embedding(self.patches_per_bar, units)
        self.label = nn.Embedding(max(1, len(config.labels)), units)
        self.tempo = nn.Linear(1, units)
        dropout = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(units, units, config.layers, batch_first=True, dropout=dropout)
        self.output = nn.Linear(units, config.mixtures * (1 + 2 * count))

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, one layer of 32 units, 4 components; recordings count as 120 beats a minute."""
        shape = {"mels": 16, "frames": 4, "bars": 1, "components": 4, "mixtures": 2, "units": 32, "layers": 1}
        plain = {"bpm": 120.0, "dropout": 0.0, "scheduled": 0.1}
        return cls(SpectrogramLSTMMixtureConfig(labels=("beat", "drone"), **shape, **plain))  # type: ignore[arg-type]

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Find the components, and how much they change from patch to patch."""
        self.components.fit(self.drawn_patches(items, rng))
        steps = [self._encoded(item).diff(dim=0).square().mean(0) for item in items]
        self.change.copy_(torch.stack(steps).mean(0).clamp_min(math.exp(2 * NARROWEST)))

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches as `PatchModel.stretches` gives them, and where the input is the network's "own" (n, context)."""
        batch = self.stretches(items, rng)
        own = rng.random(tuple(batch["weight"].shape)) < self.config.scheduled
        return {**batch, "own": torch.from_numpy(own)}

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Nats per patch."""
        true = self.components.encode(batch["patches"])
        told = self._told(batch["label"], batch["tempo"], true.shape[1])
        heard = true
        if self.config.scheduled:
            with torch.no_grad():
                logits, means, deviations = self(true, told)
                which = torch.multinomial(logits.flatten(0, 1).softmax(-1), 1).view(logits.shape[:-1])
                drawn = self._chosen(which, means, deviations)
            heard = torch.where(batch["own"][..., None], drawn.to(true.dtype), true)
        nats = self._nats(true, *self(heard, told))
        return {"loss": (nats * batch["weight"]).sum() / batch["weight"].sum()}

    def forward(self, heard: Tensor, told: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Components (n, patches, count) and what is told (n, patches, units) as the density of each patch.

        Gives logits (n, patches, mixtures), means and deviations (n, patches, mixtures, count).
        """
        before = torch.cat([torch.zeros_like(heard[:, :1]), heard[:, :-1]], 1)
        return self._density(self.lstm(self.input(before) + told)[0])

    def _density(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mixtures, count = self.config.mixtures, self.config.components
        logits, shapes = self.output(hidden).split([mixtures, 2 * mixtures * count], -1)
        means, log_deviations = shapes.unflatten(-1, (2, mixtures, count)).unbind(-3)
        return logits, means, log_deviations.clamp(NARROWEST, 3).exp()

    def _told(self, label: Tensor, tempo: Tensor, patches: int, first: int = 0) -> Tensor:
        """Class, tempo and place of so many patches from patch number `first` on: (n, patches, units)."""
        places = torch.arange(first, first + patches, device=label.device) % self.patches_per_bar
        return cast(Tensor, self.place(places) + (self.label(label) + self.tempo(pace(tempo)))[:, None])

    @staticmethod
    def _nats(true: Tensor, logits: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
        """Nats (n, patches) of components (n, patches, count)."""
        spread = ((true[..., None, :] - means) / deviations).square() / 2 + deviations.log() + math.log(2 * math.pi) / 2
        return -torch.logsumexp(logits.log_softmax(-1) - spread.sum(-1), -1)

    @staticmethod
    def _chosen(which: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
        """Draw from those normal distributions (..., mixtures, count) that were chosen: (..., count)."""
        place = which[..., None, None].expand(*which.shape, 1, means.shape[-1])
        mean, deviation = means.gather(-2, place)[..., 0, :], deviations.gather(-2, place)[..., 0, :]
        return mean + deviation * torch.randn_like(mean)

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per patch of held-out recordings given the truth: its own, and those of both baselines."""
        totals = {"loss": 0.0, "repeat_frame": 0.0, "mean_frame": 0.0}
        count = 0
        device = self.change.device
        with torch.inference_mode():
            for item in items:
                true = self._encoded(item)[None]
                label = torch.tensor([int(item["label"])], device=device)
                tempo = torch.tensor([float(item["bpm"][0])], device=device)
                density = self(true, self._told(label, tempo, true.shape[1]))
                before = torch.cat([torch.zeros_like(true[:, :1]), true[:, :-1]], 1)
                one = torch.zeros(1, device=device)
                repeat = one, before[..., None, :], self.change.sqrt().expand(1, 1, 1, -1)
                mean = one, torch.zeros_like(true)[..., None, :], torch.ones_like(true)[..., None, :]
                for name, made in zip(totals, (density, repeat, mean), strict=True):
                    totals[name] += float(self._nats(true, *made).sum())
                count += true.shape[1]
        return {name: total / count for name, total in totals.items()}

    def _encoded(self, item: Item) -> Tensor:
        return self.components.encode(torch.from_numpy(self.patches(item["levels"])).to(self.change.device))

    def draw(self, request: Request, rng: np.random.Generator, progress: Progress | None = None) -> Drawn:
        """Draw patch after patch; temperature narrows the normal distributions and the choice among them."""
        self.check(request)
        wanted = self.wanted(request)
        lead_in = self.patches_per_bar if request.loop else 0  # so that the loop's first bar follows a bar
        label, tempo = torch.tensor([self.label_index(request.label)]), torch.tensor([request.bpm])
        x = torch.zeros(1, 1, self.config.components)
        state: State | None = None
        rows = []
        with torch.inference_mode():
            for number in range(lead_in + wanted):
                hidden, state = self.lstm(self.input(x) + self._told(label, tempo, 1, number), state)
                x = self._next(self._density(hidden), request.sampling, rng)
                rows.append(x[0, 0])
                if progress:
                    progress(number + 1, lead_in + wanted, "drawing")
            patches = self.components.decode(torch.stack(rows[lead_in:]))
        seconds = wanted * self.seconds_per_frame(request.bpm) * self.config.patch
        return Drawn(self.unpatched(patches), seconds, loop=request.loop)

    @staticmethod
    def _next(density: tuple[Tensor, Tensor, Tensor], sampling: Sampling, rng: np.random.Generator) -> Tensor:
        """One patch's components (1, 1, count)."""
        logits, means, deviations = (part[0, 0].numpy() for part in density)
        which = int(draw(logits.astype(np.float64), rng, sampling))
        noise = rng.normal(size=means.shape[-1]) * sampling.temperature
        return torch.from_numpy((means[which] + deviations[which] * noise).astype(np.float32))[None, None]
