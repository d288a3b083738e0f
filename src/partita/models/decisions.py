"""A piece as rows of decisions, by which models of tokens read and predict it: one row for a note, not four tokens.

    row = shift, what, velocity, duration

- `shift`: one token of time passes, or none (0);
- `what` comes then: one of 128 pitches is struck, the pedal goes up or down, the piece closes, or time goes on passing,
  since some stretches take several tokens of time;
- `velocity` and `duration` are a note's, or say that there is none.

Every sequence of tokens that `tokens.Grammar` allows is one sequence of rows and the other way round, so that a
likelihood of rows under the masks given here is one of tokens under the grammar. "Nested Music Transformer" (Ryu et
al., ISMIR 2024) decides the fields of a note one after another, too; deciding them at once is known to be worse.
"""

import numpy as np
from numpy.typing import NDArray

from partita.tokens import (
    DURATION,
    DURATIONS,
    END,
    PEDAL_DOWN,
    PEDAL_UP,
    PITCH,
    SHIFTS,
    STEPS_PER_SECOND,
    TIME,
    VELOCITIES,
    VELOCITY,
    Tokens,
)

Rows = NDArray[np.int64]

SHIFT, WHAT, LOUD, LONG = range(4)
"""The columns of rows."""

UP, DOWN, CLOSE, ON = range(128, 132)
"""What may come beside pitches: the pedal goes up or down, the piece closes, time goes on."""
START = 132
"""What is read before a piece's first row; it is never predicted."""

SIZES = (1 + len(SHIFTS), 132, len(VELOCITIES), len(DURATIONS))
"""How many choices each decision has."""
NO_VELOCITY, NO_DURATION = SIZES[LOUD:]
"""What is read where a row has no note."""

STEPS = np.concatenate([[0], SHIFTS])
"""Steps of 10 ms that pass with each choice of `shift`."""
FIRST_SECOND = int(np.searchsorted(STEPS, STEPS_PER_SECOND))
"""The first shift of whole seconds, after which less than a second may follow."""
TEN_SECONDS = SIZES[SHIFT] - 1

MIDDLE_C = 60

OPENING: Rows = np.array([[0, START, NO_VELOCITY, NO_DURATION]])
"""The row before the first one."""


def moments(tokens: Tokens) -> Rows:
    """What happens in a piece and how long after what came before, (n, 4): like rows, but with any gap in steps.

    `tokens` are as `tokens.encode` gives them; time after the last event is left out.
    """
    padded = np.concatenate([tokens, [0, 0]]).astype(np.int64)
    passing = (padded >= TIME) & (padded < PITCH)
    time = np.cumsum(np.where(passing, SHIFTS[np.where(passing, padded - TIME, 0)], 0))
    note = (padded >= PITCH) & (padded < VELOCITY)
    places = np.flatnonzero(note | (padded == PEDAL_UP) | (padded == PEDAL_DOWN) | (padded == END))
    head, struck = padded[places], note[places]
    others = np.select([head == PEDAL_UP, head == PEDAL_DOWN], [UP, DOWN], CLOSE)
    table = np.empty((len(places), 4), np.int64)
    table[:, SHIFT] = np.diff(time[places], prepend=0)
    table[:, WHAT] = np.where(struck, head - PITCH, others)
    table[:, LOUD] = np.where(struck, padded[places + 1] - VELOCITY, NO_VELOCITY)
    table[:, LONG] = np.where(struck, padded[places + 2 * struck] - DURATION, NO_DURATION)
    return table


