"""What goes wrong with music that is generated, found in the stream of its notes: loops, silence, runaway density.

What counts as wrong is what people hardly ever play. Material that follows itself twice in exactly the same chords goes
on for 4 s or longer in 1.8 % of 2,502 clips of 30 s of classical piano, in 1.0 % of 3,456 of MAESTRO and in 0.4 % of
2,599 of POP909. The longest time between two onsets is above 5 s in 0.5 % of the clips of classical
piano and of POP909. The most notes that begin within a second are 64 in classical piano, 56 in POP909, and above 64 in
0.1 % of the clips of MAESTRO.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from partita.events import Note

STRIKE = 30
"""Milliseconds within which onsets are one chord."""

PERIODS = 64
"""Chords of the longest loop that is looked for."""


@dataclass(frozen=True)
class Limits:
    """Where repeating, pausing and crowding become faults: seconds, seconds, and notes that begin within a second."""

    loop: float = 4.0
    silence: float = 5.0
    density: int = 64


class Fault(NamedTuple):
    """What went wrong, where it was noticed and the moment from which to try again, in milliseconds."""

    kind: Literal["loop", "silence", "density"]
    at: int
    since: int


class Watch:
    """Sees notes one by one, in order of time (milliseconds), and says when they have gone wrong."""

    def __init__(self, limits: Limits, earlier: Iterable[Note] = ()) -> None:
        self.limits = limits
        self._onsets: deque[int] = deque()
        self._strikes: list[tuple[int, int]] = []
        """When each chord begins, and its pitches as bits."""
        self._runs = [0] * (PERIODS + 1)
        """By period, how many chords up to the last but one were the same as those a period before."""
        for note in earlier:
            self.take(note)

    def take(self, note: Note) -> Fault | None:
        """Go on by a note; the fault that it completes, if any."""
        fault = self.rest(note.tick)
        if not self._strikes or note.tick - self._strikes[-1][0] > STRIKE:
            fault = fault or self._loop()
            self._strikes.append((note.tick, 0))
        tick, pitches = self._strikes[-1]
        self._strikes[-1] = (tick, pitches | 1 << note.pitch)
        self._onsets.append(note.tick)
        while self._onsets[0] <= note.tick - 1000:
            self._onsets.popleft()
        if len(self._onsets) > self.limits.density:
            fault = fault or Fault("density", note.tick, self._onsets[0])
        return fault

    def rest(self, tick: int) -> Fault | None:
        """The fault that nothing has begun until `tick`, if that is one; the second after the last chord stays."""
        last = self._strikes[-1][0] if self._strikes else 0
        if tick - last <= 1000 * self.limits.silence:
            return None
        return Fault("silence", tick, last + 1000 if self._strikes else 0)

    def _loop(self) -> Fault | None:
        """Count how long the last chord, now complete, goes on repeating what was a period before it."""
        if not self._strikes:
            return None
        last = len(self._strikes) - 1
        found = None
        for period in range(1, min(PERIODS, last) + 1):
            same = self._strikes[last][1] == self._strikes[last - period][1]
            self._runs[period] = self._runs[period] + 1 if same else 0
            run = self._runs[period]
            if run >= 2 * period:  # heard three times
                since = self._strikes[last - run + 1][0]
                if self._strikes[last][0] - self._strikes[last - run][0] >= 1000 * self.limits.loop:
                    found = found or Fault("loop", self._strikes[last][0], since)
        return found
