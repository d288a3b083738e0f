"""How many notes of held-out windows an autoencoder of planes gives back, and what would do so without one.

The truth are the score's own notes, not those of the grid, so that what the grid costs is counted.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partita.example import Example
from partita.metrics.classification import Interval
from partita.metrics.notes import Found, Notes, found, total
from partita.midi import Score
from partita.models.aaa_vae_notes import AAAVAENotes
from partita.models.planes import ONSET, played, score_of, window

KNOWN = 8
"""Windows of each training piece among which neighbours are sought."""


@dataclass(frozen=True)
class Reconstruction:
    """F1 of notes over `windows` of `pieces`: by onset within 50 ms, with its interval, and by onset and end.

    `baselines` are F1 by onset: another window's latent vector, the training window with the most onsets in common
    (a step early or late included), and the mean of training windows. `notes` are meant in a window on average, `drawn`
    are in new ones from the prior.
    """

    pieces: int
    windows: int
    onset: float
    interval: Interval
    onset_end: float
    baselines: dict[str, float]
    notes: float
    drawn: float

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def measure_reconstruction(
    model: AAAVAENotes, train: Sequence[Example], examples: Sequence[Example], *, windows: int = 4, seed: int = 0
) -> Reconstruction:
    """Measure on up to so many windows of each piece; the 95 % interval is by bootstrap over pieces.

    Baselines are fitted to `train`; without it there is the shuffled vector alone.
    """
    rng = np.random.default_rng(seed)
    step = model.config.step
    owner, meant, planes = _windows(model, examples, windows)
    with torch.inference_mode():
        mean = model.encode(torch.from_numpy(planes))[0]
    ours = [table(score_of(each, step)) for each in model.heard(mean)]
    other = torch.roll(mean, int(rng.integers(1, max(2, len(mean)))), 0)
    guesses = {"another window's vector": [table(score_of(each, step)) for each in model.heard(other)]}
    if train:
        known = np.concatenate([model.spread(model.prepare(example), KNOWN) for example in train])
        near = neighbours(planes[:, :, ONSET], known[:, :, ONSET])
        average = table(score_of(played(known.mean(0)), step))
        guesses["nearest training window"] = [table(score_of(known[index] > 0, step)) for index in near]
        guesses["mean of training windows"] = [average] * len(planes)
    own = [found(true, guess) for true, guess in zip(meant, ours, strict=True)]
    return Reconstruction(
        pieces=len(examples),
        windows=len(planes),
        onset=total(own).f1,
        interval=_interval(owner, own),
        onset_end=total(found(true, guess, ends=True) for true, guess in zip(meant, ours, strict=True)).f1,
        baselines={
            name: total(found(true, guess) for true, guess in zip(meant, tables, strict=True)).f1
            for name, tables in guesses.items()
        },
        notes=float(np.mean([len(notes) for notes in meant])),
        drawn=float(np.mean([each[:, ONSET].sum() for each in model.heard(model.drawn(64, rng))])),
    )


def table(score: Score) -> Notes:
    """The notes of a score, rows (begin, end, pitch) with times in seconds."""
    notes = score.notes()
    begin, end = (score.seconds_at(ticks) for ticks in (notes["tick"], notes["tick"] + notes["duration"]))
    return np.stack([begin, end, notes["pitch"]], axis=1).astype(np.float64)


def neighbours(these: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each of `these` onsets (n, steps, 88), the place in `known` with the greatest share of onsets in common."""
    smeared = known.copy()
    smeared[:, 1:] |= known[:, :-1]
    smeared[:, :-1] |= known[:, 1:]
    counts = known.reshape(len(known), -1).sum(1, dtype=np.float32)
    ours = these.reshape(len(these), -1).astype(np.float32)
    common = ours @ smeared.reshape(len(known), -1).T.astype(np.float32)
    return np.asarray(np.argmax(2 * common / (counts + ours.sum(1, keepdims=True) + 1e-9), axis=1))


def _windows(
    model: AAAVAENotes, examples: Sequence[Example], most: int
) -> tuple[list[int], list[Notes], NDArray[np.uint8]]:
    """Of each window the piece it is from, the notes that begin in it, cut at its end, and its planes."""
    step, steps = model.config.step, model.config.steps
    owner, meant, planes = [], [], []
    for number, example in enumerate(examples):
        item, notes = model.prepare(example), table(example.score)
        notes = notes[(notes[:, 2] >= 21) & (notes[:, 2] <= 108)]
        for begin in model.begins(item, most):
            start, end = begin * step, (begin + steps) * step
            inside = (notes[:, 0] >= start - step / 2) & (notes[:, 0] < end - step / 2)
            cut = notes[inside] - [start, start, 0]
            cut[:, 1] = np.minimum(cut[:, 1], steps * step)
            owner.append(number)
            meant.append(cut)
            planes.append(window(item, begin, steps))
    return owner, meant, np.stack(planes)


def _interval(owner: Sequence[int], counts: Sequence[Found], draws: int = 2000) -> Interval:
    pieces = [
        total(count for piece, count in zip(owner, counts, strict=True) if piece == this) for this in sorted({*owner})
    ]
    right, both = (np.array(column) for column in zip(*((c.right, c.meant + c.guessed) for c in pieces), strict=True))
    picked = np.random.default_rng(0).integers(len(pieces), size=(draws, len(pieces)))
    low, high = np.quantile(2 * right[picked].sum(1) / np.maximum(1, both[picked].sum(1)), [0.025, 0.975])
    return Interval(float(low), float(high))
