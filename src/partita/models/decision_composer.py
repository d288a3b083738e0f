"""What composers that decide row by row share: from scores to rows, and constrained decoding.

A model says how likely each decision is, in `row_nats` for whole pieces and through a `Reader` for the next row. What
is drawn keeps to `tokens.Grammar`, strikes no key that is down, and stops where the asked length ends, so that every
sample can be decoded, plays on a piano and lasts exactly as long as was asked.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from partita.errors import UsageError
from partita.events import SUSTAIN, Control, Note
from partita.example import Example
from partita.midi import Score
from partita.models.base import Item
from partita.models.composer import Composer, Event
from partita.models.decisions import (
    DOWN,
    FIRST_SECOND,
    LONG,
    LOUD,
    NO_DURATION,
    NO_VELOCITY,
    ON,
    OPENING,
    SHIFT,
    STEPS,
    TEN_SECONDS,
    UP,
    WHAT,
    Rows,
    moments,
    seconds,
    spelled,
)
from partita.sampling import Sampling, draw
from partita.tokens import (
    BEGIN,
    DURATION,
    DURATIONS,
    PEDAL_DOWN,
    PEDAL_UP,
    PITCH,
    STEPS_PER_SECOND,
    TIME,
    VELOCITIES,
    VELOCITY,
    Grammar,
    Tokens,
    encode,
)

MILLISECONDS = 1000 // STEPS_PER_SECOND
REACH = STEPS + np.where(STEPS >= STEPS_PER_SECOND, STEPS_PER_SECOND - 1, 0) + 10**9 * (STEPS[TEN_SECONDS] == STEPS)
"""How many steps may pass in all once a shift is chosen: what time may go on by included."""


PULL = 1.0
"""Nats of each of the two waves that draw onsets to a beat: one is highest on eighths, the other on sixteenths."""


class Lean(NamedTuple):
    """Where decisions are drawn to: `keys` has nats for each pitch class, `beat` a beat's seconds; empty, 0: nowhere.

    `since` is how many seconds before the new music the first beat was. How likely a note is, and one at the same time
    as the last, stays as the model has it.
    """

    keys: tuple[float, ...] = ()
    beat: float = 0.0
    since: float = 0.0

    def towards(self, logits: NDArray[np.floating], column: int, time: int) -> NDArray[np.floating]:
        """Logits of a row's `column`, `SHIFT` or `WHAT`, of a row that follows `time` steps into the new music."""
        nats = np.zeros(len(logits))
        chosen = slice(0, UP)
        if column == WHAT and self.keys:
            nats[chosen] = np.resize(self.keys, UP)
        elif column == SHIFT and self.beat:
            chosen = slice(1, FIRST_SECOND)
            turn = 2 * np.pi * ((time + STEPS[chosen]) / STEPS_PER_SECOND + self.since) / self.beat
            nats[chosen] = PULL * (np.cos(2 * turn) + np.cos(4 * turn))
        before, after = (np.logaddexp.reduce(each[chosen]) for each in (logits, logits + nats))
        nats[chosen] += before - after
        return logits + nats


class Reader(Protocol):
    """A piece that is read on as it is written."""

    def logits(self, decided: tuple[int, ...]) -> NDArray[np.floating]:
        """Logits of the next decision of the next row, whose first ones are `decided`."""

    def take(self, row: tuple[int, ...]) -> None:
        """Go on by one row."""


