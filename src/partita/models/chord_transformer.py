"""chord-transformer: the next step of a piano roll, the whole chord at once, with its exact likelihood.

A chord is spelled from the bottom: its lowest note, the next one above it, and so on to an end mark. Each of these
decisions is a softmax over the notes above the last one and the end, so that probabilities of all chords sum to one and
a step of four notes costs five decisions, not 88.

Three sources feed a decision. A small transformer over steps gives the context. Copy heads attend from it to earlier
steps and bring the chord that *followed* them as a soft roll, so that a repeat is found and read off in one layer. And
all rolls (the last steps', the copied ones, the chord so far) are seen through a window around the last note and
answered as intervals from it, which makes that part blind to transposition, as the tied weights of Johnson's BALSTM do
("Generating polyphonic music using tied parallel networks", EvoMUSART 2017) at a fraction of their cost.
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
from partita.example import KEYS
from partita.models.attention import Block, biases, recency
from partita.models.base import Batch, Item, Recipe
from partita.models.layers import embedding
from partita.models.rolls import RollModel

BELOW, ABOVE = 24, 36
"""The window around the last note, in semitones."""
WINDOW = BELOW + 1 + ABOVE
COUNTED = 8
"""Notes of a chord that are told apart by their number; higher ones count as the last."""
CLOCKS = (48, 32)
"""Steps after which the clocks start again: bars of two, three, four and six beats fit into one of them."""
OPENING = 16
"""Steps from a piece's start that are told apart from the rest."""
HEAD = 16
"""Width of a copy head's query."""
FORGETTING = 0.5
"""What a step back costs the first head of attention, in nats, before training."""
SPREAD = 0.1
"""Deviation of embeddings before training."""


@dataclass(frozen=True)
class ChordTransformerConfig:
    """`context` is how many steps it looks back at; `width`, `heads` and `layers` are the transformer's.

    `copies` heads read off earlier passages, `recent` last steps are seen as they were; `decision` is the width of the
    network that spells chords. `transpose` is the greatest shift of pieces in training, in semitones. `dropout` falls
    on hidden units, `roll_dropout` on what is seen of rolls. `keys` are those of the roll.
    """

    context: int = 128
    width: int = 128
    heads: int = 4
    layers: int = 2
    copies: int = 8
    recent: int = 4
    decision: int = 144
    transpose: int = 6
    dropout: float = 0.3
    roll_dropout: float = 0.2
    keys: int = KEYS

    def __post_init__(self) -> None:
        if min(self.context, self.width, self.heads, self.layers, self.copies, self.decision) < 1 or self.recent < 2:
            raise UsageError("context, width, heads, layers, copies and decision are 1 or more, recent 2 or more")
        if self.context % 2 or self.width % self.heads or not 0 <= self.transpose < self.keys:
            raise UsageError("context is even, width a multiple of heads, transpose from 0 up and below keys")


class Spelling(NamedTuple):
    """The decisions (n,) that spell the chords of steps, in order.

    `step` is whose chord it is, `target` the note decided on (or `keys`, the end), `last` the note before (-1: none),
    `around` the note that the window lies around: the last, or the lowest of the step before for a chord's first.
    `number` counts within the chord.
    """

    step: Tensor
    target: Tensor
    last: Tensor
    around: Tensor
    number: Tensor


