"""aaa-vae: whole pieces as pictures from a variational autoencoder, from the AAA report (Gehmayr).

A piece is squeezed to a square of 512 rows and columns (each pitch four times), or of 256. The encoder has 63,300,960
parameters and the decoder 31,670,593 at 512; the latent vector is half as long as the square is high. Adam, batches of
64 (295 pieces give the report's 5 steps a pass), 200 passes. The report's output is one static picture.

Kept as in the report, with a setting that mends each:

- `prior="uniform"`: latent vectors are drawn from U[0, 1), while the loss pulls the encoder's to N(0, I).
- `normalisation="initial"`: batch normalisation never sees a batch, because its training step calls the networks
  without `training=True`. So mean 0 and variance 1 of the start are taken for those of the data.
- `reconstruction="mean"`: the text's loss is a mean squared error plus the divergence, which amounts to a decoder with
  a variance of half the number of cells; posteriors collapse where that exceeds the largest eigenvalue of the data's
  covariance. Its code has the sum over cells ("sum").

The decoder's last activation is ReLU, as in its code. `aaa-vae-notes` is the corrected variant.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import UsageError
from partita.example import Example
from partita.models.base import Batch, Item, Model, Recipe
from partita.models.keras import ADAM, Flatten, adam, batch_norm, initialise
from partita.rolls import PITCHES, squeezed


@dataclass(frozen=True)
class AAAVAEConfig:
    """Pictures are of `size` rows and columns (128, 256, 512, ...); `filters` are those of the three convolutions."""

    size: int = 512
    filters: tuple[int, ...] = (64, 64, 32)
    prior: Literal["uniform", "normal"] = "uniform"
    normalisation: Literal["initial", "trained"] = "initial"
    reconstruction: Literal["mean", "sum"] = "mean"

    def __post_init__(self) -> None:
        if self.size < PITCHES or self.size % PITCHES or len(self.filters) != 3 or min(self.filters) < 1:
            raise UsageError(f"size is a multiple of {PITCHES}, filters are three numbers from 1 up")

    @property
    def units(self) -> int:
        """Units of the latent vector."""
        return self.size // 2


class AAAVAE(Model):
    """Encodes pictures (n, 1, size, size) and decodes latent vectors (n, size / 2)."""

    name = "aaa-vae"
    standardises: ClassVar[bool] = False
    Config = AAAVAEConfig
    recipe = replace(ADAM, epochs=200, batch=64)
    trial_data = "synthetic-scores"

    def __init__(self, config: AAAVAEConfig) -> None:
        super().__init__(config)
        self.input_shape = (1, config.size, config.size)
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        initialise(self)

    @classmethod
    def tiny(cls) -> Self:
        """The smallest square, narrow."""
        return cls(AAAVAEConfig(size=128, filters=(4, 4, 2), reconstruction="sum"))

    def train(self, mode: bool = True) -> Self:
        """Set the mode; batch normalisation as the report has it stays as at the start."""
        super().train(mode)
        if self.config.normalisation == "initial":
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    @property
    def front_end(self) -> str:
        """Pieces squeezed to the config's rows; their columns are repeated when a batch is made."""
        return f"squeezed-1 {self.config.size} {PITCHES}"

    def prepare(self, example: Example) -> Item:
        """Give {"picture": float32 (size, 128)}.

        Raises `UsageError` for what is no score.
        """
        return {"picture": squeezed(example.score, self.config.size)}

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Give {"pictures": (n, 1, size, size)}."""
        pictures = np.stack([item["picture"] for item in items])[:, None]
        return {"pictures": torch.from_numpy(np.repeat(pictures, self.config.size // PITCHES, axis=3))}

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Keras's Adam."""
        return adam(self, recipe)

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances (n, units) of the latent vectors of pictures."""
        mean, log_variance = self.encoder(pictures)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """Pictures (n, 1, size, size) of latent vectors, not negative and without a bound above."""
        pictures: Tensor = self.decoder(z)
        return pictures

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures as the means of their latent vectors give them back."""
        return self.decode(self.encode(pictures)[0])

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The squared error, mean or sum over cells, and the divergence from N(0, I), summed over units."""
        pictures = batch["pictures"]
        mean, log_variance = self.encode(pictures)
        error = (self.decode(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)) - pictures).square()
        reconstruction = error.mean() if self.config.reconstruction == "mean" else error.sum() / len(pictures)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """The loss on held-out pieces, with noise from one seed."""
        device = next(self.parameters()).device
        totals = dict.fromkeys(("loss", "reconstruction", "kl"), 0.0)
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(0)
            for item in items:
                batch = {
                    name: tensor.to(device) for name, tensor in self.batch([item], np.random.default_rng(0)).items()
                }
                for name, value in self.losses(batch, "all").items():
                    totals[name] += float(value) / len(items)
        return totals

    def cost(self, decoded: Tensor, pictures: Tensor) -> Tensor:
        """The squared errors (n,), summed over cells."""
        return (decoded - pictures).square().flatten(1).sum(1)

    def shown(self, z: Tensor) -> NDArray[np.float32]:
        """The pictures (n, 1, size, size) of latent vectors."""
        with torch.inference_mode():
            return cast("NDArray[np.float32]", self.decode(z.to(next(self.parameters()).device)).cpu().numpy())

    @property
    def decoder_variance(self) -> float:
        """What divides the squared error in the loss, twice: half the number of cells for a mean, a half for a sum."""
        return self.config.size**2 / 2 if self.config.reconstruction == "mean" else 0.5

    def drawn(self, count: int, rng: np.random.Generator) -> Tensor:
        """Latent vectors (count, units) of what is called random here: U[0, 1), or the prior of the loss."""
        shape = (count, self.config.units)
        values = rng.random(shape) if self.config.prior == "uniform" else rng.standard_normal(shape)
        return torch.from_numpy(values.astype(np.float32))


class Encoder(nn.Module):
    """Three convolutions, each pooled and normalised, and a dense layer before mean and variance."""

    def __init__(self, config: AAAVAEConfig) -> None:
        super().__init__()
        layers = OrderedDict[str, nn.Module]()
        channels, side = 1, config.size
        for number, (filters, kernel) in enumerate(zip(config.filters, (5, 3, 3), strict=True), start=1):
            layers[f"conv{number}"] = nn.Conv2d(channels, filters, kernel)
            layers[f"pool{number}"] = nn.MaxPool2d(2)
            layers[f"relu{number}"] = nn.ReLU()  # after the pool: the same, at a quarter of the work
            layers[f"norm{number}"] = batch_norm(filters, 2)
            channels, side = filters, (side - kernel + 1) // 2
        layers["flatten"] = Flatten()
        layers["dense"] = nn.Linear(channels * side * side, config.size)
        layers["relu"] = nn.ReLU()
        self.layers = nn.Sequential(layers)
        self.mean, self.log_variance = (nn.Linear(config.size, config.units) for _ in range(2))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 1, size, size) -> means and logarithms of variances (n, units)."""
        x = self.layers(pictures)
        return self.mean(x), self.log_variance(x)


