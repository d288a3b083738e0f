"""The contract of every model; `classifier.py` adds what classifiers have to it.

    Example --prepare--> item (arrays, cached) --batch--> tensors --losses--> a loss to minimise

The front end is inside the model, hence inside the checkpoint: a checkpoint can't be fed the wrong features.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import CheckpointError, UsageError
from partita.example import Example
from partita.models.space import Real, Space

Item = Mapping[str, NDArray[Any]]
"""What `prepare` makes of one example: arrays by name, without randomness, so that they can be cached."""

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained by default.

    `steps` optimiser steps of `batch` examples; or, where `epochs` is not 0, so many passes over the training pieces,
    validated after each. The learning rate warms up linearly over `warmup` steps, then stays
    ("constant") or falls along half a cosine to zero ("cosine"). `ema` is the decay of the running average of weights
    that is validated and kept (0: none). Every `validate_every` steps the validation loss is taken; after `patience`
    of them without a new minimum training stops (0: never). Gradients are clipped to norm `clip` (0: not).
    `bfloat16` multiplies matrices in bfloat16 on a processor, too, as is always done on a GPU: twice as fast where the
    processor has instructions for it, slow where it has not.
    """

    steps: int = 2000
    epochs: int = 0
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: int = 100
    schedule: Literal["constant", "cosine"] = "cosine"
    ema: float = 0.99
    validate_every: int = 100
    patience: int = 0
    clip: float = 5.0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        for name, least in (
            ("steps", 1),
            ("batch", 1),
            ("validate_every", 1),
            ("epochs", 0),
            ("warmup", 0),
            ("patience", 0),
        ):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is a number from {least} up, not {getattr(self, name)}")
        if not 0 <= self.ema < 1 or not self.learning_rate > 0 or self.schedule not in ("constant", "cosine"):
            raise UsageError("ema is in 0..1, learning_rate above 0, schedule constant or cosine")

    def over(self, count: int) -> "Recipe":
        """The recipe in steps for `count` training pieces.

        >>> recipe = Recipe(epochs=3, batch=4).over(10)
        >>> recipe.steps, recipe.validate_every
        (8, 3)
        """
        if not self.epochs:
            return self
        return replace(self, steps=-(-self.epochs * count // self.batch), validate_every=-(-count // self.batch))


class Layer(NamedTuple):
    """A line of a model's outline: `output` is the shape without the batch, channels last; None where it varies."""

    name: str
    kind: str
    output: tuple[int, ...] | None
    parameters: int


class Model(nn.Module):
    """A model: a frozen `config`, a front end, and losses that the one loop minimises.

    A closed-form model overrides `fit` and has no phases.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    recipe: ClassVar[Recipe] = Recipe()
    space: ClassVar[Space] = {"learning_rate": Real(1e-4, 1e-2, log=True)}
    """What `partita tune` varies unless told otherwise."""
    closed_form: ClassVar[bool] = False
    loss_lines: ClassVar[Mapping[str, float]] = {}
    """Values of the losses that mean something, by their meaning; the plot of the losses shows them."""
    trial_data: ClassVar[str] = "synthetic"
    """The generated data set that suits it for tests and first runs."""
    input_shape: tuple[int, ...] | None = None
    """The shape of one input (channels first) of a model that takes one size only."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def tiny(cls) -> Self:
        """The smallest useful instance, for tests."""
        raise NotImplementedError

    @classmethod
    def config_for(cls, labels: Sequence[str]) -> Any:
        """The config at full size; a classifier's has these labels."""
        return cls.Config()

    @property
    def front_end(self) -> str:
        """A key that changes whenever `prepare` would give something else; the cache files items under it."""
        raise NotImplementedError

    def prepare(self, example: Example) -> Item:
        """Turn one example into arrays, deterministically; "warnings" (bytes of text) are told and set aside."""
        raise NotImplementedError

    def pieces(self, item: Item) -> Sequence[Item]:
        """What training counts as its examples: the item itself, or the chunks that it is learnt by."""
        return [item]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Cut, augment and stack pieces of prepared items; all randomness comes from `rng`."""
        raise NotImplementedError

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Named optimisers that the loop steps in turn: one for most models, two for a GAN.

        One that steps more often than others has several names. By default AdamW.
        """
        return {"all": adamw(self.parameters(), recipe)}

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

    @property
    def parameter_count(self) -> int:
        """Weights, and the running statistics of batch normalisation, which Keras counts as well."""
        return sum(_own_parameters(module) for module in self.modules())

    def outline(self) -> list[Layer]:
        """The layers with their parameters; with their outputs, too, where the input has one size only."""
        shapes: dict[str, tuple[int, ...]] = {}
        shown = {name: module for name, module in self.named_modules() if name and _is_shown(module)}
        if self.input_shape is not None:

            def remember(name: str, module: nn.Module, output: Tensor) -> None:
                shape = tuple(output.shape[1:])
                shapes[name] = (*shape[1:], shape[0]) if isinstance(module, CHANNELS_FIRST) else shape

            hooks = [
                module.register_forward_hook(lambda module, _, output, name=name: remember(name, module, output))
                for name, module in shown.items()
            ]
            device = next(self.parameters()).device
            was_training = self.training
            with torch.inference_mode():
                self.eval()(torch.zeros(1, *self.input_shape, device=device))
            self.train(was_training)
            for hook in hooks:
                hook.remove()
        return [
            Layer(name, type(module).__name__, shapes.get(name), _own_parameters(module))
            for name, module in shown.items()
        ]

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


CHANNELS_FIRST = (
    *(nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveAvgPool2d),
)


def adamw(parameters: Iterable[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW for what learns, which lets kernels decay but not biases and normalisation.

    Loshchilov and Hutter, ICLR 2019.
    """
    learnt = [p for p in parameters if p.requires_grad]
    groups = [
        {"params": [p for p in learnt if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate)


def _own_parameters(module: nn.Module) -> int:
    own = sum(parameter.numel() for parameter in module.parameters(recurse=False))
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        own += sum(buffer.numel() for buffer in (module.running_mean, module.running_var) if buffer is not None)
    return own


def _is_shown(module: nn.Module) -> bool:
    """Layers that learn, and those that change the shape."""
    shaping = (nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten)
    return isinstance(module, shaping) or any(True for _ in module.parameters(recurse=False))


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
