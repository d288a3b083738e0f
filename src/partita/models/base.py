"""The contract of every model, and what classifiers add to it.

    Example --prepare--> item (arrays, cached) --batch--> tensors --losses--> a loss to minimise
    Sound   --windows--> items, one by one     --scores-> log-probabilities of segments

The front end is inside the model, hence inside the checkpoint: a checkpoint can't be fed the wrong features.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.audio import Reading
from partita.errors import CheckpointError, UnusableAudioError, UsageError
from partita.example import Example, Media, Spectrogram
from partita.features import GTZAN_RATE, gtzan_windows

Item = Mapping[str, NDArray[Any]]
"""What `prepare` makes of one example: arrays by name, without randomness, so that they can be cached."""

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained by default.

    `steps` optimiser steps of `batch` examples. The learning rate warms up linearly over `warmup` steps, then stays
    ("constant") or falls along half a cosine to zero ("cosine"). `ema` is the decay of the running average of weights
    that is validated and kept (0: none). Every `validate_every` steps the validation loss is taken; after `patience`
    of them without a new minimum training stops (0: never). Gradients are clipped to norm `clip` (0: not).
    """

    steps: int = 2000
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: int = 100
    schedule: Literal["constant", "cosine"] = "cosine"
    ema: float = 0.99
    validate_every: int = 100
    patience: int = 0
    clip: float = 5.0

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch", 1), ("validate_every", 1), ("warmup", 0), ("patience", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is a number from {least} up, not {getattr(self, name)}")
        if not 0 <= self.ema < 1 or not self.learning_rate > 0 or self.schedule not in ("constant", "cosine"):
            raise UsageError("ema is in 0..1, learning_rate above 0, schedule constant or cosine")


