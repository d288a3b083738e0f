"""The judge of transfers: a classifier that shares neither features nor training clips with anything that makes one.

Whatever chooses or optimises a result may fool the model that it asked, so another one says what it sounds like. The
decision is a least-squares support vector machine with a Gaussian kernel (Suykens and Vandewalle 1999), in closed form.
The shipped judge is trained on 48 clips of GTZAN that play no other part (benchmarks/transfer_songs.csv); how many of
the benchmark's other real clips it recognises is the ceiling of what a transfer can be asked for. As small as it is, it
tells sets of results apart, not single ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from partita.audio import Audio
from partita.errors import UsageError
from partita.features import Array
from partita.metrics.classification import fit_temperature
from partita.transfers.descriptors import GROUPS, RATE, describe, stretches

FOLDS = 5
RIDGE, WIDTH = 0.1, 0.6
"""How much single stretches may err, and how fast likeness falls with distance, by folds of the judge's songs."""
SHIPPED = "judge.safetensors"

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Judge:
    """`rows` (n, 218), standardised stretches of the training songs, and their `answers` (n, labels).

    `mean` and `scale` (218,) standardise; `bias` (labels,); `temperature` makes probabilities of a song's mean answer.
    It recognises `held_out` of `heard` real clips that it was not trained on: the ceiling.
    """

    labels: tuple[str, ...]
    rows: Rows
    answers: Rows
    mean: Rows
    scale: Rows
    bias: Rows
    temperature: float = 1.0
    held_out: int = 0
    heard: int = 0

    def probabilities(self, sound: Audio) -> dict[str, float]:
        """A probability for every label."""
        shares = softmax(self.scores(listen(sound)) / self.temperature)
        return dict(zip(self.labels, (float(share) for share in shares), strict=True))

    def scores(self, song: Rows) -> NDArray[np.float64]:
        """The mean answer (labels,) to a song's stretches (n, 218)."""
        return np.asarray((kernel((song - self.mean) * self.scale, self.rows) @ self.answers + self.bias).mean(0))

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        names = ("answers", "mean", "scale", "bias")
        arrays = {"rows": self.rows.astype(np.float16), **{name: getattr(self, name) for name in names}}
        words = {
            "labels": " ".join(self.labels),
            "temperature": repr(self.temperature),
            "held_out": str(self.held_out),
            "heard": str(self.heard),
        }
        save_file(arrays, path, words)


def listen(sound: Audio) -> Rows:
    """The stretches (n, 218) of a recording."""
    samples = np.concatenate(list(sound.blocks(RATE)))
    return np.stack([describe(part) for part in stretches(samples)])


def kernel(x: Array, y: Array) -> NDArray[np.float64]:
    """Likeness 0..1 of rows (n, 218) to rows (m, 218)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.asarray(np.exp(-WIDTH * np.maximum(squares, 0) / x.shape[1]))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares (labels,) that add up to 1."""
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum())


def fit(songs: Mapping[str, tuple[str, Rows]]) -> Judge:
    """A judge from songs by name: their label and their stretches. The temperature is fitted to songs left out in turn.

    Raises `UsageError` for fewer than two labels, or a label with a single song.
    """
    labels = tuple(sorted({label for label, _ in songs.values()}))
    place = {label: number for number, label in enumerate(labels)}
    truth = np.array([place[label] for label, _ in songs.values()])
    if len(labels) < 2 or np.bincount(truth).min() < 2:
        raise UsageError("a judge wants two labels or more, with two songs or more of each")
    parts = [rows for _, rows in songs.values()]
    turn = np.array([int((truth[:number] == label).sum()) % FOLDS for number, label in enumerate(truth)])
    held_out = np.zeros((len(parts), len(labels)))
    for fold in range(turn.max() + 1):
        rest = [number for number in range(len(parts)) if turn[number] != fold]
        judge = _solve([parts[number] for number in rest], truth[rest], labels)
        for number in np.flatnonzero(turn == fold):
            held_out[number] = judge.scores(parts[number])
    solved = _solve(parts, truth, labels)
    return replace(solved, temperature=fit_temperature(held_out, truth))


def _solve(parts: Sequence[Rows], truth: NDArray[np.int64], labels: tuple[str, ...]) -> Judge:
    """Standardise so that a group of n numbers counts as sqrt(n), and solve for the answers."""
    rows = np.concatenate(parts)
    shares = np.concatenate([np.full(size, size**-0.25) for size in GROUPS.values()])
    mean = rows.mean(0)
    scale = np.asarray(shares / np.sqrt((shares**2).mean()) / (rows.std(0) + 1e-6), np.float32)
    standard = np.asarray((rows - mean) * scale, np.float16).astype(np.float32)  # as it is kept
    wanted = np.eye(len(labels))[np.repeat(truth, [len(part) for part in parts])] * 2 - 1
    bias = wanted.mean(0)
    answers = np.linalg.solve(kernel(standard, standard) + RIDGE * np.eye(len(rows)), wanted - bias)
    return Judge(labels, standard, answers.astype(np.float32), mean, scale, bias.astype(np.float32))


def read(path: Path) -> Judge:
    """A judge that `save` wrote."""
    with safe_open(path, "numpy") as file:
        words = file.metadata()
        arrays = {
            name: np.asarray(file.get_tensor(name), np.float32) for name in ("rows", "answers", "bias", "mean", "scale")
        }
    return Judge(
        tuple(words["labels"].split()),
        **arrays,
        temperature=float(words["temperature"]),
        held_out=int(words["held_out"]),
        heard=int(words["heard"]),
    )


@cache
def shipped() -> Judge:
    """The judge that comes with partita."""
    return read(Path(str(files("partita.transfers") / SHIPPED)))
