"""note-transformer at one row at a time, in NumPy: at its size that takes half the time of torch.

What was read is kept as keys and values of every layer. Where that is as much as the network looks back at, it is read
again from nearer, so that the network never sees a place that it was not trained on.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from partita.models.decisions import MIDDLE_C, OPENING, SHIFT, STEPS, UP, WHAT, Rows, seconds
from partita.tokens import STEPS_PER_SECOND

Floats = NDArray[np.float32]


def frequencies(pairs: int) -> tuple[Floats, Floats]:
    """The angles that pairs of dimensions turn by with each place, and with each second: (pairs,) of both."""
    by_place = 1000.0 ** (-np.arange(pairs) / pairs)
    by_time = 2 * np.pi / np.geomspace(0.1, 60, pairs)
    return by_place.astype(np.float32), by_time.astype(np.float32)


class NoteReader:
    """A piece that is read by the network of these weights, row by row.

    `rows` are the piece so far, of which the last that fit are read; `later` rows follow a gap and begin `ahead`
    seconds after the piece's beginning.
    """

    def __init__(
        self, weights: Mapping[str, Floats], heads: int, context: int, rows: Rows, later: Rows, ahead: float
    ) -> None:
        self.weights, self.heads, self.context = weights, heads, context
        self.layers = sum(name.endswith("attention.weight") for name in weights)
        width = weights["norm.weight"].shape[0]
        self.keys, self.values = (np.zeros((self.layers, heads, context, width // heads), np.float32) for _ in range(2))
        self.later = later[: context // 3]
        self.later_seconds = ahead + seconds(self.later)
        self.rows, self.seconds = np.concatenate([OPENING, rows]), np.append(0, seconds(rows))
        notes = rows[rows[:, WHAT] < UP, WHAT]
        self.struck = int(notes[-1]) if len(notes) else MIDDLE_C
        self._read_again()

    def logits(self, decided: tuple[int, ...]) -> Floats:
        """Logits of the next decision of the next row, whose first ones are `decided`."""
        field, known = len(decided), self.known
        for place, value in enumerate(decided):
            known = known + self.weights[f"given.{place}.weight"][value]
        if field:
            known = known + np.square(np.maximum(self._linear(f"think.{field - 1}", known), 0))
        logits = self._linear(f"say.{field}", known)
        if field == WHAT:
            intervals = self._linear("interval", known)
            logits[:UP] += intervals[UP - 1 - self.struck :][:UP]
        return logits

    def take(self, row: tuple[int, ...]) -> None:
        """Go on by one row."""
        self.rows = np.append(self.rows, [row], axis=0)
        self.struck = row[WHAT] if row[WHAT] < UP else self.struck
        self.seconds = np.append(self.seconds, self.seconds[-1] + STEPS[row[SHIFT]] / STEPS_PER_SECOND)
        if self.filled == self.context:
            self._read_again()
        else:
            self._read(self.rows[-1:], self.seconds[-1:], later=False)

    def _read_again(self) -> None:
        self.filled = 0
        kept = rows_kept(self.context) - len(self.later)
        self.rows, self.seconds = self.rows[-kept:], self.seconds[-kept:]
        if len(self.later):
            self._read(self.later, self.later_seconds, later=True)
        self._read(self.rows, self.seconds, later=False)

    def _read(self, rows: Rows, times: NDArray[np.float64], *, later: bool) -> None:
        """Read rows on after those that are kept, and know what comes after the last."""
        weights, count = self.weights, len(rows)
        x = np.tile(weights["later"] if later else np.float32(0), (count, 1))
        for field in range(rows.shape[1]):
            x = x + weights[f"read.{field}.weight"][rows[:, field]]
        begin, end = self.filled, self.filled + count
        cos, sin = self._turns(np.arange(begin, end), times)
        unseen = np.triu(np.full((count, count), -np.inf, np.float32), 1)
        for layer in range(self.layers):
            name = f"blocks.{layer}"
            parts = self._normed(f"{name}.attention_norm", x) @ weights[f"{name}.attention.weight"].T
            query, key, value = parts.reshape(count, 3, self.heads, -1).transpose(1, 2, 0, 3)
            keys, values = self.keys[layer, :, :end], self.values[layer, :, :end]
            keys[:, begin:], values[:, begin:] = _turned(key, cos, sin), value
            scores = _turned(query, cos, sin) @ keys.transpose(0, 2, 1) / math.sqrt(keys.shape[-1])
            scores[:, :, begin:] += unseen
            mixed = (_softmax(scores) @ values).transpose(1, 0, 2).reshape(count, -1)
            x = x + mixed @ weights[f"{name}.output.weight"].T
            wide = np.maximum(self._linear(f"{name}.wide", self._normed(f"{name}.feed_norm", x)), 0)
            x = x + self._linear(f"{name}.narrow", np.square(wide))
        self.filled = end
        self.known: Floats = self._normed("norm", x[-1])

    def _turns(self, places: NDArray[np.int64], times: NDArray[np.float64]) -> tuple[Floats, Floats]:
        by_place, by_time = frequencies(self.keys.shape[-1] // 4)
        angles = np.concatenate([np.outer(places, by_place), np.outer(times, by_time)], axis=1)
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def _linear(self, name: str, x: Floats) -> Floats:
        return np.asarray(x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def _normed(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(-1, keepdims=True) + np.float32(1e-5))
        return np.asarray(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def rows_kept(context: int) -> int:
    """How many rows are read to begin with, the opening among them, so that some can follow before the next time."""
    return context * 3 // 4


def _turned(x: Floats, cos: Floats, sin: Floats) -> Floats:
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))
