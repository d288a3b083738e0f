"""What models that compose add to the contract: continuing, inventing and filling in, and the likelihood of pieces.

    Score (prompt) --compose--> Event, Event, ...   one by one, as each is decided
    item --field_nats--> what each field of the notes cost

A composer of any kind, of tokens or of piano rolls, is used and measured through these alone.
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import ClassVar

import numpy as np

from partita.errors import UsageError
from partita.events import Control, Note
from partita.midi import Score
from partita.models.base import Item, Model
from partita.sampling import Sampling

Event = Note | Control
"""A note, or a pedal that goes up or down; ticks are milliseconds."""

FIELDS = ("time", "pitch", "velocity", "duration", "pedal")
"""What the likelihood of a piece is split into."""


class Composer(Model):
    """A model that writes music.

    A subclass says in `field_nats` whether it gives exact likelihoods or bounds, and which fields it has: one without
    velocities leaves them out, and its bits per note then do not compare with those of one that has them.
    """

    trial_data = "synthetic-scores"
    continues: ClassVar[bool] = True
    """Whether it goes on from a prompt; a model that does not makes new pieces alone."""

    def compose(
        self,
        prompt: Score | None,
        seconds: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None = None,
    ) -> Iterator[Event]:
        """Yield what follows `prompt` for so many seconds, in order of time, each event as soon as it is decided.

        Ticks are milliseconds counted from the end of the prompt, or from 0 without one. No event lies after `seconds`,
        no note sounds beyond, and the pedal goes up there, so that the result lasts exactly that long. `until` is what
        follows a gap of `seconds` that is to be filled, its times counted from its own beginning. All randomness comes
        from `rng`: its state and the arguments decide every byte.
        Raises `UsageError` for a length that is not above 0, or for `until` where the model can't infill.
        """
        raise NotImplementedError

    def context_seconds(self, prompt: Score) -> float:
        """How many seconds of a prompt, counted back from its end, are used."""
        raise NotImplementedError

    def vary(self, score: Score, amount: float, rng: np.random.Generator) -> Score:
        """A variation of a piece of any length: 0 is as near to it as the model gets, 1 a new piece.

        Raises `UsageError` for an amount that is not in 0..1, or where the model can't.
        """
        raise UsageError(f"{self.name} makes no variations of a piece; aaa-vae-notes does")

    def between(self, first: Score, second: Score, share: float) -> Score:
        """A piece that lies between two: 0 is as near to the first as the model gets, 1 to the second.

        Raises `UsageError` for a share that is not in 0..1, or where the model can't.
        """
        raise UsageError(f"{self.name} finds no pieces between two; aaa-vae-notes does")

    def field_nats(self, item: Item) -> dict[str, tuple[float, int]]:
        """The negative log-likelihood of a whole piece by `FIELDS`: for each, total nats and how many notes there are.

        The sum over fields is that of the piece.
        """
        raise NotImplementedError

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Nats per note, in all as `loss` and by field: total nats / total notes of whole pieces."""
        pieces = [self.field_nats(item) for item in items]
        notes = max(1, sum(next(iter(piece.values()))[1] for piece in pieces))
        fields = {name: sum(piece[name][0] for piece in pieces) / notes for name in pieces[0]}
        return {"loss": sum(fields.values()), **fields}


def bits_per_note(nats: dict[str, tuple[float, int]]) -> dict[str, float]:
    """Bits per note by field, of what `Composer.field_nats` gives.

    >>> bits_per_note({"pitch": (log(2) * 30, 10)})
    {'pitch': 3.0}
    """
    return {name: total / max(1, notes) / log(2) for name, (total, notes) in nats.items()}
