"""Training and measuring on one rung of the ladder, and keeping what was measured.

`ladder` climbs all rungs with one model, `reproduce` those of a student report with its models.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from partita import data as datasets
from partita.data import Dataset
from partita.data.rungs import rungs, song_of
from partita.errors import UsageError
from partita.evaluation.preparation import prepare_all
from partita.metrics.paired import Outcomes
from partita.models.classifier import Classifier
from partita.settings import Plan
from partita.training import Progress, fit


def divide(
    data: str,
    protocol: str | None,
    genres: Sequence[str] | None,
    seconds: float,
    seed: int,
    leave_out: str | Path | None = None,
) -> dict[str, Dataset]:
    """The rungs of one seed, without the songs that the file `leave_out` lists.

    The pool is what the data set's last protocol holds, which leaves the fewest songs out.
    """
    honest = datasets.load(data, protocol, seed, genres=genres, leave_out=leave_out)
    last = list(datasets.module(honest.name).PROTOCOLS)[-1]
    locked = {example.id for example in honest.splits.get("test", ())}
    everything = datasets.load(data, last, seed, genres=genres, leave_out=leave_out).examples
    return rungs(honest, [example for example in everything if example.id not in locked], seconds, seed)


def labels_of(divided: Mapping[str, Dataset]) -> tuple[str, ...]:
    """The labels of all rungs together, so that every model knows the same ones."""
    return tuple(sorted({label for dataset in divided.values() for label in dataset.labels}))


def measure_rung(
    plan: Plan, dataset: Dataset, rung: str, seed: int, device: str, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Train by `plan` on the windows of a rung and measure on its other windows; the last weights count.

    "songs" maps every measured song to [windows right, windows, whether the vote of its windows is right]. Raises
    `UsageError` for what is no classifier.
    """
    started, network = time.monotonic(), plan.new(seed)
    if not isinstance(network, Classifier):
        raise UsageError(f"{plan.kind.name} does not classify; only classifiers are measured on windows")
    train = prepare_all(network, dataset.split("train"), lambda done, total, words: progress(words))
    fit(
        network,
        train.items,
        [],
        plan.recipe,
        seed=seed,
        device=device,
        progress=lambda done, total, words: progress(words),
    )
    network.to("cpu")
    valid = prepare_all(network, dataset.split("valid"), lambda done, total, words: progress(words))
    labels = network.labels
    by_song: dict[str, list[Any]] = defaultdict(list)
    for example, row in zip(valid.examples, network.song_log_probabilities(valid.items), strict=True):
        by_song[song_of(example)].append((row, labels.index(example.label)))
    songs = {}
    for song, answers in by_song.items():
        truth = answers[0][1]
        right = sum(int(row.argmax()) == truth for row, _ in answers)
        vote = int(np.mean([row for row, _ in answers], axis=0).argmax()) == truth
        songs[song] = [right, len(answers), int(vote)]
    return {
        "rung": rung,
        "seed": seed,
        "protocol": dataset.protocol,
        "train": len(train.items),
        "valid": len(valid.items),
        "songs": songs,
        "left_out": [str(failure) for failure in (*train.failures, *valid.failures)],
        "seconds": round(time.monotonic() - started, 1),
    }


def outcomes_of(runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], songs: Sequence[str], unit: str) -> Outcomes:
    """Right answers of all, by seed and song, of rows of one rung; `unit` is "segments" or "songs"."""
    place = {song: i for i, song in enumerate(songs)}
    right, asked = np.zeros((len(seeds), len(songs))), np.zeros((len(seeds), len(songs)))
    for run in runs:
        row = seeds.index(run["seed"])
        for song, (hits, windows, vote) in run["songs"].items():
            right[row, place[song]] = hits if unit == "segments" else vote
            asked[row, place[song]] = windows if unit == "segments" else 1
    return Outcomes(right, asked)


class Results:
    """Finished rows by the values of `key`, kept in a file where a path is given: one line each, the first `setup`.

    A last line that a crash cut off is dropped. Raises `UsageError` where the file holds results of another set-up.
    """

    def __init__(self, path: Path | None, setup: Mapping[str, Any], key: tuple[str, ...]) -> None:
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.path, self.key = path, key
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]  # a crash may have cut the last one off
        try:
            rows = [json.loads(line) for line in whole]
            if rows and rows[0] != dict(setup):
                raise UsageError(f"{self.path}: holds results of something else; give another folder")
            self.rows = {tuple(row[name] for name in key): row for row in rows[1:]}
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.path}: does not hold such results; give another folder") from None
        if not whole or whole != lines:
            self.path.write_text("".join(whole) or json.dumps(dict(setup)) + "\n", encoding="utf-8")

    def add(self, row: dict[str, Any]) -> None:
        """Keep a finished row."""
        self.rows[tuple(row[name] for name in self.key)] = row
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def within(progress: Progress | None, number: int, count: int, title: str) -> Callable[[str], None]:
    """Report words of one run as progress of the whole ladder."""

    def tell(words: str) -> None:
        if progress:
            progress(number, count, f"{title}: {words}")

    return tell
