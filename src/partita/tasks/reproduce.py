"""reproduce: a student report's claims, and what its models do under its own protocol and under the honest one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from partita import claims
from partita.checkpoint import read_card, write_json
from partita.claims import Trial
from partita.creation import measure_report
from partita.data import load, module
from partita.errors import UsageError
from partita.evaluation.climbing import Results, divide, labels_of, measure_rung, outcomes_of, within
from partita.metrics.classification import wilson
from partita.metrics.paired import accuracy, resample
from partita.settings import Plan, Settings, own_settings, refuse_unknown
from partita.training import Progress

RESULTS = "results.jsonl"
HONEST = "d"


@dataclass(frozen=True)
class Reproduction:
    """A report's claims and what was measured: `rows` is empty where nothing has been.

    Rows of aaa are those of `creation.Row`, and `protocol` says what they were measured on. A classifier's
    row has "model", "variant" ("exact" or the corrected settings), "rung", "protocol", "segments" and "songs"
    (accuracy, interval; songs None where they are not whole), "train", "valid" (windows), "measured" (songs), "seeds"
    and "majority" (the share of songs of the most frequent label among those measured).
    """

    report: str
    title: str
    split: str
    claims: list[dict[str, Any]]
    data: str | None
    settings: dict[str, str]
    rows: list[dict[str, Any]]
    protocol: str = ""

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def reproduce(
    report: str,
    *,
    data: str | None = None,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    seconds: float | None = None,
    seeds: int = 1,
    settings: Settings | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Reproduction:
    """The claims of a report (p66, lildata, dilated-cnn, fstmuse, aaa) with what was measured.

    Without `data` that is what was measured for this version, if anything, and what cards of shipped corrected models
    say. With `data` (NAME:PATH) every classifier of the report is trained with so many seeds and measured three times:
    as the report has it under the report's own way of splitting, the same under the data set's `protocol` (its most
    honest by default), and the corrected variant under that. `seconds` are of the windows (the report's own by
    default). `settings` change every model or recipe that has them, or the one that they name, such as
    {"aaa-lstm.units": "128,128"}. `out` keeps finished trainings, so that the same call goes on. The models of aaa,
    which write music, are trained and measured on scores. Raises `UsageError` for an unknown report or setting.
    """
    known = claims.report(report)
    told = [
        {"what": c.what, "value": c.value, "n": c.n, "interval": c.interval, "caution": c.caution} for c in known.claims
    ]
    if data is None:
        shipped = files("partita") / "measured" / f"{report}.json"
        kept = json.loads(shipped.read_text(encoding="utf-8")) if shipped.is_file() else {}
        rows, protocol = kept.get("rows", []), kept.get("protocol", "")
        for name in known.shipped:
            measured = read_card(name)["metrics"]["valid"]
            rows = rows + measured["findings"]["rows"]
            protocol += " ".join([f". {name}: as shipped, on {measured['protocol']}", *measured["notes"]]).rstrip(".")
        return Reproduction(
            report, known.title, known.split, told, kept.get("data"), kept.get("settings", {}), rows, protocol
        )
    if seeds < 1:
        raise UsageError(f"seeds are a number from 1 up, not {seeds}")
    told_settings = {name: str(value) for name, value in sorted((settings or {}).items())}
    folder = Path(out) if out else None
    if not known.trials:
        if genres or seconds or seeds > 1:
            raise UsageError(f"{report} has no classifiers, so it knows no genres, seconds and seeds")
        dataset = load(data, protocol)
        rows = measure_report(dataset, settings or {}, folder, 0, device, progress)
        result = Reproduction(
            report, known.title, known.split, told, dataset.name, told_settings, rows, dataset.describe()
        )
        if folder:
            write_json(folder / "reproduction.json", result.json())
        return result
    refuse_unknown(settings or {}, [trial.model for trial in known.trials])
    setup = {
        "report": report,
        "settings": told_settings,
        "data": data,
        "protocol": protocol or next(iter(module(data.partition(":")[0]).PROTOCOLS)),
        "genres": sorted(genres or ()),
        "seconds": seconds,
    }
    store = Results(Path(out) / RESULTS if out else None, setup, ("model", "variant", "rung", "seed"))
    wanted = [
        (trial, variant, rung, seed)
        for trial in known.trials
        for variant, rung in _ways(trial)
        for seed in range(seeds)
    ]
    for number, (trial, variant, rung, seed) in enumerate(wanted):
        words = _words(variant)
        if (trial.model, words, rung, seed) in store.rows:
            continue
        divided = divide(data, protocol, genres, seconds or trial.seconds, seed)
        plan = Plan.of(trial.model, labels_of(divided), {**own_settings(trial.model, settings or {}), **variant})
        tell = within(progress, number, len(wanted), f"{trial.model} {words}, rung {rung}, seed {seed}")
        row = measure_rung(plan, divided[rung], rung, seed, device, tell)
        labels = {example.id: example.label for example in divided[rung].split("valid")}
        store.add({**row, "model": trial.model, "variant": words, "labels": labels})
    kinds = [(trial.model, _words(variant), rung) for trial in known.trials for variant, rung in _ways(trial)]
    rows = [_row([store.rows[(*kind, seed)] for seed in range(seeds)]) for kind in kinds]
    name = data.partition(":")[0]
    result = Reproduction(report, known.title, known.split, told, name, told_settings, rows)
    if out:
        write_json(Path(out) / "reproduction.json", result.json())
    return result


def _ways(trial: Trial) -> list[tuple[dict[str, str], str]]:
    """Settings and rung of each measurement of a trial."""
    return [({}, trial.own), ({}, HONEST), *((variant, HONEST) for variant in trial.corrected)]


def _words(variant: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in variant.items()) or "exact"


def _row(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One row of the reproduction from the runs of all seeds."""
    seeds = [run["seed"] for run in runs]
    songs = sorted({song for run in runs for song in run["songs"]})
    weights = resample(len(seeds), len(songs))
    measured = {}
    for unit in ("segments", "songs"):
        estimate = accuracy(outcomes_of(runs, seeds, songs, unit), weights)
        measured[unit] = {"accuracy": estimate.value, "interval": list(estimate.interval)}
    whole = runs[0]["rung"] in ("c", "d")
    of_songs = {window.rpartition("@")[0]: label for run in runs for window, label in run["labels"].items()}
    labels = [of_songs[song] for song in songs]
    common = max(labels.count(label) for label in set(labels))
    protocol = runs[0]["protocol"]
    if len(seeds) > 1:
        protocol = protocol.replace(f"(seed {seeds[0]})", f"(seeds {seeds[0]} to {seeds[-1]})")
    return {
        **{name: runs[0][name] for name in ("model", "variant", "rung", "train", "valid")},
        "protocol": protocol,
        "segments": measured["segments"],
        "songs": measured["songs"] if whole else None,
        "measured": len(songs),
        "seeds": len(seeds),
        "majority": {"accuracy": common / len(songs), "interval": list(wilson(common, len(songs)))},
    }
