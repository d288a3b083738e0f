"""Loops as patches: what models of bars, each a row of short patches of frames, share besides their spectrograms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partita.errors import UsageError
from partita.features import Array
from partita.models.base import Batch, Item
from partita.models.generator import Request
from partita.models.loops import SIXTEENTHS, LoopConfig, LoopModel

FITTED = 40_000
"""Patches that codebooks or components are fitted to."""
SLOWEST, FASTEST = 60.0, 200.0
"""Beats a minute between which tempo is told, in octaves; others count as the nearest of them."""


@dataclass(frozen=True)
class PatchConfig(LoopConfig):
    """A patch is `patch` frames; `bars` are learnt by at once."""

    patch: int = 4
    bars: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.patch, self.bars) < 1 or self.frames % self.patch:
            raise UsageError("patch and bars are 1 or more, frames are a multiple of patch")


class PatchModel(LoopModel):
    """A generator of bars of patches; its config is a `PatchConfig` or more."""

    @property
    def patches_per_bar(self) -> int:
        """64 by default."""
        return SIXTEENTHS * int(self.config.frames) // int(self.config.patch)

    @property
    def context(self) -> int:
        """Patches of a stretch."""
        return int(self.config.bars) * self.patches_per_bar

    @property
    def patch_size(self) -> int:
        """Numbers of a patch."""
        return int(self.config.patch) * int(self.config.mels)

    def patches(self, levels: NDArray[Any]) -> Array:
        """Levels (frames, mels) of 0..255 as patches (frames / patch, patch * mels) of 0..1."""
        return levels.reshape(-1, self.patch_size).astype(np.float32) / np.float32(255)

    def unpatched(self, patches: Tensor) -> Array:
        """Patches (n, patch * mels) of 0..1 as levels (mels, frames) of 0..255."""
        return np.ascontiguousarray(255 * patches.clamp(0, 1).reshape(-1, self.config.mels).numpy().T)

    def pieces(self, item: Item) -> Sequence[Item]:
        """The parts that a recording is learnt by, the square root of its stretches; `batch` draws one from each.

        By stretches, the few that play for long would say what a class sounds like; as one each, short ones would be
        learnt by heart.
        """
        count = max(1, round(math.sqrt(len(item["levels"]) / (self.config.bars * self.bar))))
        return [{**item, "part": np.array([number, number + 1]) / count} for number in range(count)]

    def drawn_patches(self, items: Sequence[Item], rng: np.random.Generator) -> Array:
        """Patches (n, size) to fit to, as many from every class, so that a common one does not count for all."""
        labels = np.array([int(item["label"]) for item in items])
        drawn = []
        for label in np.unique(labels):
            own = [items[i]["levels"] for i in np.flatnonzero(labels == label).tolist()]
            patches = np.concatenate([self.patches(levels) for levels in own])
            drawn.append(patches[rng.permutation(len(patches))[: FITTED // len(np.unique(labels))]])
        return np.concatenate(drawn)

    def stretches(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches of whole bars: "patches" (n, context, size), "weight" (n, context), "label", "tempo" (n,)."""
        patches = np.zeros((len(items), self.context, self.patch_size), np.float32)
        weight = np.zeros((len(items), self.context), np.float32)
        for row, item in enumerate(items):
            begins = max(1, len(item["levels"]) // self.bar - self.config.bars + 1)
            begin = min(int(rng.uniform(*item["part"]) * begins), begins - 1)
            part = self.patches(item["levels"][begin * self.bar : (begin + self.config.bars) * self.bar])
            patches[row, : len(part)], weight[row, : len(part)] = part, 1
        return {
            "patches": torch.from_numpy(patches),
            "weight": torch.from_numpy(weight),
            "label": torch.tensor([int(item["label"]) for item in items]),
            "tempo": torch.tensor([float(item["bpm"][0]) for item in items]),
        }

    def wanted(self, request: Request) -> int:
        """How many patches a request comes to: of a loop, whole bars."""
        step = float(self.seconds_per_frame(request.bpm)) * int(self.config.patch)
        if not request.loop:
            return max(1, round(request.seconds / step))
        return max(1, round(request.seconds / step / self.patches_per_bar)) * self.patches_per_bar


def pace(tempo: Tensor) -> Tensor:
    """Beats a minute (n,) as -1..1 (n, 1), in octaves."""
    middle, reach = math.log(SLOWEST * FASTEST) / 2, math.log(FASTEST / SLOWEST) / 2
    return ((tempo.clamp(SLOWEST, FASTEST).log() - middle) / reach)[:, None]
