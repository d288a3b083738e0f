"""Optimisers beside AdamW: what shortens training where it takes long."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from partita.models.base import Recipe, adamw


def muon(parameters: Iterable[nn.Parameter], inner: Iterable[nn.Module], recipe: Recipe) -> torch.optim.Optimizer:
    """Muon for the kernels of the linear layers of `inner`, AdamW for the other `parameters`, at one learning rate.

    Muon steps along the orthogonal matrix that is nearest to a gradient's running mean, so that no direction of a
    kernel is learnt late (Jordan et al. 2024), and as far as AdamW does at that rate (Liu et al. 2025). It is for
    hidden layers: embeddings and the layers that end in codes are left to AdamW.
    """
    layers = [layer for part in inner for layer in part.modules() if isinstance(layer, nn.Linear)]
    kernels = [layer.weight for layer in layers]
    known = set(map(id, kernels))
    others = [p for p in parameters if id(p) not in known]
    stepped = torch.optim.Muon(kernels, recipe.learning_rate, recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
    return Together(stepped, adamw(others, recipe))


class Together(torch.optim.Optimizer):
    """Optimisers of different parameters as one; they share its groups and its state."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})
        self._share()

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """A step of each."""
        for part in self.parts:
            part.step(closure)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As for any optimiser."""
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        groups = iter(self.param_groups)
        for part in self.parts:
            part.state, part.param_groups = self.state, [next(groups) for _ in part.param_groups]
