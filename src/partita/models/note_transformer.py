"""note-transformer: expressive piano music, one row of decisions for each note.

A causal transformer reads rows (`decisions.py`) and decides the next one field by field: how long to wait, what comes,
how loud, how long. Half of every head's dimensions are turned by the place of a row, the other half by its time in
seconds (rotary positions, Su et al. 2021), so that attention knows "eight notes ago" as well as "half a second ago",
whatever the density.

The turning by time also makes infilling cheap. What follows the gap is read first, marked as later and turned by its
true time; then come the rows before the gap and those of the gap itself in their usual order. A share of the training
stretches is read so; nothing else of the network is special to it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from partita.errors import UsageError
from partita.models.base import Batch, Item, Recipe
from partita.models.decision_composer import DecisionComposer
from partita.models.decisions import (
    CLOSE,
    LONG,
    LOUD,
    MIDDLE_C,
    NO_DURATION,
    NO_VELOCITY,
    OPENING,
    SHIFT,
    SIZES,
    START,
    UP,
    WHAT,
    Rows,
    altered,
    before,
    moments,
    pedal_before,
    seconds,
    shifts_allowed,
    spelled,
    struck_before,
    whats_allowed,
)
from partita.models.layers import embedding
from partita.models.note_reader import NoteReader, frequencies, rows_kept

READ = (SIZES[SHIFT], START + 1, SIZES[LOUD] + 1, SIZES[LONG] + 1)
"""How many values of each column are read: those that are decided, and "none"."""
SPREAD = 0.3
"""Deviation of embeddings before training."""


@dataclass(frozen=True)
class NoteTransformerConfig:
    """`context` is how many rows it looks back at; `width`, `heads` and `layers` are the transformer's.

    In training, pieces are moved by up to `transpose` semitones, played up to `stretch` slower or faster, and up to
    `louder` tokens of velocity louder or softer; `infill` is the share of stretches that are read with what follows.
    """

    context: int = 512
    width: int = 192
    heads: int = 6
    layers: int = 5
    transpose: int = 5
    stretch: float = 0.1
    louder: int = 2
    infill: float = 0.2

    def __post_init__(self) -> None:
        if min(self.heads, self.layers) < 1 or self.context < 16 or self.width % (4 * self.heads):
            raise UsageError("heads and layers are 1 or more, context 16 or more, width a multiple of 4 times heads")
        if min(self.transpose, self.louder) < 0 or not 0 <= self.stretch < 0.5 or not 0 <= self.infill <= 1:
            raise UsageError("transpose and louder are 0 or more, stretch is 0 to 0.5, infill 0 to 1")


class Stretch(NamedTuple):
    """A stretch of a piece as the network sees it, rows (n, ...) in the order of reading.

    `read` are the rows before `rows`, `seconds` when they happened, `later` whether they follow the gap; `down` says
    whether the pedal is, before each row, and `struck` which pitch was the last.
    """

    read: NDArray[Any]
    seconds: NDArray[Any]
    later: NDArray[Any]
    rows: NDArray[Any]
    down: NDArray[Any]
    struck: NDArray[Any]

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """A whole piece."""
        times, later = np.append(0, seconds(rows)[:-1]), np.zeros(len(rows), bool)
        return cls(before(rows), times, later, rows, pedal_before(rows), struck_before(rows))

    def part(self, start: int, stop: int) -> "Stretch":
        """The rows from `start` to `stop`."""
        return Stretch(*(column[start:stop] for column in self))

    def after(self, rows: Rows, times: NDArray[np.float64]) -> "Stretch":
        """The same, read after `rows` that follow it at `times`."""
        none = np.zeros(len(rows), np.int64)
        columns = zip((rows, times, none == 0, rows, none > 0, none), self, strict=True)
        return Stretch(*(np.concatenate(pair) for pair in columns))


class NoteTransformer(DecisionComposer):
    """Writes expressive piano music, continues it and fills gaps in it."""

    name = "note-transformer"
    Config = NoteTransformerConfig
    recipe = Recipe(
        steps=4000, batch=8, learning_rate=3e-3, weight_decay=0.1, warmup=100, ema=0.998, clip=1.0, validate_every=1000
    )
    infills = True

    def __init__(self, config: NoteTransformerConfig) -> None:
        super().__init__(config)
        width = config.width
        self.pairs = width // config.heads // 4
        self.read = nn.ModuleList(embedding(size, width, SPREAD) for size in READ)
        self.later = nn.Parameter(0.1 * torch.randn(width))
        self.blocks = nn.ModuleList(Block(width, config.heads, config.layers) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.given = nn.ModuleList(embedding(size, width, SPREAD) for size in READ[:LONG])
        self.think = nn.ModuleList(nn.Linear(width, width) for _ in range(LONG))
        self.say = nn.ModuleList(nn.Linear(width, size) for size in SIZES)
        self.interval = nn.Linear(width, 2 * UP - 1)

    @classmethod
    def tiny(cls) -> Self:
        """One layer of 32 units that looks back 32 rows."""
        return cls(NoteTransformerConfig(context=32, width=32, heads=2, layers=1, transpose=0, stretch=0, louder=0))

    def pieces(self, item: Item) -> Sequence[Item]:
        """The stretches that a piece is learnt by, each with its place; `batch` moves them about it."""
        count = max(1, round(len(moments(item["tokens"])) / self.config.context))
        return [{"tokens": item["tokens"], "place": np.array(number / count)} for number in range(count)]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches of altered pieces as `Stretch` holds them, with masks of what is allowed and which rows count."""
        return self._stacked([self._stretch(item, rng) for item in items])

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Nats per row, at half precision, which halves the time on processors that have it."""
        with torch.autocast(batch["rows"].device.type, torch.bfloat16):
            nats = self._nats(batch).sum(-1)
        return {"loss": (nats * batch["weight"]).sum() / batch["weight"].sum()}

    def row_nats(self, rows: Rows) -> NDArray[np.float64]:
        """Nats (rows, 4) of the decisions of a whole piece; each sees at least half of `config.context` before it."""
        length, count = self.config.context, len(rows)
        whole = Stretch.of(rows)
        starts = [0, *range(length // 2, count - length // 2, length // 2)]
        parts: list[NDArray[np.float64]] = []
        self.eval()
        with torch.inference_mode():
            for number in range(0, len(starts), 8):
                windows = [whole.part(start, start + length) for start in starts[number : number + 8]]
                device = self.norm.weight.device
                nats = self._nats({name: part.to(device) for name, part in self._stacked(windows).items()})
                parts += [
                    row[length // 2 if start else 0 : len(window.rows)].double().cpu().numpy()
                    for start, window, row in zip(starts[number:], windows, nats, strict=False)
                ]
        return np.concatenate(parts)

    def reader(self, rows: Rows, later: Rows, ahead: float) -> NoteReader:
        """Read in NumPy, which is faster than torch at one row at a time."""
        weights = {name: tensor.float().cpu().numpy() for name, tensor in self.state_dict().items()}
        return NoteReader(weights, self.config.heads, self.config.context, rows, later, ahead)

    def rows_used(self, rows: Rows) -> int:
        """The last rows that are read to begin with, without a gap to fill."""
        return min(len(rows), rows_kept(self.config.context))

    def _stretch(self, item: Item, rng: np.random.Generator) -> Stretch:
        """A stretch near an item's place, altered, and now and then with what follows it."""
        config = self.config
        table = altered(
            moments(item["tokens"]),
            int(rng.integers(-config.transpose, config.transpose + 1)),
            float(np.exp(rng.uniform(-1, 1) * np.log1p(config.stretch))),
            int(rng.integers(-config.louder, config.louder + 1)),
        )
        rows = spelled(table)
        hint = int(rng.integers(16, max(17, config.context // 3))) if rng.random() < config.infill else 0
        length = config.context - hint
        middle = float(item["place"]) * len(rows) + rng.integers(-length // 2, length // 2 + 1)
        start = int(np.clip(middle, 0, max(0, len(rows) - config.context)))
        stop = start + length
        return Stretch.of(rows).part(start, stop).after(rows[stop:][:hint], seconds(rows)[stop:][:hint])

    def _stacked(self, stretches: Sequence[Stretch]) -> Batch:
        shape = (len(stretches), self.config.context)
        arrays: dict[str, NDArray[Any]] = {
            "read": np.tile(OPENING[0], (*shape, 1)),
            "seconds": np.zeros(shape, np.float32),
            "later": np.zeros(shape, bool),
            "rows": np.tile([0, CLOSE, NO_VELOCITY, NO_DURATION], (*shape, 1)),
            "struck": np.full(shape, MIDDLE_C),
            "shifts": np.ones((*shape, SIZES[SHIFT]), bool),
            "whats": np.ones((*shape, SIZES[WHAT]), bool),
            "weight": np.zeros(shape, np.float32),
        }
        for number, each in enumerate(stretches):
            length, own = len(each.rows), np.flatnonzero(~each.later)
            for name in ("read", "later", "rows", "struck"):
                arrays[name][number, :length] = getattr(each, name)
            arrays["seconds"][number, :length] = each.seconds - each.seconds[0]
            arrays["weight"][number, own] = 1
            arrays["shifts"][number, own] = shifts_allowed(each.read[own])
            arrays["whats"][number, own] = whats_allowed(each.read[own], each.down[own], each.rows[own, SHIFT])
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def _nats(self, batch: Batch) -> Tensor:
        """Nats (stretches, rows, 4) of the decisions of a batch."""
        context, rows = self(batch["read"], batch["seconds"], batch["later"]), batch["rows"]
        shift, what, loud, long = (logits.float() for logits in self._decide(context, rows, batch["struck"]))
        shift, what = shift.masked_fill(~batch["shifts"], -math.inf), what.masked_fill(~batch["whats"], -math.inf)
        note = rows[..., WHAT] < UP
        target = torch.where(note[..., None], rows, rows * torch.tensor([1, 1, 0, 0], device=rows.device))
        nats = [
            F.cross_entropy(logits.flatten(0, 1), target[..., field].flatten(), reduction="none").view(note.shape)
            for field, logits in enumerate((shift, what, loud, long))
        ]
        return torch.stack([*nats[:LOUD], *(each * note for each in nats[LOUD:])], -1)

    def forward(self, read: Tensor, seconds: Tensor, later: Tensor) -> Tensor:
        """What is known after each row of `read` (stretches, rows, 4), (stretches, rows, width)."""
        x: Tensor = later[..., None] * self.later
        for field, table in enumerate(self.read):
            x = x + table(read[..., field])
        by_place, by_time = (torch.from_numpy(row).to(read.device) for row in frequencies(self.pairs))
        place = torch.arange(read.shape[1], device=read.device)
        angle = torch.cat([(place[:, None] * by_place).expand(len(read), -1, -1), seconds[..., None] * by_time], -1)
        turn = torch.stack([angle.cos(), angle.sin()])[:, :, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, turn)
        return cast(Tensor, self.norm(x))

    def _decide(self, context: Tensor, rows: Tensor, struck: Tensor) -> list[Tensor]:
        """Logits (..., n) of the four decisions of `rows`, each given those before it."""
        logits: list[Tensor] = [self.say[SHIFT](context)]
        known = context
        for field in range(LONG):
            known = known + self.given[field](rows[..., field])
            thought = known + F.relu(self.think[field](known)).square()
            logits.append(self.say[field + 1](thought))
            if field + 1 == WHAT:  # pitches are answered as intervals from the last one, too
                places = torch.arange(UP, device=struck.device) - struck[..., None] + UP - 1
                intervals = self.interval(thought).gather(-1, places)
                logits[WHAT] = logits[WHAT] + F.pad(intervals, (0, SIZES[WHAT] - UP))
        return logits


class Block(nn.Module):
    """A causal transformer layer with rotary positions."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.output = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for last in (self.output, self.narrow):  # so that what layers add keeps its size however many there are
            nn.init.normal_(last.weight, std=0.5 / math.sqrt(last.in_features * layers))

    def forward(self, x: Tensor, turn: Tensor) -> Tensor:
        """(pieces, rows, width) -> the same; `turn` (2, pieces, 1, rows, half) are cosines and sines."""
        parts = self.attention(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(_turned(query, turn), _turned(key, turn), value, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).flatten(2))
        return cast(Tensor, x + self.narrow(F.relu(self.wide(self.feed_norm(x))).square()))


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    """Turn pairs of dimensions by angles whose cosines and sines are given."""
    (cos, sin), (a, b) = turn.to(x.dtype), x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
