"""markov: counts of what followed what, the baseline that every composer is measured beside.

Each decision of a row (`decisions.py`) is predicted from a chain of contexts, from none to the last few notes, by
interpolated absolute discounting (Ney, Essen and Kneser 1994): every context gives part of its counts to the next
shorter one. Pitches are counted both as they are and as intervals from the last one, so that a transposed turn is
known, too. Contexts that came less than `least` times are forgotten, which makes it small. Listeners could not tell
the best network of its time from such a model (Yin et al., Machine Learning 112, 2023).

Probabilities sum to one over what `tokens.Grammar` allows, so the likelihood is exact and compares with a network's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partita.errors import UsageError
from partita.models.base import Item
from partita.models.decision_composer import DecisionComposer
from partita.models.decisions import (
    LONG,
    LOUD,
    NO_DURATION,
    NO_VELOCITY,
    OPENING,
    SHIFT,
    SIZES,
    STEPS,
    UP,
    WHAT,
    Rows,
    before,
    moments,
    pedal_before,
    shifts_allowed,
    spelled,
    whats_allowed,
)
from partita.models.space import Real, Space
from partita.tokens import DURATIONS

MEMORY = 3
"""How many notes, and how many gaps, a context may look back at."""
NO_PITCH = 128
KEPT = 512
"""Rows of which a reader makes features, so that each decision takes as long as the one before."""
LENGTHS = np.append(np.digitize(DURATIONS, np.unique(np.geomspace(1, 1000, 24).astype(int))), 0)
"""Durations in about two dozen classes, for contexts; 0 for none."""


class Context(NamedTuple):
    """What a decision is predicted from: named features, and whether a pitch is predicted as an interval."""

    features: tuple[str, ...]
    intervals: bool = False


CHAINS: tuple[tuple[Context, ...], ...] = (
    (
        Context(("kind",)),
        Context(("kind", "chord")),
        Context(("kind", "chord", "gap1")),
        Context(("kind", "chord", "gap1", "gap2")),
        Context(("kind", "chord", "gap1", "gap2", "gap3")),
    ),
    (
        Context(("still", "kind", "down")),
        Context(("still", "kind", "pitch1")),
        Context(("still", "kind", "down"), intervals=True),
        Context(("still", "step1"), intervals=True),
        Context(("still", "chord", "step1", "step2"), intervals=True),
        Context(("still", "pitch1", "pitch2")),
        Context(("still", "pitch1", "pitch2", "pitch3")),
    ),
    (
        Context(()),
        Context(("loud1",)),
        Context(("still", "loud1")),
        Context(("still", "loud1", "loud2")),
        Context(("still", "loud1", "loud2", "loud3")),
    ),
    (
        Context(()),
        Context(("still", "down")),
        Context(("still", "down", "long1")),
        Context(("still", "long1", "long2")),
        Context(("still", "exact1")),
        Context(("still", "exact1", "long2", "gap1")),
    ),
)
"""For each decision its contexts, each refined by the next."""

RADIX = {
    **dict.fromkeys(("kind", "chord"), 5),
    **dict.fromkeys(("still", "down"), 2),
    **dict.fromkeys(("gap1", "gap2", "gap3"), len(STEPS)),
    **dict.fromkeys(("pitch1", "pitch2", "pitch3"), NO_PITCH + 1),
    **dict.fromkeys(("step1", "step2"), 2 * NO_PITCH + 1),
    **dict.fromkeys(("loud1", "loud2", "loud3"), NO_VELOCITY + 1),
    **dict.fromkeys(("long1", "long2"), int(LENGTHS.max()) + 1),
    "exact1": NO_DURATION + 1,
}
"""How many values each feature has."""

Features = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class MarkovConfig:
    """`least` is how often a context must have come to be remembered, `discount` what each count gives away."""

    least: int = 128
    discount: float = 0.8

    def __post_init__(self) -> None:
        if self.least < 1 or not 0 < self.discount < 1:
            raise UsageError("least is 1 or more, discount above 0 and below 1")


class Markov(DecisionComposer):
    """Counts of decisions in their contexts.

    For context `c` of decision `d`, `keys_d_c` (n,) are the contexts seen, in order, `ends_d_c` (n,) where the entries
    of each end, `choices_d_c` and `counts_d_c` what came in them and how often.
    """

    name = "markov"
    Config = MarkovConfig
    closed_form = True
    space: ClassVar[Space] = {"discount": Real(0.5, 0.95)}

    def __init__(self, config: MarkovConfig) -> None:
        super().__init__(config)
        for place in ((field, number) for field, chain in enumerate(CHAINS) for number in range(len(chain))):
            self._keep(place, np.zeros(0, np.int64), *(np.zeros(0, np.int32) for _ in range(3)))

    @classmethod
    def tiny(cls) -> Self:
        """The same; it is as small as what it was fitted to."""
        return cls(MarkovConfig(least=2))

    @property
    def parameter_count(self) -> int:
        """How many counts it holds."""
        return sum(len(buffer) for name, buffer in self.named_buffers() if name.startswith("counts"))

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load tables of any size."""
        for name, tensor in state_dict.items():
            if name in self._buffers:
                self.register_buffer(name, torch.empty_like(tensor))
        return super().load_state_dict(state_dict, strict, assign)

    def fit(self, items: Sequence[Item], rng: np.random.Generator) -> Self:
        """Count."""
        pieces = [spelled(moments(item["tokens"])) for item in items]
        known = [features(rows) for rows in pieces]
        rows = np.concatenate(pieces)
        every = {name: np.concatenate([part[name] for part in known]) for name in known[0]}
        note = rows[:, WHAT] < UP
        for field, chain in enumerate(CHAINS):
            own = note if field >= LOUD else np.ones(len(rows), bool)
            for number, context in enumerate(chain):
                choice = rows[own, field]
                if context.intervals:
                    choice = _as_interval(choice, every["pitch1"][own])
                key = _packed(context, {name: column[own] for name, column in every.items()})
                self._keep((field, number), *_counted(key, choice, self.config.least))
        return self

    def row_nats(self, rows: Rows) -> NDArray[np.float64]:
        """Nats (rows, 4) of the decisions of a whole piece."""
        known, previous = features(rows), before(rows)
        masks = shifts_allowed(previous), whats_allowed(previous, pedal_before(rows), rows[:, SHIFT])
        nats = np.zeros((len(rows), 4))
        for field in range(4):
            own = np.flatnonzero(rows[:, WHAT] < UP) if field >= LOUD else np.arange(len(rows))
            for part in np.array_split(own, len(own) // 2048 + 1):
                p = self.distributions(field, {name: column[part] for name, column in known.items()})
                if field < LOUD:
                    p = np.where(masks[field][part], p, 0)
                nats[part, field] = np.log(p.sum(1)) - np.log(p[np.arange(len(part)), rows[part, field]])
        return nats

    def distributions(self, field: int, known: Features) -> NDArray[np.float64]:
        """Probabilities (n, choices) of a decision from features (n,) each."""
        count = len(known["kind"])
        p = np.full((count, SIZES[field]), 1 / SIZES[field])
        for number, context in enumerate(CHAINS[field]):
            p = self._refined(p, (field, number), context, known)
        return p

    def reader(self, rows: Rows, later: Rows, ahead: float) -> "MarkovReader":
        """Read the last rows."""
        return MarkovReader(self, rows)

    def rows_used(self, rows: Rows) -> int:
        """The rows of the last notes."""
        notes = np.flatnonzero(rows[:, WHAT] < UP)
        return len(rows) - int(notes[-MEMORY]) if len(notes) >= MEMORY else len(rows)

    def _refined(
        self, p: NDArray[np.float64], place: tuple[int, int], context: Context, known: Features
    ) -> NDArray[np.float64]:
        """Probabilities that a longer context makes of those of the shorter one."""
        keys, ends, choices, counts = self._table(place)
        key = _packed(context, known)
        at = np.minimum(np.searchsorted(keys, key), max(0, len(keys) - 1))
        found = np.flatnonzero(keys[at] == key) if len(keys) else np.zeros(0, int)
        if not len(found):
            return p
        at = at[found]
        begins = np.where(at, ends[at - 1], 0)
        sizes = ends[at] - begins
        row = np.repeat(np.arange(len(found)), sizes)
        entry = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(begins, sizes)
        choice, times = choices[entry].astype(int), counts[entry].astype(np.float64)
        if context.intervals:  # as pitches again; some lie beyond the keyboard
            choice = _as_pitch(choice, known["pitch1"][found][row])
            inside = choice >= 0
            row, choice, times = row[inside], choice[inside], times[inside]
        table = np.zeros((len(found), p.shape[1]))
        table[row, choice] = times - self.config.discount
        total = np.bincount(row, times, len(found))
        given = self.config.discount * np.bincount(row, minlength=len(found))
        sure = total > 0
        refined = p.copy()
        refined[found[sure]] = (table[sure] + given[sure, None] * p[found[sure]]) / total[sure, None]
        return refined

    def _keep(self, place: tuple[int, int], *columns: NDArray[Any]) -> None:
        for name, column in zip(("keys", "ends", "choices", "counts"), columns, strict=True):
            self.register_buffer(f"{name}_{place[0]}_{place[1]}", torch.from_numpy(column))

    def _table(self, place: tuple[int, int]) -> list[NDArray[Any]]:
        names = ("keys", "ends", "choices", "counts")
        tensors: list[Tensor] = [self.get_buffer(f"{name}_{place[0]}_{place[1]}") for name in names]
        return [tensor.numpy() for tensor in tensors]


class MarkovReader:
    """A piece that is read on by counts."""

    def __init__(self, model: Markov, rows: Rows) -> None:
        self.model = model
        self.rows = rows[-KEPT:]

    def logits(self, decided: tuple[int, ...]) -> NDArray[np.float64]:
        """Log-probabilities of the next decision."""
        following = np.array([[*decided, *OPENING[0, len(decided) :]]])
        known = features(np.concatenate([self.rows, following]))
        last = {name: column[-1:] for name, column in known.items()}
        return np.asarray(np.log(self.model.distributions(len(decided), last)[0]))

    def take(self, row: tuple[int, ...]) -> None:
        """Go on by one row."""
        self.rows = np.append(self.rows[1 - KEPT :], [row], axis=0)


def features(rows: Rows) -> dict[str, NDArray[np.int64]]:
    """What contexts are made of, for each row of a whole piece: (n,) each.

    `kind` of the row before (note, pedal up, down, time goes on, beginning), how many notes of the `chord` have come,
    the last gaps between moments, `still` where no time passes, whether the pedal is `down`; of the last notes pitch,
    interval (`step`), velocity and duration.
    """
    previous = before(rows)
    kind = np.select([previous[:, WHAT] < UP], [0], previous[:, WHAT] - UP + 1)
    table: dict[str, NDArray[np.int64]] = {
        "kind": np.minimum(kind, 4),
        "still": (rows[:, SHIFT] == 0).astype(np.int64),
        "down": pedal_before(rows).astype(np.int64),
    }
    moved = previous[:, SHIFT] > 0
    index = np.arange(len(rows))
    table["chord"] = np.minimum(index - np.maximum.accumulate(np.where(moved, index, 0)), 4)
    gaps = _last(previous[:, SHIFT], moved, 0)
    note = rows[:, WHAT] < UP
    pitches = _last_before(rows[:, WHAT], note, NO_PITCH)
    louds = _last_before(rows[:, LOUD], note, NO_VELOCITY)
    longs = _last_before(rows[:, LONG], note, NO_DURATION)
    for back in range(MEMORY):
        for name, column in (("gap", gaps), ("pitch", pitches), ("loud", louds)):
            table[f"{name}{back + 1}"] = column[back]
    for back in range(MEMORY - 1):
        table[f"step{back + 1}"] = pitches[back] - pitches[back + 1] + NO_PITCH
        table[f"long{back + 1}"] = LENGTHS[longs[back]]
    table["exact1"] = longs[0]
    return table


def _last(column: NDArray[np.int64], which: NDArray[np.bool_], none: int) -> list[NDArray[np.int64]]:
    """For each place the last `MEMORY` values at places up to it that count, the last first."""
    values = np.concatenate([np.full(MEMORY, none), column[which]])
    seen = np.cumsum(which) + MEMORY - 1
    return [values[seen - back] for back in range(MEMORY)]


def _last_before(column: NDArray[np.int64], which: NDArray[np.bool_], none: int) -> list[NDArray[np.int64]]:
    """The same of places before it."""
    return _last(np.append(none, column[:-1]), np.append(False, which[:-1]), none)


def _packed(context: Context, known: Features) -> NDArray[np.int64]:
    """The features of a context as one number."""
    key = np.zeros(len(known["kind"]), np.int64)
    for name in context.features:
        key = key * RADIX[name] + known[name]
    return key


def _counted(key: NDArray[np.int64], choice: NDArray[np.int64], least: int) -> tuple[NDArray[Any], ...]:
    """Keys, ends of their entries, choices and counts, of contexts that came `least` times or more."""
    pairs, counts = np.unique(key << 10 | choice, return_counts=True)
    keys, first, inverse = np.unique(pairs >> 10, return_index=True, return_inverse=True)
    often = np.bincount(inverse, counts) >= least
    kept = often[inverse]
    sizes = np.diff(np.append(first, len(pairs)))[often]
    narrow = np.minimum(counts[kept], np.iinfo(np.int32).max)
    return (
        keys[often],
        np.cumsum(sizes).astype(np.int32),
        (pairs[kept] & 1023).astype(np.int16),
        narrow.astype(np.int32),
    )


def _as_interval(what: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pitches as semitones from the last one, from 0 up; what is no pitch comes after them."""
    return np.where(what < UP, what - last + NO_PITCH, what - UP + 2 * NO_PITCH)


def _as_pitch(choice: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The way back; -1 where there is no such key."""
    pitch = choice + last - NO_PITCH
    inside = (pitch >= 0) & (pitch < UP)
    return np.where(choice < 2 * NO_PITCH, np.where(inside, pitch, -1), choice - 2 * NO_PITCH + UP)
