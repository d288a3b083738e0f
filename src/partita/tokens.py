"""Scores as sequences of whole numbers, for models that write music one token at a time, and back.

Time is in seconds on a grid of 10 ms, not in beats: with the tempo map resolved, files that keep expression in ticks
and files that keep it in tempos mean the same, and nothing drifts, since each event is rounded by itself. The tokens of
a piece are

    BEGIN (shift* (pedal | pitch velocity duration))* shift* END

- shift: time passes. 10, 9, ... 1 s, then 990, 980, ... 10 ms, in falling order, so that a stretch of time has one
  spelling; nothing of it where events begin together. Time can't run backwards.
- pedal: the sustain pedal goes up or down. At one time pedals come before notes, up before down.
- pitch, velocity, duration: a note. At one time pitches rise, so that no note is struck twice at once. 128 pitches; 32
  velocities, each within 2 of those it stands for; durations of 10 ms to 2 s by 10 ms, then by 2 % up to 30 s.

A note's length is a token of its own rather than a note-off far behind, so a model has nothing to remember to end, and
every prefix of a piece can be heard. There are 611 tokens, so that their table costs a small model little.
`Grammar` says which tokens may follow, so that all that is sampled can be decoded, and `decode` passes over what
breaks the rules. Oore et al. 2018 (Performance RNN) for time in seconds, Thickstun et al. 2024 (Anticipatory Music
Transformer) for durations as tokens.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partita.events import DRUMS, SUSTAIN, Control, Note, Table, Track, columns
from partita.midi import Score

Tokens = NDArray[np.int16]

STEPS_PER_SECOND = 100
PAD, BEGIN, END = 0, 1, 2
PEDAL_UP, PEDAL_DOWN = 3, 4

SHIFTS = np.concatenate([np.arange(1, 100), 100 * np.arange(1, 11)])
"""Steps of 10 ms that pass with each token of time."""

VELOCITIES = 4 * np.arange(32) + 3
"""What each token of velocity decodes to; it stands for four, from two below to one above."""

DURATIONS = np.unique(np.concatenate([np.arange(1, 201), np.rint(200 * 1.02 ** np.arange(1, 137)), [3000]]).astype(int))
"""Steps of 10 ms that each token of duration lasts."""

FIELDS = {
    "mark": range(3),
    "pedal": range(3, 5),
    "time": range(5, 5 + len(SHIFTS)),
    "pitch": range(5 + len(SHIFTS), 133 + len(SHIFTS)),
    "velocity": range(133 + len(SHIFTS), 165 + len(SHIFTS)),
    "duration": range(165 + len(SHIFTS), 165 + len(SHIFTS) + len(DURATIONS)),
}
"""The tokens of each field."""

VOCABULARY = FIELDS["duration"].stop
"""How many tokens there are."""

TIME, PITCH, VELOCITY, DURATION = (FIELDS[name].start for name in ("time", "pitch", "velocity", "duration"))


def encode(score: Score) -> Tokens:
    """The tokens of all notes of a score but drums, and of its sustain pedals (those of all channels as one).

    Of notes of one pitch within one step the longest stays. A pedal shorter than a step is left out.
    """
    time, kind, payload = _sorted_events(score)
    gap = np.diff(time, prepend=0)
    tens, seconds, rest = gap // 1000, gap % 1000 // 100, gap % 100
    size = np.where(kind == 2, 3, 1)
    ends = 1 + np.cumsum(tens + (seconds > 0) + (rest > 0) + size)
    tokens = np.full(int(ends[-1]) + 1 if len(ends) else 2, END, np.int16)
    tokens[0] = BEGIN
    begins = ends - size
    tokens[np.repeat(begins - (seconds > 0) - (rest > 0) - tens, tens) + _counting(tens)] = _shift(1000)
    tokens[(begins - 1 - (rest > 0))[seconds > 0]] = _shift(100 * seconds[seconds > 0])
    tokens[(begins - 1)[rest > 0]] = _shift(rest[rest > 0])
    pedal = kind < 2
    tokens[begins[pedal]] = PEDAL_UP + kind[pedal]
    for place, column in enumerate(payload):
        tokens[begins[~pedal] + place] = column
    return tokens


def decode(tokens: ArrayLike) -> Score:
    """The score of a sequence of tokens, of 1 ms ticks; what breaks the rules of `Grammar` is passed over.

    Whatever the sequence is, and wherever it is cut, what can be understood of it is heard. After `END` nothing is.
    """
    tokens = np.asarray(tokens, np.int64)
    tokens = tokens[: int(np.argmax(tokens == END))] if (tokens == END).any() else tokens
    is_shift = _within(tokens, "time")
    time = np.cumsum(np.where(is_shift, SHIFTS[np.where(is_shift, tokens - TIME, 0)], 0))
    velocity, duration = np.append(tokens[1:], [PAD]), np.append(tokens[2:], [PAD, PAD])[: len(tokens)]
    note = _within(tokens, "pitch") & _within(velocity[: len(tokens)], "velocity") & _within(duration, "duration")
    milliseconds = 1000 // STEPS_PER_SECOND
    notes = columns(
        Note,
        tick=time[note] * milliseconds,
        duration=DURATIONS[duration[note] - DURATION] * milliseconds,
        pitch=tokens[note] - PITCH,
        velocity=VELOCITIES[velocity[note] - VELOCITY],
    )
    pedal = (tokens == PEDAL_UP) | (tokens == PEDAL_DOWN)
    down = tokens[pedal] == PEDAL_DOWN
    controls = columns(Control, tick=time[pedal] * milliseconds, number=np.full(len(down), SUSTAIN), value=127 * down)
    return Score([Track(notes, controls)], ticks_per_beat=500)


def name(token: int) -> str:
    """What a token means.

    >>> name(PITCH + 60), name(TIME + 9), name(END)
    ('pitch 60', 'time 100 ms', 'end')
    """
    for field, tokens in FIELDS.items():
        if token in tokens:
            place = token - tokens.start
            steps = {"time": SHIFTS, "duration": DURATIONS}.get(field)
            if steps is not None:
                return f"{field} {1000 // STEPS_PER_SECOND * steps[place]} ms"
            words = {"mark": ("padding", "begin", "end"), "pedal": ("pedal up", "pedal down")}
            if field in words:
                return words[field][place]
            return f"{field} {VELOCITIES[place] if field == 'velocity' else place}"
    return f"unknown {token}"


class Grammar:
    """Which tokens may follow those that were taken, so that every sequence sampled under it decodes to all it says.

    The piece, or what is added to it, lasts `least` to `most` seconds: `END` is allowed from the one on, and time can't
    pass beyond the other. `encode` always keeps to the rules.
    """

    def __init__(self, least: float = 0.0, most: float = np.inf) -> None:
        self.least, self.most = np.rint(least * STEPS_PER_SECOND), np.rint(most * STEPS_PER_SECOND)
        self.time = 0
        self.pedal_down = False
        self._last = PAD
        self._pitch = -1
        """The highest pitch struck at this time; -1 if none is."""

    def take(self, token: int) -> None:
        """Go on by one token, which `allowed` has to allow."""
        if token in FIELDS["time"]:
            self.time += int(SHIFTS[token - TIME])
            self._pitch = -1
        elif token in FIELDS["pitch"]:
            self._pitch = token - PITCH
        elif token in FIELDS["pedal"]:
            self.pedal_down = token == PEDAL_DOWN
        self._last = token

    def allowed(self) -> NDArray[np.bool_]:
        """Which tokens may come next: bool (VOCABULARY,), at least one of them true."""
        mask = np.zeros(VOCABULARY, bool)
        last = self._last
        if last in FIELDS["pitch"]:
            mask[VELOCITY:DURATION] = True
        elif last in FIELDS["velocity"]:
            mask[DURATION:] = True
        elif last == PAD:
            mask[BEGIN] = True
        elif last == END:
            mask[PAD] = True
        else:
            mask[PITCH + self._pitch + 1 : VELOCITY] = True
            if self._pitch < 0:  # up before down, and neither twice
                mask[PEDAL_UP] = self.pedal_down and last != PEDAL_DOWN
                mask[PEDAL_DOWN] = not self.pedal_down
            mask[TIME:PITCH] = self._shifts(last) & (self.time + SHIFTS <= self.most)
            mask[END] = self.time >= self.least
        return mask

    @staticmethod
    def _shifts(last: int) -> NDArray[np.bool_]:
        """Shifts fall: after less than a second none follows, after 1 to 9 s those below one, after 10 s any."""
        if last not in FIELDS["time"] or SHIFTS[last - TIME] == 1000:
            return np.ones(len(SHIFTS), bool)
        return np.asarray((SHIFTS < 100) & (SHIFTS[last - TIME] >= 100))


def _sorted_events(score: Score) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[NDArray[np.int64], ...]]:
    """Steps and kinds (0 pedal up, 1 down, 2 note) of events in order, and the three tokens of every note."""
    notes = replace(score, tracks=tuple(track for track in score.tracks if track.channel != DRUMS)).notes()
    onset = score.seconds_at(notes["tick"])
    length = score.seconds_at(notes["tick"].astype(np.int64) + notes["duration"]) - onset
    begin, length = _steps(onset), length * STEPS_PER_SECOND
    order = np.lexsort((-length, notes["pitch"], begin))
    notes, begin, length = notes[order], begin[order], length[order]
    first = (np.diff(begin, prepend=-1) > 0) | (np.diff(notes["pitch"].astype(int), prepend=-1) != 0)
    notes, begin, length = notes[first], begin[first], length[first]
    down, up = _pedal_steps(score)
    time = np.concatenate([up, down, begin])
    kind = np.repeat([0, 1, 2], [len(up), len(down), len(begin)])
    order = np.lexsort((kind, time))  # stable: notes of one time keep their order of pitches
    between = (DURATIONS[1:] + DURATIONS[:-1]) / 2
    payload = (
        PITCH + notes["pitch"].astype(np.int64),
        VELOCITY + (notes["velocity"].astype(np.int64) - 1) // 4,
        DURATION + np.searchsorted(between, length),
    )
    return time[order], kind[order], payload


def _pedal_steps(score: Score) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The steps at which the pedal goes down and up again, without those shorter than a step."""
    spans: Table = score.pedals()
    tick = spans["tick"].astype(np.int64)
    down, up = _steps(score.seconds_at(tick)), _steps(score.seconds_at(tick + spans["duration"]))
    return down[up > down], up[up > down]


def _steps(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.rint(seconds * STEPS_PER_SECOND), np.int64)


def _shift(steps: ArrayLike) -> NDArray[np.int64]:
    """The tokens of shifts that are in `SHIFTS`."""
    return TIME + np.searchsorted(SHIFTS, steps)


def _counting(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... counts[0]-1, 0, 1, ... counts[1]-1, and so on."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _within(tokens: NDArray[np.int64], field: str) -> NDArray[np.bool_]:
    """Where tokens are of a field."""
    return np.asarray((tokens >= FIELDS[field].start) & (tokens < FIELDS[field].stop))