def spelled(table: Rows) -> Rows:
    """The rows of `moments`, whose long gaps take several."""
    gap = table[:, SHIFT]
    tens, seconds, rest = gap // 1000, gap % 1000 // STEPS_PER_SECOND, gap % STEPS_PER_SECOND
    count = np.maximum(tens + (seconds > 0) + (rest > 0), 1)
    last = np.cumsum(count) - 1
    first = last + 1 - count
    rows = np.empty((int(count.sum()), 4), np.int64)
    rows[:] = TEN_SECONDS, ON, NO_VELOCITY, NO_DURATION
    rows[last, WHAT:] = table[:, WHAT:]
    rows[last[gap == 0], SHIFT] = 0
    rows[(first + tens)[seconds > 0], SHIFT] = FIRST_SECOND - 1 + seconds[seconds > 0]
    rows[last[rest > 0], SHIFT] = rest[rest > 0]
    return rows


def altered(table: Rows, semitones: int, tempo: float, louder: int) -> Rows:
    """Moments transposed, played `tempo` times as slowly, and so many tokens of velocity louder.

    A transposition goes as far as the piano's 88 keys allow. What began together still does, and nothing else.
    """
    table = table.copy()
    note = table[:, LOUD] < NO_VELOCITY
    pitch = table[note, WHAT]
    if len(pitch):
        table[note, WHAT] += int(np.clip(semitones, min(0, 21 - pitch.min()), max(0, 108 - pitch.max())))
    table[note, LOUD] = np.clip(table[note, LOUD] + louder, 0, NO_VELOCITY - 1)
    nearest = np.searchsorted((DURATIONS[1:] + DURATIONS[:-1]) / 2, DURATIONS * tempo)
    table[note, LONG] = nearest[table[note, LONG]]
    gap = table[:, SHIFT]
    moved = np.diff(np.rint(np.cumsum(gap) * tempo), prepend=0).astype(np.int64)
    table[:, SHIFT] = np.maximum(moved, gap > 0)
    return table


def seconds(rows: Rows) -> NDArray[np.float64]:
    """When each row's event happens, (n,), counted from the beginning of the first row."""
    return np.asarray(np.cumsum(STEPS[rows[:, SHIFT]]) / STEPS_PER_SECOND)


def before(rows: Rows) -> Rows:
    """The row before each row of a whole piece."""
    return np.concatenate([OPENING, rows[:-1]])


def pedal_before(rows: Rows) -> NDArray[np.bool_]:
    """Whether the pedal is down before each row of a whole piece."""
    what = before(rows)[:, WHAT]
    place = np.maximum.accumulate(np.where((what == UP) | (what == DOWN), np.arange(len(what)), 0))
    return np.asarray(what[place] == DOWN)


def struck_before(rows: Rows) -> NDArray[np.int64]:
    """The last pitch struck before each row of a whole piece; middle C before the first."""
    what = before(rows)[:, WHAT]
    place = np.maximum.accumulate(np.where(what < UP, np.arange(len(what)), 0))
    return np.where(what[place] < UP, what[place], MIDDLE_C)


def shifts_allowed(previous: Rows) -> NDArray[np.bool_]:
    """Which shifts may follow each previous row, (n, 110)."""
    going = previous[:, WHAT] == ON
    mask = np.ones((len(previous), SIZES[SHIFT]), bool)
    mask[:, 0] = ~going
    mask[:, FIRST_SECOND:] = ~(going & (previous[:, SHIFT] < TEN_SECONDS))[:, None]
    return mask


def whats_allowed(previous: Rows, down: NDArray[np.bool_], shift: NDArray[np.int64]) -> NDArray[np.bool_]:
    """What may come after a shift, (n, 132): the other half of `tokens.Grammar`.

    `down` says whether the pedal is, before.
    """
    still = shift == 0
    highest = np.where(still & (previous[:, WHAT] < UP), previous[:, WHAT], -1)
    mask = np.empty((len(previous), SIZES[WHAT]), bool)
    mask[:, :UP] = np.arange(UP) > highest[:, None]
    mask[:, UP] = (highest < 0) & down & ~(still & (previous[:, WHAT] == DOWN))
    mask[:, DOWN] = (highest < 0) & ~down
    mask[:, CLOSE] = True
    mask[:, ON] = shift >= FIRST_SECOND
    return mask
