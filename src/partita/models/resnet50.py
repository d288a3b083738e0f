"""resnet50: He et al.'s network of images (CVPR 2016) on the spectrogram picture of five seconds, as in Lil Data.

Keras's ResNet50 without its top (23,587,712 parameters: convolutions with biases; the first convolution of a block
takes the stride), the mean over the picture, and a dense layer: 23,604,104 at the report's 8 labels. The picture's one
channel is copied three times, and each copy loses the mean of its colour, blue, green and red. The report reaches 94 %
on its training clips and 34 % on its test clips. Silent are weights at the start (here drawn; ImageNet's by `weights`),
optimiser (Adam at 0.001), batch (32) and epochs (20).

The report blames the "useless weights" of the copied channels. They can't be to blame: convolving three copies by W is
convolving the one channel by the sum of W over its inputs (a test shows it). The gap points at other causes: clips of
one mix on both sides, a rate too high for a deep network, and batch normalisation, whose running mean moves by a
hundredth a step, so that for the first few hundred steps the network in use is not the one that is trained
(`momentum=0.9` mends it).

`weights` names ImageNet weights to start from: a safetensors file with the names of this model or of torchvision's
ResNet-50, or `hub:OWNER/NAME` with such a file. torchvision's blocks stride in their second convolution, so its weights
want `stride_in=2`. `frozen=1` keeps the network as it is and trains the dense layer alone: a linear probe.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.errors import CheckpointError, UsageError
from partita.models.base import Item
from partita.models.keras import ADAM, Flatten, batch_norm, initialise
from partita.models.pictures import IMAGENET_MEAN, PictureClassifier, PictureConfig
from partita.models.weights import read_weights

EXPANSION = 4
EPSILON = 1.001e-5
TORCHVISION_MEAN = (0.485, 0.456, 0.406)
TORCHVISION_DEVIATION = (0.229, 0.224, 0.225)
"""Of red, green and blue on 0..1, which torchvision's networks take."""


