"""random-cnn: one layer of random filters along time, frequencies as channels (Ulyanov and Lebedev 2016).

The known baseline: with frequency as channels a filter can't take a shifted spectrum for the same texture. 4,096
filters of 11 frames and a ReLU, content and style from the same layer, content initialisation.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from partita.transfers.gradient import FFT, GradientConfig, GradientTransfer, Seen, drawn


@dataclass(frozen=True)
class RandomCNNConfig(GradientConfig):
    """As of all gradient methods; number and width in frames of the `filters`."""

    alpha: float = 1e-3
    beta: float = 1e5
    filters: int = 4096
    width: int = 11


class RandomCNN(GradientTransfer):
    """Gram matrices of random filters."""

    name = "random-cnn"
    Config = RandomCNNConfig
    config: RandomCNNConfig
    weights = (1.0,)

    def __init__(self, config: RandomCNNConfig | None = None) -> None:
        super().__init__(config)
        shape = FFT // 2 + 1, self.config.filters, self.config.width
        self.network = drawn(lambda: nn.Conv1d(*shape, bias=False))

    def see(self, picture: Tensor) -> Seen:
        """The filters' answers over time."""
        answers = F.relu(self.network(picture[:, 0] / 255))
        return Seen([answers], answers)
