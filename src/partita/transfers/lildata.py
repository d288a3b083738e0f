"""lildata: the report's second transfer, by its own network of genres, here the shipped checkpoint.

Style from the convolutions 1 to 4 with weights 0.3, 0.4, 0.2 and 0.1, content from the fourth, alpha 50, beta 500, 100
iterations (the report also stops at 500).
"""

from dataclasses import dataclass

from torch import Tensor

from partita.checkpoint import load
from partita.errors import UsageError
from partita.models.lildata import LilData as Network
from partita.models.pictures import IMAGENET_MEAN
from partita.transfers.gradient import FFT, GradientConfig, GradientTransfer, Seen


@dataclass(frozen=True)
class LilDataConfig(GradientConfig):
    """As of all gradient methods; `checkpoint` of the model lildata."""

    checkpoint: str = "lildata"


class LilData(GradientTransfer):
    """Gram matrices of a network of genres."""

    name = "lildata"
    Config = LilDataConfig
    config: LilDataConfig

    def __init__(self, config: LilDataConfig | None = None) -> None:
        super().__init__(config)
        model = load(self.config.checkpoint)
        if not isinstance(model, Network) or model.config.fft != FFT:
            raise UsageError(f"{self.config.checkpoint}: is not a lildata of pictures of 631 frequencies")
        self.network = model.eval().requires_grad_(False)

    def see(self, picture: Tensor) -> Seen:
        """The four convolutions, before pooling."""
        mean = sum(IMAGENET_MEAN) / 3 if self.network.config.scale == "imagenet" else 0.0
        x, convolved = self.network.ready(picture - mean), []
        for name, layer in self.network.layers.named_children():
            x = layer(x)
            if name.startswith("conv"):
                convolved.append(x)
            if len(convolved) == len(self.weights):
                break
        return Seen(convolved, convolved[-1])
