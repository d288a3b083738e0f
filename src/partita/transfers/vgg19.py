"""vgg19: the report's first transfer, by a network of photographs (Simonyan and Zisserman, ICLR 2015).

Style from the first convolutions of blocks 1 to 4 with weights 0.3, 0.4, 0.2 and 0.1, content from that of block 5,
alpha 100, beta 1000, 100 iterations (the report also stops after 10). The picture's one channel is copied three times.
ImageNet's weights are read from `weights`, a safetensors file with torchvision's names or `hub:OWNER/NAME`. Without
them they are drawn at random, which `notes` says.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partita.errors import CheckpointError
from partita.models.weights import read_weights
from partita.transfers.gradient import GradientConfig, GradientTransfer, Seen, drawn

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue on 0..1, which torchvision's weights expect."""


@dataclass(frozen=True)
class VGG19Config(GradientConfig):
    """As of all gradient methods; `weights` of ImageNet, "" for random ones."""

    alpha: float = 100.0
    beta: float = 1000.0
    weights: str = ""


class VGG19(GradientTransfer):
    """Gram matrices of a network of photographs."""

    name = "vgg19"
    Config = VGG19Config
    config: VGG19Config

    def __init__(self, config: VGG19Config | None = None) -> None:
        super().__init__(config)
        self.network = drawn(network)
        if self.config.weights:
            load(self.network, read_weights(self.config.weights), self.config.weights)
        else:
            self.notes = ("vgg19 has random weights; give weights=FILE.safetensors or weights=hub:OWNER/NAME",)

    def see(self, picture: Tensor) -> Seen:
        """The first convolutions of the five blocks, after their ReLU."""
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        x, firsts = (picture.expand(-1, 3, -1, -1) / 255 - mean) / deviation, []
        for name, layer in self.network.named_children():
            x = layer(x)
            if name.endswith("relu1"):
                firsts.append(x)
            if len(firsts) == len(BLOCKS):
                break
        return Seen(firsts[:-1], firsts[-1])


def network() -> nn.Sequential:
    """The convolutions of VGG-19, 20,024,384 parameters, without its dense layers."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs = 3
    for block, (width, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            conv = nn.Conv2d(inputs, width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias) if conv.bias is not None else None
            layers[f"block{block}_conv{number}"] = conv
            layers[f"block{block}_relu{number}"] = nn.ReLU()
            inputs = width
        layers[f"block{block}_pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


def load(module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Put torchvision's tensors (`features.0.weight`, ...) into the network; raises `CheckpointError` if unfit."""
    for place, (name, layer) in enumerate(module.named_children()):
        if not isinstance(layer, nn.Conv2d):
            continue
        try:
            layer.load_state_dict({part: tensors[f"features.{place}.{part}"] for part in ("weight", "bias")})
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"{source}: no weights for {name} ({error}); wants torchvision's VGG-19") from None
