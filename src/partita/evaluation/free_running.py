"""What composers write after a prompt, note by note beside what the piece really goes on with.

Nobody can foretell ten seconds of a piece, so every figure stands beside those of composers and copies that hear the
same prompt. Three things are compared in every second: notes found (F1 by pitch and onset within 50 ms), keys that
sound at the same time (F1 of sounding time), and pitch classes in common (shares of sounding time; 1 is the same).
What still sounds from the prompt counts for nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.events import Note
from partita.example import Example
from partita.metrics.notes import Notes, found
from partita.metrics.symbolic import Passage
from partita.models.composer import Composer
from partita.sampling import Sampling

PROMPT, HORIZON, WINDOW = 10.0, 10.0, 1.0
"""Seconds that are heard, that are written then, and that each point of a curve is about."""

FRAME = 0.05
"""Seconds of the frames in which keys sound."""

DRAWS = 2000

Counts = NDArray[np.float64]
"""What each piece has in each window, (pieces, windows)."""


@dataclass(frozen=True)
class Written:
    """What one composer or copy wrote after the prompts of all pieces, each figure (pieces, windows).

    `right` of `meant` and `guessed` notes are found; `both` keys sound of `theirs` and `ours` (frames); `chroma` is the
    share of pitch classes in common.
    """

    right: Counts
    meant: Counts
    guessed: Counts
    both: Counts
    theirs: Counts
    ours: Counts
    chroma: Counts

    def figures(self, pieces: NDArray[np.int64] | None = None) -> dict[str, float]:
        """Onset F1, frame F1, chroma and notes a second over all windows of pieces (all of them by default)."""
        picked = slice(None) if pieces is None else pieces
        sums = {name: float(values[picked].sum()) for name, values in vars(self).items()}
        return {
            "onset": 2 * sums["right"] / max(1.0, sums["meant"] + sums["guessed"]),
            "frames": 2 * sums["both"] / max(1.0, sums["theirs"] + sums["ours"]),
            "chroma": float(self.chroma[picked].mean()),
            "density": sums["guessed"] / (self.chroma[picked].size * WINDOW),
        }

    def curves(self) -> dict[str, list[float]]:
        """The same in each window."""
        parts = [
            Written(**{name: values[:, [number]] for name, values in vars(self).items()}).figures()
            for number in range(self.chroma.shape[1])
        ]
        return {name: [part[name] for part in parts] for name in parts[0]}


@dataclass(frozen=True)
class FreeRunning:
    """What was measured after prompts of `pieces`: for each name its `figures`, with `intervals`, and its `curves`.

    "the piece itself" has the density alone that is aimed at. `ahead` has, for each other name and measure, by how much
    the first one is ahead, with the interval, paired by piece. Intervals are 95 %, bootstrap over pieces.
    """

    pieces: int
    window: float
    figures: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, tuple[float, float]]]
    ahead: dict[str, dict[str, tuple[float, float, float]]]
    curves: dict[str, dict[str, list[float]]]

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return dict(vars(self))


def measure_free_running(
    composers: Mapping[str, tuple[Composer, Sampling]], examples: Sequence[Example], *, seed: int = 0
) -> FreeRunning | None:
    """Let each composer go on from the first seconds of each piece; None where no piece is long enough.

    The first composer is the one that is measured; copies of the prompt are added to the others.
    """
    passages = [passage for e in examples if (passage := Passage.of(e.score)).seconds >= PROMPT + HORIZON]
    if not passages:
        return None
    truth = [_table(passage.cut(PROMPT, HORIZON)) for passage in passages]
    guesses = {
        name: [_continued(*composer, passage, [seed, number]) for number, passage in enumerate(passages)]
        for name, composer in composers.items()
    }
    heard = [passage.cut(0, PROMPT) for passage in passages]
    guesses["the prompt again"] = [_again(prompt) for prompt in heard]
    guesses["the last frame, held"] = [_held(prompt) for prompt in heard]
    guesses["silence"] = [np.zeros((0, 3))] * len(passages)
    written = {name: _compare(truth, tables) for name, tables in guesses.items()}
    first = next(iter(written.values()))
    goal = _compare(truth, truth)
    picked = np.random.default_rng(0).integers(len(passages), size=(DRAWS, len(passages)))
    drawn = {name: [each.figures(pieces) for pieces in picked] for name, each in written.items()}
    ours = next(iter(drawn.values()))
    measures = list(first.figures())
    return FreeRunning(
        pieces=len(passages),
        window=WINDOW,
        figures={name: each.figures() for name, each in written.items()}
        | {"the piece itself": {"density": goal.figures()["density"]}},
        intervals={
            name: {measure: _middle([row[measure] for row in rows]) for measure in measures}
            for name, rows in drawn.items()
        },
        ahead={
            name: {
                measure: (
                    first.figures()[measure] - written[name].figures()[measure],
                    *_middle([mine[measure] - other[measure] for mine, other in zip(ours, rows, strict=True)]),
                )
                for measure in measures
            }
            for name, rows in list(drawn.items())[1:]
        },
        curves={name: each.curves() for name, each in written.items()}
        | {"the piece itself": {"density": goal.curves()["density"]}},
    )


def _continued(composer: Composer, sampling: Sampling, passage: Passage, seed: list[int]) -> Notes:
    """The notes that follow the prompt; one that ends in silence is gone on from its last end."""
    prompt = passage.cut(0, PROMPT).score()
    missing = PROMPT - prompt.seconds
    rng = np.random.default_rng(seed)
    events = composer.compose(prompt, missing + HORIZON, sampling, rng)
    rows = [(e.tick, e.tick + e.duration, 1000 * e.pitch) for e in events if isinstance(e, Note)]
    table = np.array(rows, np.float64).reshape(-1, 3) / 1000 - [missing, missing, 0]
    return table[table[:, 0] >= 0]


def _table(passage: Passage) -> Notes:
    return np.stack([passage.onset, passage.onset + passage.duration, passage.pitch], axis=1)


def _again(prompt: Passage) -> Notes:
    table = _table(prompt)
    return table[table[:, 0] < HORIZON]


def _held(prompt: Passage) -> Notes:
    """The keys that sound at the prompt's end, or at its last end before, struck once and held."""
    end = prompt.onset + prompt.duration
    keys = np.unique(prompt.pitch[end >= end.max(initial=0) - FRAME])
    return np.stack([np.zeros(len(keys)), np.full(len(keys), HORIZON), keys], axis=1)


