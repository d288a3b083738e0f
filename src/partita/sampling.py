"""Drawing from what a model predicts: the one place where a token is chosen at random.

Temperature comes first; then top-k, top-p and min-p each say which tokens of that distribution may be drawn, and those
that all of them keep are drawn in proportion. The likeliest token is always among them. Holtzman et al. 2020 (top-p),
Nguyen et al. 2024 (min-p).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partita.errors import UsageError


@dataclass(frozen=True)
class Sampling:
    """How to draw.

    `temperature` 0 leaves the likeliest token alone, 1 the model's own distribution. `top_k` keeps so many tokens (0:
    all), `top_p` the fewest that reach this share together, `min_p` those of at least this share of the likeliest
    one's. Raises `UsageError` for a setting out of its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.temperature < np.inf and self.top_k >= 0 and 0 < self.top_p <= 1 and 0 <= self.min_p <= 1):
            raise UsageError(
                f"temperature {self.temperature}, top-k {self.top_k}, top-p {self.top_p}, min-p {self.min_p}: "
                "they are at least 0, at least 0, above 0 up to 1, and 0 to 1"
            )

    @classmethod
    def of(cls, known: Mapping[str, Any], **said: float | None) -> Self:
        """What was `said` of sampling, else what is `known` of it (of a checkpoint, by its card), else the default.

        >>> Sampling.of({"temperature": 0.9, "min_p": 0.02}, temperature=None, min_p=0.1)
        Sampling(temperature=0.9, top_k=0, top_p=1.0, min_p=0.1)
        """
        return cls(**{**known, **{name: value for name, value in said.items() if value is not None}})


AS_PREDICTED = Sampling()
"""The model's own distribution."""


def probabilities(logits: ArrayLike, sampling: Sampling = AS_PREDICTED) -> NDArray[np.float64]:
    """The distributions to draw from: logits (..., n) to probabilities (..., n) that sum to 1.

    A logit of minus infinity forbids its token. Raises `UsageError` for logits that are not numbers or forbid
    everything.
    """
    temperature, top_k = sampling.temperature, sampling.top_k
    logits = np.asarray(logits, np.float64)
    highest = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(highest).all() or np.isnan(logits).any():
        raise UsageError("logits that are not numbers, or that forbid every token: nothing can be drawn")
    below = logits - highest
    with np.errstate(divide="ignore", over="ignore"):  # at temperature 0, and where it is almost 0
        scaled = np.where(below == 0, 0.0, below / temperature) if temperature else np.where(below == 0, 0.0, -np.inf)
    weights = np.exp(scaled)
    total = weights / weights.sum(axis=-1, keepdims=True)
    if temperature == 0:
        top_k = 1
    order = np.argsort(-logits, axis=-1, kind="stable")  # of equals the first comes first
    falling = np.take_along_axis(total, order, axis=-1)
    keep = (np.cumsum(falling, axis=-1) - falling < sampling.top_p) & (falling >= sampling.min_p * falling[..., :1])
    if top_k:
        keep[..., top_k:] = False
    keep[..., 0] = True
    kept = np.zeros_like(total)
    np.put_along_axis(kept, order, np.where(keep, falling, 0.0), axis=-1)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


def draw(logits: ArrayLike, rng: np.random.Generator, sampling: Sampling = AS_PREDICTED) -> NDArray[np.int64]:
    """Draw one token from each of the logits (..., n): integers (...), with errors as of `probabilities`.

    The same generator state gives the same tokens; one number of it is used for each.
    """
    cumulative = np.cumsum(probabilities(logits, sampling), axis=-1)
    point = rng.random(cumulative.shape[:-1])[..., None] * cumulative[..., -1:]
    # a token without probability adds nothing, so its place is passed over together with the one before it
    return np.asarray((cumulative <= point).sum(axis=-1))
