"""ladder: what each leak is worth, by measuring one model under four ways of dividing the same data.

The student report on dilated convolutions names three figures of one network, 94 %, 85 % and 74.5 %, and puts the gaps
down to windows and chunks of one song on both sides. This repeats the argument under control, and adds the rung that
the report missed: artists and duplicates on both sides.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from partita import data as datasets
from partita.checkpoint import write_json
from partita.data import Dataset
from partita.data.rungs import RUNGS, rungs, song_of
from partita.errors import UsageError
from partita.evaluation import prepare_all
from partita.metrics.paired import Estimate, Outcomes, Weights, accuracy, gap, gap_on_same_songs, resample
from partita.models.classifier import Classifier
from partita.settings import Plan, Settings
from partita.training import Progress, fit

RESULTS = "results.jsonl"
GAPS = (("a", "b"), ("a", "c"), ("b", "c"), ("c", "d"))
WHOLE = ("c", "d")
"""The rungs where songs are whole, so that a song's windows can vote."""


@dataclass(frozen=True)
class Ladder:
    """What a ladder found: a row for each rung and for each gap.

    A row of `rungs` has "rung", "words", "unit" ("segments" or "songs"), "accuracy", "interval", "deviation" (over
    seeds; None for one), "by_seed" and "songs" (measured in all seeds together); a row of `gaps` "gap", "unit",
    "value", "interval" and "songs" (that it rests on).
    """

    model: str
    settings: dict[str, str | int | float]
    data: str
    protocol: str
    seconds: float
    seeds: int
    train: int
    valid: int
    rungs: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    left_out: list[str]

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def ladder(
    model: str,
    *,
    data: str,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    seconds: float = 5.0,
    seeds: int = 5,
    settings: Settings | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Ladder:
    """Train and measure a registered classifier under all four rungs, with so many seeds, on windows of `seconds`.

    `protocol` is the fourth rung's, the data set's most honest by default; songs of its locked test part take no part.
    `settings` change the model or its recipe. With `out`, finished trainings are kept in that folder's results.jsonl
    and not done again, and the result is written to ladder.json. Nothing is chosen on the measured windows: the last
    weights count. Raises `UsageError` where the folder holds a ladder of something else.
    """
    if seeds < 1 or not seconds > 0:
        raise UsageError(f"seeds are a number from 1 up and seconds above 0, not {seeds} and {seconds:g}")
    setup = {
        "model": model,
        "settings": {name: str(value) for name, value in sorted((settings or {}).items())},
        "data": data,
        "protocol": protocol or next(iter(datasets.module(data.partition(":")[0]).PROTOCOLS)),
        "genres": sorted(genres or ()),
        "seconds": seconds,
    }
    store = _Store(Path(out) if out else None, setup)
    wanted = [(seed, rung) for seed in range(seeds) for rung in RUNGS]
    divided: dict[str, Dataset] = {}
    divided_by = -1
    for number, (seed, rung) in enumerate(wanted):
        if (rung, seed) in store.runs:
            continue
        if divided_by != seed:
            divided, divided_by = _divide(data, protocol, genres, seconds, seed), seed
        tell = _within(progress, number, len(wanted), f"rung {rung}, seed {seed}")
        store.add(_climb(model, settings or {}, divided, rung, seed, device, tell))
    result = _summarise([store.runs[rung, seed] for seed, rung in wanted], setup)
    if out:
        write_json(Path(out) / "ladder.json", result.json())
    return result


def _divide(
    data: str, protocol: str | None, genres: Sequence[str] | None, seconds: float, seed: int
) -> dict[str, Dataset]:
    """The rungs of one seed. The pool is what the data set's last protocol holds, which leaves the fewest songs out."""
    honest = datasets.load(data, protocol, seed, genres=genres)
    last = list(datasets.module(honest.name).PROTOCOLS)[-1]
    locked = {example.id for example in honest.splits.get("test", ())}
    everything = datasets.load(data, last, seed, genres=genres).examples
    return rungs(honest, [example for example in everything if example.id not in locked], seconds, seed)


def _climb(
    model: str,
    settings: Settings,
    divided: Mapping[str, Dataset],
    rung: str,
    seed: int,
    device: str,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Train and measure one rung with one seed: a row of results.jsonl.

    "songs" maps every measured song to [windows right, windows, whether the vote of its windows is right].
    """
    started, dataset = time.monotonic(), divided[rung]
    labels = tuple(sorted({label for each in divided.values() for label in each.labels}))
    plan = Plan.of(model, labels, settings)
    network = plan.new(seed)
    if not isinstance(network, Classifier):
        raise UsageError(f"{model} does not classify; a ladder wants a classifier")
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


class _Store:
    """Finished runs by (rung, seed), in a file where a folder is given: one line each, the first says what of."""

    def __init__(self, folder: Path | None, setup: Mapping[str, Any]) -> None:
        self.runs: dict[tuple[str, int], dict[str, Any]] = {}
        self.path = folder / RESULTS if folder else None
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]  # a crash may have cut the last one off
        try:
            rows = [json.loads(line) for line in whole]
            if rows and rows[0] != dict(setup):
                raise UsageError(f"{self.path}: holds a ladder of something else; give another folder")
            self.runs = {(row["rung"], row["seed"]): row for row in rows[1:]}
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.path}: does not hold results of a ladder; give another folder") from None
        if not whole or whole != lines:
            self.path.write_text("".join(whole) or json.dumps(dict(setup)) + "\n", encoding="utf-8")

    def add(self, run: dict[str, Any]) -> None:
        """Keep a finished run."""
        self.runs[run["rung"], run["seed"]] = run
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")


def _within(progress: Progress | None, number: int, count: int, title: str) -> Callable[[str], None]:
    """Report words of one run as progress of the whole ladder."""

    def tell(words: str) -> None:
        if progress:
            progress(number, count, f"{title}: {words}")

    return tell


def _summarise(runs: Sequence[Mapping[str, Any]], setup: Mapping[str, Any]) -> Ladder:
    """All rungs and gaps with their intervals."""
    seeds = sorted({run["seed"] for run in runs})
    songs = sorted({song for run in runs for song in run["songs"]})
    weights = resample(len(seeds), len(songs))
    outcomes = {
        (rung, unit): _outcomes([run for run in runs if run["rung"] == rung], seeds, songs, unit)
        for rung in RUNGS
        for unit in ("segments", "songs")
        if unit == "segments" or rung in WHOLE
    }
    gaps = []
    for unit in ("segments", "songs"):
        for x, y in GAPS:
            if (x, unit) in outcomes and (y, unit) in outcomes:
                left, right = outcomes[x, unit], outcomes[y, unit]
                gaps.append(_gap_row(f"{x} - {y}", unit, gap(left, right, weights), _asked(left) | _asked(right)))
    left, right = (outcomes[rung, "segments"] for rung in WHOLE)
    gaps.append(
        _gap_row("c - d, same songs", "segments", gap_on_same_songs(left, right, weights), _asked(left) & _asked(right))
    )
    return Ladder(
        model=setup["model"],
        settings=setup["settings"],
        data=setup["data"].partition(":")[0],
        protocol=next(run["protocol"] for run in runs if run["rung"] == "d"),
        seconds=setup["seconds"],
        seeds=len(seeds),
        train=min(run["train"] for run in runs),
        valid=min(run["valid"] for run in runs),
        rungs=[_rung_row(rung, unit, part, weights) for (rung, unit), part in outcomes.items()],
        gaps=gaps,
        left_out=sorted({failure for run in runs for failure in run["left_out"]}),
    )


def _outcomes(runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], songs: Sequence[str], unit: str) -> Outcomes:
    place = {song: i for i, song in enumerate(songs)}
    right, asked = np.zeros((len(seeds), len(songs))), np.zeros((len(seeds), len(songs)))
    for run in runs:
        row = seeds.index(run["seed"])
        for song, (hits, windows, vote) in run["songs"].items():
            right[row, place[song]] = hits if unit == "segments" else vote
            asked[row, place[song]] = windows if unit == "segments" else 1
    return Outcomes(right, asked)


def _asked(outcomes: Outcomes) -> set[int]:
    return set(np.flatnonzero(outcomes.asked.sum(0)).tolist())


def _rung_row(rung: str, unit: str, outcomes: Outcomes, weights: Weights) -> dict[str, Any]:
    estimate = accuracy(outcomes, weights)
    by_seed = outcomes.right.sum(1) / outcomes.asked.sum(1)
    return {
        "rung": rung,
        "words": RUNGS[rung],
        "unit": unit,
        "accuracy": estimate.value,
        "interval": list(estimate.interval),
        "deviation": float(by_seed.std(ddof=1)) if len(by_seed) > 1 else None,
        "by_seed": by_seed.tolist(),
        "songs": len(_asked(outcomes)),
    }


def _gap_row(name: str, unit: str, estimate: Estimate, songs: set[int]) -> dict[str, Any]:
    """A row of gaps; value and interval are None where too few songs were asked to tell."""
    known = bool(np.isfinite([estimate.value, *estimate.interval]).all())
    value, interval = (estimate.value, list(estimate.interval)) if known else (None, None)
    return {"gap": name, "unit": unit, "value": value, "interval": interval, "songs": len(songs)}