@dataclass(frozen=True)
class ResNet50Config(PictureConfig):
    """A picture's size and scale; `widths` and `blocks` of the stages, the first of them also the stem's width.

    `momentum` of the running means as Keras counts; `stride_in` 1 (Keras) or 2 (torchvision) is the convolution of a
    block that strides; `weights` to start from, "" for none; `frozen` trains the dense layer alone.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    momentum: float = 0.99
    stride_in: int = 1
    weights: str = ""
    frozen: bool = False


class ResNet50(PictureClassifier):
    """Bottleneck blocks over three copies (n, 3, 631, 631) of a picture."""

    name = "resnet50"
    Config = ResNet50Config
    recipe = replace(ADAM, epochs=20, batch=32)
    at_once = 2

    def __init__(self, config: ResNet50Config) -> None:
        super().__init__(config)
        if config.stride_in not in (1, 2):
            raise UsageError(f"stride_in is 1 (as in Keras) or 2 (as in torchvision), not {config.stride_in}")
        self.input_shape = (3, self.side, self.side)
        stem = _normalised(3, config.widths[0], 7, 2, config.momentum)
        stages: OrderedDict[str, nn.Module] = OrderedDict(stem=stem, pool=nn.MaxPool2d(3, 2, padding=1))
        inputs = config.widths[0]
        for stage, (width, count) in enumerate(zip(config.widths, config.blocks, strict=True), start=1):
            stride = 1 if stage == 1 else 2
            blocks = [Block(inputs, width, stride, config)]
            inputs = EXPANSION * width
            blocks += [Block(inputs, width, 1, config) for _ in range(count - 1)]
            stages[f"stage{stage}"] = nn.Sequential(*blocks)
        self.backbone = nn.Sequential(stages)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), Flatten(), nn.Linear(inputs, len(config.labels)))
        initialise(self)
        self.backbone.requires_grad_(not config.frozen)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, half a second, two stages of one narrow block, quick running means."""
        shape = {"fft": 126, "widths": (8, 8), "blocks": (1, 1), "momentum": 0.9}
        return cls(ResNet50Config(labels=("a", "b"), scale="standardised", **shape))  # type: ignore[arg-type]

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Three copies of each picture; without standardisation they lose the means of blue, green and red."""
        mean = IMAGENET_MEAN if self.config.scale == "imagenet" else (0.0, 0.0, 0.0)
        return self.pictures(waves) - np.array(mean, np.float32)[:, None, None]

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Measure the training part where that is asked for, and load `weights`, all but the dense layer's."""
        super().start(items, rng)
        if self.config.weights:
            self.load_backbone(read_weights(self.config.weights))

    def load_backbone(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the tensors of this model or of torchvision's ResNet-50 over, without those of the last layer.

        Raises `CheckpointError` where they do not fit, `UsageError` where torchvision's want `stride_in=2`.
        """
        source, prefix = self.config.weights or "the weights", "backbone."
        if "layer1.0.conv1.weight" in tensors:
            if self.config.stride_in != 2:
                raise UsageError(f"{source}: are torchvision's, whose blocks stride elsewhere; set stride_in=2")
            own = from_torchvision(tensors)
        else:
            own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        wanted = self.backbone.state_dict()
        missing = [name for name in wanted if name not in own and not name.endswith("num_batches_tracked")]
        if missing:
            raise CheckpointError(f"{source}: lacks {missing[0]}; wants a ResNet-50 of partita or of torchvision")
        try:
            self.backbone.load_state_dict({name: own.get(name, value) for name, value in wanted.items()})
        except RuntimeError as error:
            raise CheckpointError(f"{source}: does not fit ({str(error).splitlines()[-1].strip()})") from None

    def train(self, mode: bool = True) -> Self:
        """Training mode; a frozen backbone keeps its running means."""
        super().train(mode)
        if self.config.frozen:
            self.backbone.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, 631, 631) -> (n, labels) logits."""
        logits: Tensor = self.head(self.backbone(self.ready(x)))
        return logits


class Block(nn.Module):
    """A bottleneck: convolutions of 1 x 1, 3 x 3 and 1 x 1 beside a shortcut, itself one where the shape changes."""

    def __init__(self, inputs: int, width: int, stride: int, config: ResNet50Config) -> None:
        super().__init__()
        outputs, strides = EXPANSION * width, (stride, 1) if config.stride_in == 1 else (1, stride)
        self.part1 = _normalised(inputs, width, 1, strides[0], config.momentum)
        self.part2 = _normalised(width, width, 3, strides[1], config.momentum)
        self.part3 = _normalised(width, outputs, 1, 1, config.momentum, active=False)
        change = inputs != outputs or stride > 1
        self.shortcut = _normalised(inputs, outputs, 1, stride, config.momentum, active=False) if change else None

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, height, width) -> (n, 4 * width, height / stride, width / stride)."""
        beside = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.part3(self.part2(self.part1(x))) + beside)


def _normalised(
    inputs: int, outputs: int, kernel: int, stride: int, momentum: float, active: bool = True
) -> nn.Sequential:
    """A convolution, its batch normalisation, and ReLU where `active`."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv=conv, norm=batch_norm(outputs, 2, EPSILON, momentum))
    if active:
        layers["relu"] = nn.ReLU()
    return nn.Sequential(layers)


def from_torchvision(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of torchvision's network under the names of `ResNet50.backbone`.

    Its convolutions have no biases; they become zeros. Its first one takes red, green, blue on 0..1, standardised: that
    is folded into the kernel and the bias, exactly but for the padding.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in tensors.items():
        new = re.sub(r"^(conv|bn)1\.", r"stem.\1.", name)
        new = re.sub(r"^layer(\d+)\.(\d+)\.(conv|bn)(\d)\.", r"stage\1.\2.part\4.\3.", new)
        new = re.sub(r"^layer(\d+)\.(\d+)\.downsample\.0\.", r"stage\1.\2.shortcut.conv.", new)
        new = re.sub(r"^layer(\d+)\.(\d+)\.downsample\.1\.", r"stage\1.\2.shortcut.bn.", new)
        new = new.replace(".bn.", ".norm.")
        renamed[new] = value
        if new.endswith("conv.weight"):
            renamed[new.replace("weight", "bias")] = torch.zeros(len(value), dtype=value.dtype)
    kernel = renamed["stem.conv.weight"].flip(1) / (255 * torch.tensor(TORCHVISION_DEVIATION[::-1]))[:, None, None]
    shift = torch.tensor(IMAGENET_MEAN) - 255 * torch.tensor(TORCHVISION_MEAN[::-1])
    return {**renamed, "stem.conv.weight": kernel, "stem.conv.bias": (kernel.sum((2, 3)) * shift).sum(1)}
