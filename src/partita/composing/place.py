"""`Place`: where in a score music is composed, what stands around it, and how it is put in without touching the rest.

Music is added as a track of its own, which a sequencer can mute, edit or delete, on the channel and with the program of
the busiest pitched track, so that it sounds as the same instrument at the same volume. Nothing of the score is moved:
notes, tempo map, signatures and controls stay on their ticks, but for the notes of a span that is filled anew and for
the pedal there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from partita.composing.wishes import Wishes
from partita.errors import UnusableMidiError, UsageError
from partita.events import DRUMS, LAST_TICK, SUSTAIN, Control, Note, Table, Track, columns, rows
from partita.midi import Score
from partita.models.decision_composer import Lean

Event = Note | Control
"""What composers yield: ticks are milliseconds, counted from the beginning of the place."""

TRACK = "partita"
"""The name of the track that is added."""

NO_WISHES = Wishes()

COARSE = 0.010
"""Seconds of a tick from which on a score's clock is called coarse: tokens are no finer."""


@dataclass(frozen=True, eq=False)
class Place:
    """A stretch of `score` from `begin` to `end` (ticks) for new music.

    `before` and `after` are what a composer is shown of the score: its pitched notes and pedals as one track of 1 ms
    ticks, the one ending where the stretch begins, the other counted from its end; None where no note is.
    """

    score: Score
    begin: int
    end: int
    before: Score | None
    after: Score | None
    channel: int
    program: int
    replaces: bool = False
    """Whether the score has music there already, which gives way."""
    prelude: Score | None = None
    """What a composer is shown where there is nothing before."""
    lean: Lean | None = None
    """Where a composer's decisions are drawn to, if it lets them be."""

    @classmethod
    def empty(cls, seconds: float, wishes: Wishes = NO_WISHES, seed: int = 0) -> "Place":
        """A score without notes, for a piano piece of `seconds` with `wishes`."""
        score = wishes.score()
        prelude = wishes.prelude(np.random.default_rng(seed)) if wishes else None
        return cls(score, 0, int(score.ticks_at(seconds)), None, None, 0, 0, prelude=prelude, lean=wishes.lean())

    @classmethod
    def after_all(cls, score: Score, seconds: float) -> "Place":
        """The `seconds` from where the last sound of a score ends, and its pedal's last move.

        Raises `UnusableMidiError` for a score without pitched notes, or without room behind them.
        """
        track = _busiest(score)
        ends = [t.notes["tick"].astype(np.int64) + t.notes["duration"] for t in score.sustained().tracks]
        ends.append(_pedal_moves(score, track.channel)["tick"])
        begin = max(int(ticks.max(initial=0)) for ticks in ends)
        end = int(score.ticks_at(score.seconds_at(begin) + seconds))
        if end > LAST_TICK:
            raise UnusableMidiError(score.name, f"no room behind tick {begin:,}; a file holds {LAST_TICK:,}")
        return cls(score, begin, end, flattened(score, 0, begin), None, track.channel, track.program)

    @classmethod
    def inside(cls, score: Score, begin: float, end: float) -> "Place":
        """The span from `begin` to `end` seconds of a score, whose pitched notes that begin in it are replaced.

        Raises `UnusableMidiError` for a score without pitched notes, `UsageError` for a span that does not lie in it.
        """
        track = _busiest(score)
        if not 0 <= begin < end <= score.seconds:
            raise UsageError(
                f"{score.name}: no span {begin:g}:{end:g}; it lies within 0:{score.seconds:g}, the first number below "
                "the second"
            )
        first, last = int(score.ticks_at(begin)), int(score.ticks_at(end))
        before, after = flattened(score, 0, first), flattened(score, last, max(score.end, last) + 1)
        return cls(score, first, last, before, after, track.channel, track.program, replaces=True)

    @property
    def begin_seconds(self) -> float:
        """Where in the score the place begins."""
        return float(self.score.seconds_at(self.begin))

    @property
    def seconds(self) -> float:
        """How long the place is."""
        return float(self.score.seconds_at(self.end)) - self.begin_seconds

    @property
    def coarseness(self) -> float:
        """Seconds of the longest tick in the place if they are worth a warning, else 0."""
        ticks = np.arange(self.begin, min(self.end, self.begin + 100_000) + 1)
        longest = float(np.diff(self.score.seconds_at(ticks)).max(initial=0.0))
        return longest if longest > COARSE else 0.0

    def context(self, events: Sequence[Event], milliseconds: int) -> Score | None:
        """What a composer is shown once the place holds `events` up to so many milliseconds; None where no note is."""
        before = self.before or self.prelude
        earlier, zero = (before.tracks, before.end) if before else ((), 0)
        notes = [
            event._replace(tick=zero + event.tick, duration=max(1, min(event.duration, milliseconds - event.tick)))
            for event in events
            if isinstance(event, Note)
        ]
        controls = [event._replace(tick=zero + event.tick) for event in events if isinstance(event, Control)]
        controls.append(Control(zero + milliseconds, SUSTAIN, 0))  # makes it exactly so long
        if not notes and not (earlier and milliseconds):
            return before
        track = Track(
            np.concatenate([*(track.notes for track in earlier), rows(Note, notes)]),
            np.concatenate([*(track.controls for track in earlier), rows(Control, controls)]),
        )
        return Score([track], ticks_per_beat=500, name=self.score.name)

    def filled(self, events: Sequence[Event]) -> Score:
        """The score with new music in the place; notes that begin in it end in it."""
        return replace(self.score, tracks=(*map(self._cleared, self.score.tracks), self.added(events)))

    def added(self, events: Sequence[Event]) -> Track:
        """The new track."""
        notes, controls = self._notes(events), self._controls(events)
        return Track(notes, controls, program=self.program, channel=self.channel, name=TRACK)

    def part(self, events: Sequence[Event]) -> Score:
        """The new music alone, of 1 ms ticks, from the beginning of the place."""
        alone = flattened(replace(self.score, tracks=(self.added(events),)), self.begin, self.end)
        return alone or Score(ticks_per_beat=500, name=self.score.name)

    def _cleared(self, track: Track) -> Track:
        """A track without the notes that are replaced and, on the channel of the new ones, without the pedal there."""
        if track.channel == DRUMS or not self.replaces:
            return track
        controls = track.controls
        if track.channel == self.channel:
            controls = controls[~(self._within(controls) & (controls["number"] == SUSTAIN))]
        return replace(track, notes=track.notes[~self._within(track.notes)], controls=controls)

    def _within(self, table: Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray((table["tick"] >= self.begin) & (table["tick"] < self.end))

    def _ticks(self, milliseconds: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Ticks of the score within the place, of milliseconds from its beginning."""
        seconds = self.begin_seconds + np.asarray(milliseconds, np.float64) / 1000
        return np.clip(self.score.ticks_at(seconds), self.begin, self.end)

    def _notes(self, events: Sequence[Event]) -> Table:
        """The new notes; none strikes a key that a note from before the place still holds down."""
        notes = [event for event in events if isinstance(event, Note)]
        tick = self._ticks([note.tick for note in notes])
        end = self._ticks([note.tick + note.duration for note in notes])
        pitch = np.array([note.pitch for note in notes], np.int64)
        held = np.zeros(128, np.int64)
        for track in self.score.tracks:
            if track.channel == self.channel:
                earlier = track.notes[track.notes["tick"] < self.begin]
                np.maximum.at(held, earlier["pitch"], earlier["tick"].astype(np.int64) + earlier["duration"])
        free = (tick >= held[pitch]) & (tick < self.end)
        velocity = np.array([note.velocity for note in notes], np.int64)
        table = columns(
            Note, tick=tick[free], duration=np.maximum(end - tick, 1)[free], pitch=pitch[free], velocity=velocity[free]
        )
        return rows(Note, table)

    def _controls(self, events: Sequence[Event]) -> Table:
        """The new pedals between two that join them to the score.

        Composers begin with the pedal up. At the end it goes where the score has it, or up; this closing control also
        makes a piece last exactly as long as was asked for.
        """
        inner = [event for event in events if isinstance(event, Control)]
        ticks = self._ticks([control.tick for control in inner]).tolist()
        added = [Control(tick, control.number, control.value) for tick, control in zip(ticks, inner, strict=True)]
        theirs = _pedal_moves(self.score, self.channel)
        before = theirs[theirs["tick"] < self.begin + (not self.replaces)]
        if _last_value(before) >= SUSTAIN:
            added.insert(0, Control(self.begin, SUSTAIN, 0))
        if not self.replaces:
            return rows(Control, [*added, Control(self.end, SUSTAIN, 0)])
        states = [control.value for control in added if control.number == SUSTAIN]
        wanted = _last_value(theirs[theirs["tick"] < self.end])
        if not (theirs["tick"] == self.end).any() and wanted != (states[-1] if states else _last_value(before)):
            added.append(Control(self.end, SUSTAIN, wanted))
        return rows(Control, added)


def _pedal_moves(score: Score, channel: int) -> Table:
    """The controls of the pedal of a channel, in order."""
    members = [track.controls for track in score.tracks if track.channel == channel]
    controls = np.concatenate([rows(Control, ()), *members])
    return rows(Control, controls[controls["number"] == SUSTAIN])


def _last_value(controls: Table) -> int:
    """What a controller stands at after its `controls`; 0 before it is set."""
    return int(controls["value"][-1]) if len(controls) else 0


def flattened(score: Score, begin: int, end: int) -> Score | None:
    """The pitched notes that begin from tick `begin` to before `end`, with the pedals, as one track of 1 ms ticks.

    Counted from `begin`; what lasts longer is cut at `end`, and a control there makes the length exact. None where no
    note is.
    """
    notes = replace(score, tracks=tuple(track for track in score.tracks if track.channel != DRUMS)).notes()
    notes = notes[(notes["tick"] >= begin) & (notes["tick"] < end)]
    if not len(notes):
        return None
    zero = float(score.seconds_at(begin))

    def milliseconds(ticks: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.asarray(np.rint(1000 * (score.seconds_at(np.clip(ticks, begin, end)) - zero)), np.int64)

    length = int(milliseconds(np.array([end]))[0])
    tick = np.minimum(milliseconds(notes["tick"]), length - 1)
    last = milliseconds(notes["tick"].astype(np.int64) + notes["duration"])
    table = columns(
        Note, tick=tick, duration=np.maximum(last - tick, 1), pitch=notes["pitch"], velocity=notes["velocity"]
    )
    spans = score.pedals()
    down, up = milliseconds(spans["tick"]), milliseconds(spans["tick"].astype(np.int64) + spans["duration"])
    heard = up > down
    pressed = [Control(int(at), SUSTAIN, 127) for at in down[heard]]
    lifted = [Control(int(at), SUSTAIN, 0) for at in up[heard]]
    closing = [] if lifted and lifted[-1].tick == length else [Control(length, SUSTAIN, 0)]
    return Score([Track(table, lifted + pressed + closing)], ticks_per_beat=500, name=score.name)


def _busiest(score: Score) -> Track:
    """The pitched track with the most notes.

    Raises `UnusableMidiError` where there is none.
    """
    pitched = [track for track in score.tracks if track.channel != DRUMS and len(track.notes)]
    if not pitched:
        drums = any(len(track.notes) for track in score.tracks)
        reason = "only drums, which are not composed" if drums else "no notes to go on from"
        raise UnusableMidiError(score.name, f"{reason}; leave it out for a new piece")
    return max(pitched, key=lambda track: len(track.notes))
