"""`Rework`: variations of a piece, and pieces that lie between two, by a model that encodes and decodes music.

What it gives stands where a `Stream` does, without guards: a fault of the piece may well be in its variation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from partita.composing.stream import Repair
from partita.errors import UnusableMidiError
from partita.events import Note
from partita.metrics.symbolic import Passage
from partita.midi import Score
from partita.models.composer import Composer


@dataclass(frozen=True, eq=False)
class Rework:
    """Variations of `first` by `amount` (0..1) or, where there is a `second`, pieces on the way there."""

    first: Score
    second: Score | None
    amount: float

    @property
    def seconds(self) -> float:
        """How long the result is: as the longer of the two."""
        return max(score.seconds for score in (self.first, self.second) if score)

    def stream(self, model: Composer, seed: int, number: int, count: int) -> "Reworked":
        """The piece of this number, from 0, of so many: each varied at random, or each further on the way.

        Raises `UsageError` where the model can't.
        """
        if self.second is not None:
            made = model.between(self.first, self.second, (number + 1) / (count + 1))
        else:
            made = model.vary(self.first, self.amount, np.random.default_rng([seed, number]))
        return Reworked(made, round(1000 * self.seconds))


@dataclass(frozen=True, eq=False)
class Reworked:
    """The events of a `score` of 1 ms ticks up to `length` milliseconds; nothing was repaired."""

    score: Score
    length: int
    repairs: tuple[Repair, ...] = ()
    unmended: str | None = None

    def __iter__(self) -> Iterator[Note]:
        for row in self.score.notes().tolist():
            note = Note(*row)
            if note.tick < self.length:
                yield note._replace(duration=min(note.duration, self.length - note.tick))


def opening(score: Score, seconds: float) -> Score:
    """The first so many seconds of a score's pitched notes, counted from the first, in ticks of a millisecond.

    Raises `UnusableMidiError` for a score without any.
    """
    passage = Passage.of(score)
    if not len(passage):
        raise UnusableMidiError(score.name, "no notes but drums, so there is nothing to vary")
    return replace(passage.cut(0, min(seconds, passage.seconds)).score(), name=score.name)