def spell(now: Tensor, past: Tensor) -> Spelling:
    """Spell the chords of `now` (steps, keys) after those of `past` (steps, keys)."""
    steps, keys = now.shape
    step, target = torch.cat([now, now.new_ones(steps, 1)], 1).nonzero(as_tuple=True)
    first = F.pad(step[1:] != step[:-1], (1, 0), value=True)
    before = F.pad(target[:-1], (1, 0))
    lowest = torch.where(past.any(1), past.argmax(1), keys // 2)[step]
    starts = first.nonzero().squeeze(1)
    return Spelling(
        step,
        target,
        torch.where(first, -1, before),
        torch.where(first, lowest, before),
        torch.arange(len(step), device=now.device) - starts[step],
    )


class ChordTransformer(RollModel):
    """Spells the chord of each step from the steps before it."""

    name = "chord-transformer"
    Config = ChordTransformerConfig
    recipe = Recipe(steps=1000, batch=8, learning_rate=2e-3, weight_decay=0.1, warmup=50, ema=0.995, clip=1.0)
    exact = True

    def __init__(self, config: ChordTransformerConfig) -> None:
        super().__init__(config)
        keys, width, decision = config.keys, config.width, config.decision
        rolls = config.recent + config.copies
        self.seen = nn.Linear(2 * keys, width)
        self.clocks = nn.ModuleList(embedding(size, width, SPREAD) for size in (*CLOCKS, OPENING))
        self.blocks = nn.ModuleList(
            Block(width, config.heads, config.context, config.dropout, wider=2, forgetting=FORGETTING)
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.copy = nn.Linear(width, 2 * config.copies * HEAD)
        self.copy_recency = nn.Parameter(recency(config.copies, config.context, FORGETTING))
        self.known = nn.Linear(width, decision)
        self.around = nn.Linear((rolls + 1) * WINDOW, decision)
        self.so_far = nn.Linear(keys, decision)
        self.last, self.number = embedding(keys + 1, decision, SPREAD), embedding(COUNTED, decision, SPREAD)
        self.think = nn.Sequential(
            nn.LayerNorm(decision),
            nn.Linear(decision, 2 * decision),
            nn.GELU(),
            nn.Linear(2 * decision, decision),
            nn.Dropout(config.dropout),
        )
        self.decided = nn.LayerNorm(decision)
        self.note = nn.Linear(decision, keys + 1)
        self.interval = nn.Linear(decision, WINDOW)
        self.roll = nn.Linear(decision, rolls)
        self.dropout, self.roll_dropout = nn.Dropout(config.dropout), nn.Dropout(config.roll_dropout)

    @classmethod
    def tiny(cls) -> Self:
        """One layer of 16 units that looks back 16 steps."""
        return cls(ChordTransformerConfig(context=16, width=16, heads=2, layers=1, copies=2, recent=2, decision=32))

    def pieces(self, item: Item) -> Sequence[Item]:
        """The stretches that a piece is learnt by, each with its place; `batch` moves them about it."""
        cells, length = item["cells"], self.config.context
        count = max(1, round(len(cells) / length))
        return [{"cells": cells, "place": np.array(number / count)} for number in range(count)]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Stretches "now" with the steps before them, "past", their "clock", and which steps count in "weight"."""
        length, keys = self.config.context, self.config.keys
        past, now = (np.zeros((len(items), length, keys), np.float32) for _ in range(2))
        clock, weight = np.zeros((len(items), length), np.int64), np.zeros((len(items), length), np.float32)
        for row, item in enumerate(items):
            cells = _transposed(item["cells"], int(rng.integers(-self.config.transpose, self.config.transpose + 1)))
            middle = float(item["place"]) * len(cells) + rng.integers(-length // 2, length // 2 + 1)
            start = int(np.clip(middle, 0, max(0, len(cells) - length)))
            part = cells[start : start + length]
            now[row, : len(part)] = part
            past[row, : len(part)] = _before(cells, start, len(part))
            clock[row] = start + np.arange(length)
            weight[row, length // 8 if start else 0 : len(part)] = 1  # a stretch's first steps lack their context
        arrays = {"past": past, "now": now, "clock": clock, "weight": weight}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Nats per step."""
        nats = self(batch["past"], batch["now"], batch["clock"])
        return {"loss": (nats * batch["weight"]).sum() / batch["weight"].sum()}

    def nats(self, item: Item) -> NDArray[np.float64]:
        """Nats (steps,) of a piece of any length: each step sees at least half of `config.context` before it."""
        cells, length = np.asarray(item["cells"]), self.config.context
        device = self.note.weight.device
        rows: list[Tensor] = []
        self.eval()
        with torch.inference_mode():
            for start in [0, *range(length, len(cells), length // 2)]:
                begin, end = (0, length) if start == 0 else (start - length // 2, start + length // 2)
                now = cells[begin:end].astype(np.float32)
                past = _before(cells, begin, len(now)).astype(np.float32)
                clock = begin + torch.arange(len(now))
                tensors = (torch.from_numpy(past), torch.from_numpy(now), clock)
                nats = self(*(tensor[None].to(device) for tensor in tensors))[0]
                rows.append(nats[start - begin :].double().cpu())
        return cast(NDArray[np.float64], torch.cat(rows).numpy())

    def forward(self, past: Tensor, now: Tensor, clock: Tensor) -> Tensor:
        """Nats (pieces, steps) of the chords `now` (pieces, steps, keys), each after its `past`, at steps `clock`."""
        pieces, steps = now.shape[:2]
        recent = [F.pad(past, (0, 0, ago, 0))[:, :steps] for ago in range(self.config.recent)]
        context = self._context(recent, clock)
        rolls = torch.cat([torch.stack(recent, 2), self._copied(context, past)], 2).flatten(0, 1)
        spelling = spell(now.flatten(0, 1), past.flatten(0, 1))
        logits = self._decide(spelling, self.dropout(self.known(context)).flatten(0, 1), rolls, now.flatten(0, 1))
        nats = F.cross_entropy(logits, spelling.target, reduction="none")
        return torch.zeros_like(now[..., 0]).flatten().index_add(0, spelling.step, nats.float()).view(pieces, steps)

    def _context(self, recent: list[Tensor], clock: Tensor) -> Tensor:
        """What is known before each step, (pieces, steps, width)."""
        x = self.seen(self.roll_dropout(torch.cat(recent[:2], -1)))
        places = [*(clock % size for size in CLOCKS), clock.clamp(max=OPENING - 1)]
        for table, place in zip(self.clocks, places, strict=True):
            x = x + table(place)
        for block in self.blocks:
            x = block(x)
        return cast(Tensor, self.norm(x))

    def _copied(self, context: Tensor, past: Tensor) -> Tensor:
        """Soft rolls (pieces, steps, copies, keys): chords that followed earlier steps like the one before this one."""
        query, key = self.copy(context).unflatten(-1, (2, self.config.copies, HEAD)).permute(2, 0, 3, 1, 4)
        key = F.pad(key, (0, 0, 1, 0))[:, :, :-1]  # the chord before this step followed the step before that
        scores = query @ key.transpose(-1, -2) / math.sqrt(HEAD) + biases(self.copy_recency, past.shape[1])
        copied: Tensor = scores.softmax(-1) @ past[:, None]
        return copied.transpose(1, 2)

    def _decide(self, spelling: Spelling, context: Tensor, rolls: Tensor, now: Tensor) -> Tensor:
        """Logits (decisions, keys + 1) of each note, and of the end."""
        step, _, last, around, number = spelling
        keys = torch.arange(now.shape[1], device=now.device)
        so_far = now[step] * (keys <= last[:, None])
        with torch.no_grad():  # copy heads learn by what they point at, below: that halves the cost
            shown = F.pad(self.roll_dropout(rolls), (ABOVE, ABOVE)).unfold(2, WINDOW, 1).transpose(1, 2)
            chord = F.pad(so_far, (ABOVE, ABOVE)).unfold(1, WINDOW, 1)
            start = around + ABOVE - BELOW
            seen = torch.cat([shown[step, start], chord[torch.arange(len(step)), start][:, None]], 1).flatten(1)
        x = context[step] + self.around(seen) + self.so_far(so_far)
        x = x + self.last(last + 1) + self.number(number.clamp(max=COUNTED - 1))
        x = self.dropout(self.decided(x + self.think(x)))
        side = len(keys)
        intervals = F.pad(self.interval(x), (side, side)).gather(1, keys - around[:, None] + BELOW + side)
        pointers = x.new_zeros(len(now), int(number.max()) + 1, rolls.shape[1])
        pointed = (pointers.index_put((step, number), self.roll(x)) @ rolls)[step, number]
        notes: Tensor = self.note(x)
        above = (notes[:, :-1] + intervals + pointed).masked_fill(keys <= last[:, None], -math.inf)
        return torch.cat([above, notes[:, -1:]], 1)


def _before(cells: NDArray[Any], start: int, count: int) -> NDArray[Any]:
    """The steps that come before each of `count` steps from `start` on; silence comes before the first."""
    if start:
        return cells[start - 1 : start - 1 + count]
    return np.concatenate([np.zeros_like(cells[:1]), cells[: count - 1]])


def _transposed(cells: NDArray[Any], semitones: int) -> NDArray[Any]:
    """The piece moved up by semitones, or as far towards that as the keyboard reaches."""
    used = np.flatnonzero(cells.any(0))
    if not len(used):
        return cells
    moved = int(np.clip(semitones, -used[0], cells.shape[1] - 1 - used[-1]))
    return np.roll(cells, moved, axis=1)