class Decoder(nn.Module):
    """A dense layer to a small square of many channels, and three transposed convolutions, each after doubling."""

    def __init__(self, config: AAAVAEConfig) -> None:
        super().__init__()
        wide, middle, last = config.filters
        self.side, self.channels = config.size // 8 - 2, last
        self.dense = nn.Linear(config.units, self.side * self.side * last)
        self.layers = nn.Sequential(
            OrderedDict(
                double1=nn.Upsample(scale_factor=2),
                conv1=nn.ConvTranspose2d(last, middle, 3),
                relu1=nn.ReLU(),
                norm1=batch_norm(middle, 2),
                double2=nn.Upsample(scale_factor=2),
                conv2=nn.ConvTranspose2d(middle, wide, 3),
                relu2=nn.ReLU(),
                norm2=batch_norm(wide, 2),
                double3=nn.Upsample(scale_factor=2),
                conv3=nn.ConvTranspose2d(wide, 1, 5),
                relu3=nn.ReLU(),
            )
        )

    def forward(self, z: Tensor) -> Tensor:
        """(n, units) -> (n, 1, size, size)."""
        x = torch.relu(self.dense(z)).view(-1, self.side, self.side, self.channels)
        pictures: Tensor = self.layers(x.movedim(3, 1))
        return pictures
