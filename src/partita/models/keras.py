"""Layers that behave as those of Keras do, with which the reports were made.

The difference to PyTorch's own: one bias per gate in an LSTM, Glorot-uniform kernels and zero biases, flattening with
the channels last, Adam with epsilon 1e-7, batch normalisation with epsilon 1e-3 and a momentum of 0.99.
"""

import torch
from torch import Tensor, nn

from partita.models.base import Model, Recipe

ADAM = Recipe(learning_rate=1e-3, weight_decay=0.0, warmup=0, schedule="constant", ema=0.0, clip=0.0)
"""Keras's defaults: a constant rate, nothing averaged, clipped or decayed. Reports add epochs and batch."""


def adam(model: Model, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
    """`Model.phases` with one Adam over all that learns (Kingma and Ba, ICLR 2015)."""
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return {"all": torch.optim.Adam(learnt, recipe.learning_rate, eps=1e-7, weight_decay=recipe.weight_decay)}


def initialise(model: nn.Module) -> None:
    """Draw the weights of convolutions and dense layers as Keras does: Glorot uniform, biases zero."""
    for module in model.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def batch_norm(
    channels: int, dimensions: int, epsilon: float = 1e-3, momentum: float = 0.99
) -> nn.BatchNorm1d | nn.BatchNorm2d:
    """Batch normalisation with Keras's epsilon, and its momentum as Keras counts (PyTorch's 0.01 is Keras's 0.99)."""
    kind = nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d
    return kind(channels, eps=epsilon, momentum=1 - momentum)


class Flatten(nn.Flatten):
    """(n, channels, ...) -> (n, all), the channels varying fastest, as they lie in Keras."""

    def forward(self, x: Tensor) -> Tensor:
        """Move the channels last and flatten."""
        return x.movedim(1, -1).flatten(1)


class LSTM(nn.Module):
    """One LSTM layer with one bias per gate: (n, time, inputs) -> (n, time, units), or (n, units) of the last step.

    The gates lie in the order input, forget, cell, output; the forget gate's bias starts at 1 (Jozefowicz et al., ICML
    2015), the recurrent kernel orthogonal.
    """

    def __init__(self, inputs: int, units: int, sequences: bool) -> None:
        super().__init__()
        self.units, self.sequences = units, sequences
        self.kernel = nn.Parameter(torch.empty(4 * units, inputs))
        self.recurrent = nn.Parameter(torch.empty(4 * units, units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        nn.init.xavier_uniform_(self.kernel)
        if self.recurrent.device.type != "meta":  # QR has no shape-only form
            nn.init.orthogonal_(self.recurrent)
        nn.init.ones_(self.bias[units : 2 * units])

    def forward(self, x: Tensor) -> Tensor:
        """Run over time from a state of zeros."""
        start = x.new_zeros(1, len(x), self.units)
        weights = [self.kernel, self.recurrent, self.bias, torch.zeros_like(self.bias)]
        output, last, _ = torch.lstm(x, (start, start), weights, True, 1, 0.0, self.training, False, True)
        return output if self.sequences else last[0]