def _compare(truth: Sequence[Notes], guesses: Sequence[Notes]) -> Written:
    rows = [_windows(true, guess) for true, guess in zip(truth, guesses, strict=True)]
    return Written(*np.array(rows).transpose(2, 0, 1))


def _windows(true: Notes, guess: Notes) -> list[tuple[float, ...]]:
    """The figures of `Written` in each window of a piece."""
    frames, ours = _frames(true), _frames(guess)
    per = round(WINDOW / FRAME)
    rows: list[tuple[float, ...]] = []
    for number in range(round(HORIZON / WINDOW)):
        low, high = number * WINDOW, (number + 1) * WINDOW
        counts = found(*(table[(table[:, 0] >= low) & (table[:, 0] < high)] for table in (true, guess)))
        a, b = (each[number * per : (number + 1) * per] for each in (frames, ours))
        common = (float((a & b).sum()), float(a.sum()), float(b.sum()))
        rows.append((counts.right, counts.meant, counts.guessed, *common, _in_common(a, b)))
    return rows


def _frames(table: Notes) -> NDArray[np.bool_]:
    """In which frames which of 128 keys sound."""
    frames = np.zeros((round(HORIZON / FRAME), 128), bool)
    for begin, end, pitch in table:
        frames[round(begin / FRAME) : max(round(end / FRAME), round(begin / FRAME) + 1), int(pitch)] = True
    return frames


def _in_common(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """The share of pitch classes in common; silence has it with silence alone."""
    classes = [np.bincount(np.arange(128) % 12, weights=frames.sum(0), minlength=12) for frames in (a, b)]
    if not all(each.sum() for each in classes):
        return float(not any(each.sum() for each in classes))
    return float(np.minimum(*(each / each.sum() for each in classes)).sum())


def _middle(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
