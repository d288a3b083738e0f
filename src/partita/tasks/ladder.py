"""ladder: what each leak is worth, by measuring one model under four ways of dividing the same data.

The student report on dilated convolutions names three figures of one network, 94 %, 85 % and 74.5 %, and puts the gaps
down to windows and chunks of one song on both sides. This repeats the argument under control, and adds the rung that
the report missed: artists and duplicates on both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from partita import data as datasets
from partita.checkpoint import write_json
from partita.data import Dataset
from partita.data.rungs import RUNGS
from partita.errors import UsageError
from partita.evaluation.climbing import Results, divide, labels_of, measure_rung, outcomes_of, within
from partita.metrics.paired import Estimate, Outcomes, Weights, accuracy, gap, gap_on_same_songs, resample
from partita.settings import Plan, Settings
from partita.training import Progress

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
    leave_out: str | Path | None = None,
    seconds: float = 5.0,
    seeds: int = 5,
    settings: Settings | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Ladder:
    """Train and measure a registered classifier under all four rungs, with so many seeds, on windows of `seconds`.

    `protocol` is the fourth rung's, the data set's most honest by default; songs of its locked test part take no part.
    `leave_out` is a file that lists songs which take no part, as `audit` writes it.
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
        "leave_out": sorted(datasets.read_names(leave_out)) if leave_out else [],
        "seconds": seconds,
    }
    store = Results(Path(out) / RESULTS if out else None, setup, ("rung", "seed"))
    wanted = [(seed, rung) for seed in range(seeds) for rung in RUNGS]
    divided: dict[str, Dataset] = {}
    divided_by = -1
    for number, (seed, rung) in enumerate(wanted):
        if (rung, seed) in store.rows:
            continue
        if divided_by != seed:
            divided, divided_by = divide(data, protocol, genres, seconds, seed, leave_out), seed
        tell = within(progress, number, len(wanted), f"rung {rung}, seed {seed}")
        plan = Plan.of(model, labels_of(divided), settings)
        store.add(measure_rung(plan, divided[rung], rung, seed, device, tell))
    result = _summarise([store.rows[rung, seed] for seed, rung in wanted], setup)
    if out:
        write_json(Path(out) / "ladder.json", result.json())
    return result


def _summarise(runs: Sequence[Mapping[str, Any]], setup: Mapping[str, Any]) -> Ladder:
    """All rungs and gaps with their intervals."""
    seeds = sorted({run["seed"] for run in runs})
    songs = sorted({song for run in runs for song in run["songs"]})
    weights = resample(len(seeds), len(songs))
    outcomes = {
        (rung, unit): outcomes_of([run for run in runs if run["rung"] == rung], seeds, songs, unit)
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
