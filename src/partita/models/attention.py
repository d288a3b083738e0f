"""The transformer layer of beats and chords: attention that knows how far back something was, by a bias of each head.

With a bias for every distance (as T5's, Raffel et al., JMLR 2020) "what was here a bar ago" is one step away, and no
place needs a number of its own. Drawing goes place by place, with what was seen remembered.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Memory = tuple[Tensor | None, Tensor | None]
"""Keys and values (n, heads, places, size) of what a block has seen."""


class Block(nn.Module):
    """A causal transformer layer whose heads learn a bias for each distance back, up to `context` places.

    Biases start as `recency` has them. The feed is so many times `wider`.
    """

    def __init__(self, width: int, heads: int, context: int, dropout: float, *, wider: int, forgetting: float) -> None:
        super().__init__()
        self.heads, self.context = heads, context
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.recency = nn.Parameter(recency(heads, context, forgetting))
        self.feed = nn.Sequential(nn.Linear(width, wider * width), nn.GELU(), nn.Linear(wider * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(n, places, width) -> the same, all places at once."""
        query, key, value = self._parts(x)
        bias = biases(self.recency, x.shape[1])
        return self._after(x, F.scaled_dot_product_attention(query, key, value, attn_mask=bias[None]))

    def step(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """The next place (n, 1, width), with what was remembered of those before it, at most `context` in all."""
        query, key, value = self._parts(x)
        if memory[0] is not None and memory[1] is not None:
            key = torch.cat([memory[0], key], 2)[:, :, -self.context :]
            value = torch.cat([memory[1], value], 2)[:, :, -self.context :]
        bias = self.recency[:, : key.shape[2]].flip(1)[None, :, None]
        return self._after(x, F.scaled_dot_product_attention(query, key, value, attn_mask=bias)), (key, value)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.attention(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]

    def _after(self, x: Tensor, mixed: Tensor) -> Tensor:
        x = x + self.dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        return cast(Tensor, x + self.dropout(self.feed(self.feed_norm(x))))


def recency(heads: int, places: int, forgetting: float) -> Tensor:
    """Biases (heads, places) by distance to start from: each head forgets half as fast as the one before."""
    return -forgetting * torch.outer(2.0 ** -torch.arange(heads).float(), torch.arange(places).float())


def biases(recency: Tensor, places: int) -> Tensor:
    """What to add to scores of attention (heads, places, places): each distance's bias, and nothing from the future."""
    back = torch.arange(places, device=recency.device)
    distance = back[:, None] - back
    return recency[:, distance.clamp(min=0)].masked_fill(distance < 0, -math.inf)
