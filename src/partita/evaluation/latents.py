"""Whether a variational autoencoder's latent vectors say anything: active units, shuffled vectors, samples, collapse.

A unit is active where its mean varies over pieces with a variance above 0.01 (Burda et al., ICLR 2016). Decoding
another piece's vector costs more where vectors matter. Collapse is to be expected where the decoder's variance exceeds
the largest eigenvalue of the data's covariance (Lucas et al., NeurIPS 2019, for the linear case), since then no
direction of the data is worth a unit.
"""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

ACTIVE = 0.01
"""The variance of a unit's mean over pieces from which on it is active."""

SAMPLES = 64
"""How many new pieces are drawn and compared."""


class Autoencoder(Protocol):
    """What is asked of a variational autoencoder here.

    `standardises` says that its decoder measures cells by their own deviation, so that the covariance that counts is
    the correlation; `decoder_variance` is in that unit.
    """

    @property
    def standardises(self) -> bool:
        """Whether cells count by their deviation."""

    @property
    def decoder_variance(self) -> float:
        """The variance that the loss amounts to."""

    def encode(self, x: Tensor, /) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances (n, units)."""

    def decode(self, z: Tensor, /) -> Tensor:
        """What latent vectors are decoded to."""

    def cost(self, decoded: Tensor, x: Tensor, /) -> Tensor:
        """What each decoded item costs beside the true one, (n,)."""

    def drawn(self, count: int, rng: np.random.Generator, /) -> Tensor:
        """Latent vectors of new pieces."""

    def shown(self, z: Tensor, /) -> NDArray[np.float32]:
        """Latent vectors as pictures, not negative."""


@dataclass(frozen=True)
class Latents:
    """What was measured of an autoencoder on `items` held-out items.

    `active` of `units` are; `kl` is the mean divergence of each in nats, largest first. `cost` is of items decoded from
    their own mean vectors, `shuffled` from those of others. `distance` is the mean between new pieces, `real` between
    items: 1 - sum of least / sum of greatest over cells, 0 for the same and 1 for nothing in common. `distinct` of
    `drawn` new pieces differ. `eigenvalue` is the largest of the data's covariance, `variance` the decoder's.
    """

    items: int
    units: int
    active: int
    kl: list[float]
    cost: float
    shuffled: float
    distance: float
    real: float
    distinct: int
    drawn: int
    eigenvalue: float
    variance: float

    @property
    def collapsed(self) -> bool:
        """Whether vectors say nothing: fewer than one unit in a hundred is active, or another's vector does as well."""
        return self.active < 0.01 * self.units or self.shuffled <= 1.01 * self.cost

    @property
    def collapse_expected(self) -> bool:
        """Whether the decoder's variance exceeds the largest eigenvalue."""
        return self.variance > self.eigenvalue

    def json(self) -> dict[str, Any]:
        """JSON-ready values, the verdicts included."""
        return {**asdict(self), "collapsed": self.collapsed, "collapse_expected": self.collapse_expected}


def measure_latents(model: Autoencoder, x: Tensor, *, seed: int = 0, at_once: int = 16) -> Latents:
    """Measure on items (n, ...), two or more, in the form that the model encodes."""
    rng = np.random.default_rng(seed)
    with torch.inference_mode():
        encoded = [model.encode(x[at : at + at_once]) for at in range(0, len(x), at_once)]
        mean, log_variance = (torch.cat(parts) for parts in zip(*encoded, strict=True))
        other = torch.roll(mean, int(rng.integers(1, len(x))), 0)
        cost, shuffled = (
            float(
                torch.cat(
                    [
                        model.cost(model.decode(z[at : at + at_once]), x[at : at + at_once])
                        for at in range(0, len(x), at_once)
                    ]
                ).mean()
            )
            for z in (mean, other)
        )
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)
    shown = model.shown(model.drawn(SAMPLES, rng)).reshape(SAMPLES, -1)
    cells = x.reshape(len(x), -1).cpu().numpy().astype(np.float32)
    picked = cells[rng.permutation(len(cells))[:SAMPLES]]
    return Latents(
        items=len(x),
        units=mean.shape[1],
        active=int((mean.var(0) > ACTIVE).sum()),
        kl=sorted((float(unit) for unit in kl), reverse=True),
        cost=cost,
        shuffled=shuffled,
        distance=mean_distance(shown),
        real=mean_distance(picked),
        distinct=len(np.unique(shown.round(2), axis=0)),
        drawn=SAMPLES,
        eigenvalue=largest_eigenvalue(cells, standardise=model.standardises),
        variance=model.decoder_variance,
    )


def mean_distance(pictures: NDArray[np.float32]) -> float:
    """The mean over pairs of pictures (n, cells), not negative, of 1 - sum of least / sum of greatest.

    >>> mean_distance(np.array([[1, 0], [0, 1]], np.float32)), mean_distance(np.ones((3, 2), np.float32))
    (1.0, 0.0)
    """
    total = pictures.sum(1)
    distances = []
    for number in range(1, len(pictures)):
        least = np.minimum(pictures[:number], pictures[number]).sum(1)
        greatest = total[:number] + total[number] - least
        distances.append(1 - np.divide(least, greatest, out=np.ones_like(least), where=greatest > 0))
    return float(np.concatenate(distances).mean())


def largest_eigenvalue(cells: NDArray[np.float32], *, standardise: bool) -> float:
    """The largest eigenvalue of the covariance of items (n, cells), or of their correlation.

    >>> largest_eigenvalue(np.array([[1.0, 0], [-1, 0], [1, 0], [-1, 0]], np.float32), standardise=False).__round__(3)
    1.333
    """
    centred = cells - cells.mean(0)
    if standardise:
        deviation = centred.std(0)
        centred = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)
    gram = centred @ centred.T / (len(cells) - 1)  # has the same largest eigenvalue, and fewer rows
    return float(np.linalg.eigvalsh(gram)[-1])