class Model(nn.Module):
    """A model: a frozen `config`, a front end, and losses that the one loop minimises.

    A closed-form model overrides `fit` and has no phases.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    recipe: ClassVar[Recipe] = Recipe()
    closed_form: ClassVar[bool] = False

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def tiny(cls) -> Self:
        """The smallest useful instance, for tests."""
        raise NotImplementedError

    @property
    def front_end(self) -> str:
        """A key that changes whenever `prepare` would give something else; the cache files items under it."""
        raise NotImplementedError

    def prepare(self, example: Example) -> Item:
        """Turn one example into arrays, deterministically."""
        raise NotImplementedError

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Cut, augment and stack prepared items; all randomness comes from `rng`."""
        raise NotImplementedError

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Named optimisers that the loop steps in turn: one for most models, two for a GAN.

        By default AdamW, which lets kernels decay but not biases and normalisation (Loshchilov and Hutter, ICLR 2019).
        """
        learnt = [p for p in self.parameters() if p.requires_grad]
        kernels = [p for p in learnt if p.ndim > 1]
        others = [p for p in learnt if p.ndim <= 1]
        groups = [
            {"params": kernels, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        return {"all": torch.optim.AdamW(groups, recipe.learning_rate)}

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Scalars of one batch; `loss` is the one that is minimised."""
        raise NotImplementedError

    def fit(self, items: Sequence[Item], rng: np.random.Generator) -> Self:
        """Fit a closed-form model to prepared items and return it."""
        raise NotImplementedError

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Scalars on held-out items; `loss` decides when to stop and which weights to keep."""
        raise NotImplementedError

    @classmethod
    def new(cls, config: Any, seed: int) -> Self:
        """An untrained instance whose weights are drawn from `seed` alone."""
        torch.manual_seed(seed)
        return cls(config)

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Look at all training items once before the first step, say to standardise by them."""

    def set(self, **changes: Any) -> Self:
        """A new instance with a changed config.

        Raises `UsageError` for a name that the config has not.
        """
        known = {field.name for field in fields(self.config)}
        if odd := sorted(changes.keys() - known):
            raise UsageError(f"{self.name} has no setting {odd[0]!r}; it has {', '.join(sorted(known))}.")
        return type(self)(replace(self.config, **changes))

    def config_json(self) -> dict[str, Any]:
        """The config as JSON-ready values."""
        return asdict(self.config)

    @classmethod
    def from_config_json(cls, values: Mapping[str, Any]) -> Self:
        """An instance from `config_json` values; lists become tuples.

        Raises `CheckpointError` where they do not fit this version.
        """
        try:
            return cls(cls.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}))
        except TypeError as error:
            raise CheckpointError(f"the config does not fit {cls.name}: {error}") from None


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording, `start` to `end` in seconds, with a probability for each label."""

    start: float
    end: float
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one recording: probabilities of the whole and of its segments."""

    probabilities: dict[str, float]
    segments: tuple[Segment, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Labels with probabilities, the most probable first."""
        return sorted(self.probabilities.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True)
class Scores:
    """Log-probabilities of one window: of its segments (n, labels), and of the whole (labels,).

    `spans` are the segments' starts and ends in seconds from the window's start; together they cover it. A window of
    silence has not been `heard` and does not count.
    """

    spans: Sequence[tuple[float, float]]
    segments: NDArray[np.float32]
    whole: NDArray[np.float32]
    heard: bool = True


class Classifier(Model):
    """A model that names the genre of a recording.

    Its config has `labels`. `temperature` divides the song's mean log-probability; it is fitted on songs that training
    did not see, so that a probability of 0.8 is right 8 times of 10.
    """

    temperature: Tensor
    minimum_seconds: ClassVar[float] = 1.0

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.register_buffer("temperature", torch.ones(()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of probabilities."""
        return cast(tuple[str, ...], self.config.labels)

    def windows(self, media: Media, reading: Reading) -> Iterator[Item]:
        """The front end as a stream: items that follow one another in time, in flat memory."""
        raise NotImplementedError

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of one window and of its segments, without randomness."""
        raise NotImplementedError

    def classify(self, media: Media) -> Prediction:
        """Classify a recording of any length.

        Raises `AudioError` where it can't be decoded, is silent, or is shorter than `minimum_seconds`.
        """
        reading = Reading()
        total, weight, offset = np.zeros(len(self.labels)), 0.0, 0.0
        segments: list[Segment] = []
        self.eval()
        for item in self.windows(media, reading):
            with torch.inference_mode(), one_thread():
                scores = self.scores(item)
            seconds = scores.spans[-1][1]
            if scores.heard:
                total += seconds * scores.whole
                weight += seconds
                for (start, end), row in zip(scores.spans, self.probabilities(scores.segments), strict=True):
                    segments.append(Segment(round(offset + start, 3), round(offset + end, 3), self._named(row)))
            offset += seconds
        self._refuse_unusable(media, reading)
        seconds = media.seconds if isinstance(media, Spectrogram) else reading.seconds
        probabilities = self._named(self.probabilities(total / weight))
        return Prediction(probabilities, tuple(segments), seconds, tuple(reading.warnings))

    def probabilities(self, log_probabilities: NDArray[Any]) -> NDArray[np.float64]:
        """Softmax over the last axis at the fitted temperature."""
        scaled = np.asarray(log_probabilities, np.float64) / float(self.temperature)
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return cast(NDArray[np.float64], scaled / scaled.sum(-1, keepdims=True))

    def song_log_probabilities(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Uncalibrated log-probabilities (songs, labels) of whole prepared songs."""
        self.eval()
        with torch.inference_mode(), one_thread():
            return np.stack([self.scores(item).whole for item in items])

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Song-level cross-entropy (nats) and accuracy of labelled items."""
        scores = self.song_log_probabilities(items)
        scores = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        truth = np.array([int(item["label"]) for item in items])
        nll = -scores[np.arange(len(truth)), truth].mean()
        return {"loss": float(nll), "accuracy": float((scores.argmax(1) == truth).mean())}

    def label_index(self, example: Example) -> NDArray[np.int64]:
        """The example's label as a number.

        Raises `UsageError` for a label that the model does not know.
        """
        if example.label not in self.labels:
            raise UsageError(
                f"{example.id}: the model has no label {example.label!r}; it has {', '.join(self.labels)}."
            )
        return np.array(self.labels.index(example.label))

    def _named(self, row: NDArray[Any]) -> dict[str, float]:
        return {label: round(float(value), 6) for label, value in zip(self.labels, row, strict=True)}

    def _refuse_unusable(self, media: Media, reading: Reading) -> None:
        if isinstance(media, Spectrogram):
            return
        if reading.seconds < self.minimum_seconds:
            reason = f"too short: {reading.seconds:.3g} s, wants at least {self.minimum_seconds:g} s"
            raise UnusableAudioError(media.name, reason)
        if reading.silent:
            raise UnusableAudioError(media.name, reading.silent)


def gtzan_columns(media: Media, reading: Reading) -> Iterator[NDArray[np.uint8]]:
    """Any media as consecutive uint8 (128, columns) windows of the GTZAN archive's transform.

    Raises `UsageError` for a spectrogram of another transform.
    """
    if not isinstance(media, Spectrogram):
        yield from gtzan_windows(media.blocks(GTZAN_RATE, reading))
    elif media.front_end == "gtzan-logmel":
        yield media.levels
    else:
        raise UsageError(f"{media.name}: is a {media.front_end} spectrogram; this model takes gtzan-logmel or sound")


def chunk_starts(columns: int, length: int, hop: int) -> list[int]:
    """Where chunks of `length` start so that they cover `columns` evenly, about `hop` apart."""
    if columns <= length:
        return [0]
    count = -(-(columns - length) // hop) + 1
    return [round(i * (columns - length) / (count - 1)) for i in range(count)]


def chunk_spans(
    starts: Sequence[int], length: int, columns: int, seconds_per_column: float
) -> list[tuple[float, float]]:
    """The stretch that each overlapping chunk stands for, in seconds: up to half way to its neighbours' centres.

    >>> chunk_spans([0, 4, 8], 8, 16, 0.5)
    [(0.0, 3.0), (3.0, 5.0), (5.0, 8.0)]
    """
    shift = length / 2
    middles = [(a + b) / 2 + shift for a, b in pairwise(starts)]
    edges = [0.0, *middles, float(columns)]
    return [(a * seconds_per_column, b * seconds_per_column) for a, b in pairwise(edges)]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread on the processor: for one recording at a time more only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def choose_device(name: str = "auto") -> torch.device:
    """The device of a name: "auto" takes CUDA, then Apple's MPS, then the processor.

    Raises `UsageError` for a device that this machine has not.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, here in available.items() if here))
    if not available.get(name.split(":", maxsplit=1)[0], False):
        here = ", ".join(device for device, there in available.items() if there)
        raise UsageError(f"no device {name!r} on this machine; it has {here}.")
    return torch.device(name)
