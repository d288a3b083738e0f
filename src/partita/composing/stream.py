"""`Stream`: the notes of one composition as they are decided, gone over by the guards.

A stream holds back the last seconds of what the model wrote. When a guard finds a fault there, what came since it
began is thrown away and the model goes on from there with other random numbers and, for some seconds, another
temperature: hotter out of loops and silence, cooler out of crowds. Seed and count of repairs settle which, so that the
same seed gives the same notes. Every repair is told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from partita.composing.guards import Fault, Limits, Watch
from partita.composing.place import Event, Place
from partita.events import SUSTAIN, Control, Note
from partita.models.composer import Composer
from partita.models.decision_composer import DecisionComposer
from partita.sampling import Sampling

HELD_BACK = 10_000
"""Milliseconds of music that can be taken back: nothing is given out before the model is so far ahead."""

RELIEF = 10_000
"""Milliseconds for which a repair changes the temperature."""

ATTEMPTS = 8
"""Repairs of one composition; what goes wrong after them is left as it is."""

FACTORS = {"loop": 1.15, "silence": 1.1, "density": 0.9}
"""What each repair in a row multiplies the temperature with."""

LUKEWARM = 0.7
"""The temperature that a lower one is raised to before a repair heats it: at 0 nothing would ever change."""


@dataclass(frozen=True)
class Repair:
    """A fault that was found `at` so many seconds, and what was done: gone back to `back_to`, with a `temperature`."""

    fault: str
    at: float
    back_to: float
    temperature: float

    def __str__(self) -> str:
        return (
            f"{self.fault} at {self.at:.1f} s: written again from {self.back_to:.1f} s at temperature "
            f"{self.temperature:.2f}"
        )

    def json(self) -> dict[str, Any]:
        """One JSON-ready object."""
        return asdict(self)


class Stream:
    """Iterate over the events of one composition, in order of time; iterating anew composes the same again.

    `limits` None lets everything pass. `progress` is told the milliseconds that are written. After the last event
    `repairs` says what was mended and `unmended` which fault was left, if any.
    """

    def __init__(
        self,
        model: Composer,
        place: Place,
        sampling: Sampling,
        seed: Sequence[int],
        limits: Limits | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.model, self.place, self.sampling, self.limits = model, place, sampling, limits
        self.seed, self.progress = tuple(seed), progress
        self.length = round(1000 * place.seconds)
        self.repairs: list[Repair] = []
        self.unmended: str | None = None

    def __iter__(self) -> Iterator[Event]:
        """Compose; what is given out is never taken back."""
        self.repairs, self.unmended = [], None
        limits, sampling = self.limits, self.sampling
        written: list[Event] = []
        given = start = restarts = 0
        until = self.length
        while start < self.length:
            watch = Watch(limits, _notes(written)) if limits else None
            fault = None
            for event in self._segment(written, start, sampling, restarts):
                if event.tick >= until:
                    break
                fault = watch.take(event) if watch and isinstance(event, Note) else None
                if fault:
                    break
                written.append(event)
                if self.progress:
                    self.progress(event.tick)
                while written[given].tick < event.tick - HELD_BACK:
                    yield written[given]
                    given += 1
            restarts += 1
            start = until
            if watch and not fault:
                fault = watch.rest(until)
            if not fault:  # the relief is over, or all is done
                sampling, until = self.sampling, self.length
            elif len(self.repairs) == ATTEMPTS:
                self.unmended, limits = fault.kind, None
                sampling, start, until = self.sampling, (written[-1].tick + 1 if written else 0), self.length
            else:
                start = max(fault.since, written[given - 1].tick + 1 if given else 0)
                written = [event for event in written if event.tick < start]
                sampling, until = self._mend(fault, start), min(start + RELIEF, self.length)
        yield from written[given:]

    def _segment(self, written: Sequence[Event], start: int, sampling: Sampling, restarts: int) -> Iterator[Event]:
        """What the model writes from `start` milliseconds on, its first random numbers drawn from the seed."""
        rng = np.random.default_rng([*self.seed, restarts])
        prompt = self.place.context(written, start)
        seconds = (self.length - start) / 1000
        if _pedal_is_down(written):
            yield Control(start, SUSTAIN, 0)  # models go on from a prompt with the pedal up
        lean = self.place.lean
        leaning = {"lean": lean._replace(since=start / 1000)} if lean and steers(self.model) else {}
        for event in self.model.compose(prompt, seconds, sampling, rng, self.place.after, **leaning):
            yield event._replace(tick=event.tick + start)

    def _mend(self, fault: Fault, start: int) -> Sampling:
        """How to draw from `start` on: the more repairs lie close together, the further from what was asked for."""
        close = [repair for repair in self.repairs if repair.fault == fault.kind]
        row = 1 + sum(1000 * repair.at > start - RELIEF for repair in close)
        base = self.sampling.temperature if fault.kind == "density" else max(self.sampling.temperature, LUKEWARM)
        sampling = replace(self.sampling, temperature=round(base * FACTORS[fault.kind] ** row, 4))
        self.repairs.append(Repair(fault.kind, fault.at / 1000, start / 1000, sampling.temperature))
        return sampling


def steers(model: Composer) -> bool:
    """Whether a model can be made to lean towards a key and a beat; others are only shown them."""
    return isinstance(model, DecisionComposer)


def _notes(events: Sequence[Event]) -> Iterator[Note]:
    return (event for event in events if isinstance(event, Note))


def _pedal_is_down(events: Sequence[Event]) -> bool:
    pedals = [event.value for event in events if isinstance(event, Control) and event.number == SUSTAIN]
    return bool(pedals) and pedals[-1] >= SUSTAIN