class DecisionComposer(Composer):
    """A composer that decides row by row (`decisions.py`)."""

    infills: ClassVar[bool] = False
    """Whether its readers look at what follows a gap."""

    @property
    def front_end(self) -> str:
        """The tokens of a piece, the same for all of them."""
        return "tokens-1"

    def prepare(self, example: Example) -> Item:
        """Give {"tokens": int16 (n,)}.

        Raises `UsageError` for what is no score.
        """
        return {"tokens": encode(example.score)}

    @abstractmethod
    def row_nats(self, rows: Rows) -> NDArray[np.float64]:
        """The negative log-likelihood (rows, 4) of each decision of a whole piece, under the grammar, in nats."""

    @abstractmethod
    def reader(self, rows: Rows, later: Rows, ahead: float) -> Reader:
        """A reader of a whole piece so far; `later` rows follow a gap, `ahead` seconds after the piece's beginning."""

    @abstractmethod
    def rows_used(self, rows: Rows) -> int:
        """How many of the last rows of a prompt are looked at."""

    def field_nats(self, item: Item) -> dict[str, tuple[float, int]]:
        """Exact nats by field, and the number of notes; the waiting before a pedal counts as time, as does the end."""
        rows = spelled(moments(item["tokens"]))
        nats = self.row_nats(rows)
        pitch, pedal = rows[:, WHAT] < UP, (rows[:, WHAT] == UP) | (rows[:, WHAT] == DOWN)
        totals = {
            "time": nats[:, SHIFT].sum() + nats[~pitch & ~pedal, WHAT].sum(),
            "pitch": nats[pitch, WHAT].sum(),
            "velocity": nats[:, LOUD].sum(),
            "duration": nats[:, LONG].sum(),
            "pedal": nats[pedal, WHAT].sum(),
        }
        return {name: (float(total), int(pitch.sum())) for name, total in totals.items()}

    def context_seconds(self, prompt: Score) -> float:
        """How many seconds of a prompt, counted back from its end, are used."""
        rows = spelled(moments(encode(prompt)[:-1]))
        used = self.rows_used(rows)
        return prompt.seconds - (float(seconds(rows)[-used]) if used < len(rows) else 0.0)

    def compose(
        self,
        prompt: Score | None,
        seconds: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None = None,
        lean: "Lean | None" = None,
    ) -> Iterator[Event]:
        """Yield what follows `prompt`, as the contract says, leaning towards a key and a beat if asked to.

        Raises `UsageError` as the contract says.
        """
        if not 0 < seconds < np.inf:
            raise UsageError(f"{seconds} seconds: a length above 0 is wanted")
        if until is not None and not self.infills:
            raise UsageError(f"{self.name} can't fill gaps, since it does not look at what follows")
        return self._events(prompt, seconds, sampling, rng, until, lean)

    def _events(
        self,
        prompt: Score | None,
        length: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None,
        lean: "Lean | None",
    ) -> Iterator[Event]:
        tokens = encode(prompt)[:-1] if prompt is not None else np.array([BEGIN], np.int16)
        begin = round(prompt.seconds * STEPS_PER_SECOND) if prompt is not None else 0
        end, end_tick = begin + round(length * STEPS_PER_SECOND), round(1000 * length)
        later = spelled(moments(encode(until)[:-1])) if until is not None else OPENING[:0]
        reader = self.reader(spelled(moments(tokens)), later, end / STEPS_PER_SECOND)
        hand = Hand(tokens, begin)

        def decide(mask: NDArray[np.bool_], *decided: int) -> int:
            logits = reader.logits(decided)
            if lean and len(decided) in (SHIFT, WHAT):
                logits = lean.towards(logits, len(decided), hand.time - begin)
            return int(draw(np.where(mask, logits, -np.inf), rng, sampling))

        while True:
            shift = decide(hand.shifts())
            hand.wait(shift)
            if hand.time >= end:
                break
            what = decide(hand.whats(shift), shift)
            row, tick = (shift, what, NO_VELOCITY, NO_DURATION), (hand.time - begin) * MILLISECONDS
            if what < UP:
                loud = decide(ALL_VELOCITIES, shift, what)
                row = (shift, what, loud, decide(ALL_DURATIONS, shift, what, loud))
                duration = int(DURATIONS[row[LONG]]) * MILLISECONDS
                yield Note(tick, min(duration, end_tick - tick), what, int(VELOCITIES[loud]))
            elif what != ON:
                yield Control(tick, SUSTAIN, 127 * (what == DOWN))
            hand.play(row)
            reader.take(row)
        yield Control(end_tick, SUSTAIN, 0)


ALL_VELOCITIES, ALL_DURATIONS = np.ones(NO_VELOCITY, bool), np.ones(NO_DURATION, bool)


class Hand:
    """What may be decided next after `tokens` and before anything that lies at step `begin` or later."""

    def __init__(self, tokens: Tokens, begin: int) -> None:
        self.begin = begin
        self.grammar = Grammar(least=np.inf)
        for token in tokens.tolist():
            self.grammar.take(token)
        self.going = False
        """Whether time was said to go on."""
        self.released = np.zeros(UP, np.int64)
        """When each key is up again."""
        table = moments(tokens)
        notes = table[:, WHAT] < UP
        ends = np.cumsum(table[:, SHIFT])[notes] + DURATIONS[table[notes, LONG]]
        np.maximum.at(self.released, table[notes, WHAT], ends)

    @property
    def time(self) -> int:
        """Steps since the beginning of the piece."""
        return self.grammar.time

    def shifts(self) -> NDArray[np.bool_]:
        """Which shifts are allowed: none only where something may come at once."""
        allowed = self._allowed()
        now = not self.going and (allowed[PITCH:VELOCITY].any() or allowed[PEDAL_UP] or allowed[PEDAL_DOWN])
        return np.asarray(np.concatenate([[now], allowed[TIME:PITCH]]) & (self.time + REACH >= self.begin))

    def whats(self, shift: int) -> NDArray[np.bool_]:
        """What is allowed after a shift; a piece does not close before its time."""
        allowed = self._allowed()
        mask = np.concatenate(
            [allowed[PITCH:VELOCITY], allowed[[PEDAL_UP, PEDAL_DOWN]], [False, shift >= FIRST_SECOND]]
        )
        mask[:ON] &= self.time >= self.begin
        return np.asarray(mask)

    def wait(self, shift: int) -> None:
        """Let a shift pass."""
        if shift:
            self.grammar.take(TIME + shift - 1)

    def play(self, row: tuple[int, ...]) -> None:
        """Take the rest of a row whose shift has passed."""
        _, what, loud, long = row
        self.going = what == ON
        if what < UP:
            for token in (PITCH + what, VELOCITY + loud, DURATION + long):
                self.grammar.take(token)
            self.released[what] = self.time + DURATIONS[long]
        elif what != ON:
            self.grammar.take(PEDAL_UP if what == UP else PEDAL_DOWN)

    def _allowed(self) -> NDArray[np.bool_]:
        allowed = self.grammar.allowed()
        allowed[PITCH:VELOCITY] &= self.released <= self.time
        return allowed
