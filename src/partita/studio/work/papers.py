"""What comes of trainings as a page: repeated ones, a search, a ladder, a report's models."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partita import figures
from partita.metrics.classification import Interval
from partita.repeats import Repeats
from partita.studio.work.paper import Cell, Paper, Part, Picture, Range, Share, Table
from partita.tasks.ladder import Ladder
from partita.tasks.reproduce import Reproduction
from partita.tasks.tune import Tuned

Rows = list[list[Cell]]


def percent(share: float) -> str:
    """A share 0..1 in words."""
    return f"{100 * share:.1f} %"


def chances(interval: Interval) -> str:
    """What an interval of a share means, in words."""
    low, high = interval
    return f"another draw of songs would give {percent(low)} to {percent(high)} (95 %)"


def pairs(caption: str, columns: tuple[str, str], values: Mapping[str, float]) -> list[Part]:
    """A table of names and numbers, or nothing."""
    return [Table(caption, columns, [[name, value] for name, value in values.items()])] if values else []


def of_repeats(runs: Repeats) -> Paper:
    """Trainings that differ in the seed, or in the songs that were held out."""
    rows: Rows = [
        [name, Share(run.accuracy, run.interval), run.macro_f1, run.n, run.gap.accuracy if run.gap else None]
        for name, run in runs.runs.items()
    ]
    spreads = {"accuracy": runs.accuracy, "accuracy of segments": runs.segment_accuracy, "macro-F1": runs.macro_f1}
    over: Rows = [[name, each.mean, each.deviation] for name, each in spreads.items()]
    pooled = [f"Each song once, {percent(runs.pooled[0])} are right; {chances(runs.pooled[1])}."] if runs.pooled else []
    columns = ("run", "right", "macro-F1", "songs", "right of training songs")
    return Paper(
        f"{runs.model}, trained {len(runs.runs)} times",
        "",
        percent(runs.accuracy.mean),
        f"of the songs are named right in the mean of {len(runs.runs)} trainings; their standard deviation is "
        f"{100 * runs.accuracy.deviation:.1f} points",
        [
            ("Protocol", [runs.protocol, *pooled]),
            ("Runs", [Table("Each training, measured on songs that it did not learn from", columns, rows)]),
            ("Spread", [Table("Over all trainings", ("measure", "mean", "standard deviation"), over)]),
            ("Beside it", pairs("Baselines on the same songs, in the mean", ("baseline", "right"), runs.baselines)),
        ],
    )


OBJECTIVES = {"nll": "negative log-likelihood", "accuracy": "accuracy", "loss": "loss"}


def of_search(found: Tuned) -> Paper:
    """A search for settings; its picture is the one that the task has drawn."""
    rows: Rows = [
        [
            str(trial.number),
            trial.state,
            trial.value,
            *(trial.drawn.get(name) for name in found.space),
            round(trial.seconds, 2),
            trial.reason,
        ]
        for trial in found.trials
    ]
    columns = ("trial", "state", found.objective, *found.space, "seconds", "reason")
    best, pictures = list[Part](), list[Part]()
    value, words = "", "no trial finished"
    if found.best and found.best.value is not None:
        value = f"{found.best.value:.3f}"
        words = (
            f"{OBJECTIVES[found.objective]} on held-out songs: the best of {len(found.trials)} trials, so a lucky one"
        )
        settings = ", ".join(f"{name}={value}" for name, value in found.best.settings.items())
        best = [f"Settings of the best trial, as Train takes them: {settings}", f"As a command: {found.train}"]
        picture = figures.search(found.trials, found.space, found.importance, found.objective)
        pictures = [Picture(picture, "The course of the search, what mattered, and the settings of every trial.")]
    return Paper(
        "A search for settings",
        "",
        value,
        words,
        [
            ("What was found", [*found.words, *best]),
            ("The search", pictures),
            (
                "What mattered",
                pairs("Shares of the differences between trials", ("setting", "share"), found.importance),
            ),
            ("Trials", [Table("Every trial with what was varied", columns, rows)]),
        ],
    )


def of_ladder(result: Ladder) -> Paper:
    """What leaks between learning and measuring are worth."""
    rungs: Rows = [
        [
            f"{row['rung']}: {row['words']}",
            row["unit"],
            Share(row["accuracy"], row["interval"]),
            row["deviation"],
            row["songs"],
        ]
        for row in result.rungs
    ]
    gaps: Rows = [
        [row["gap"], row["unit"], row["value"], Range(*row["interval"]), row["songs"]]
        for row in result.gaps
        if row["value"] is not None
    ]
    first, last = (next(row for row in result.rungs if row["rung"] == rung)["accuracy"] for rung in "ad")
    title = f"{result.model} on {result.data}"
    return Paper(
        f"What leaks are worth: {title}",
        "",
        f"{100 * (first - last):+.1f} points",
        f"more windows seem right with every leak than with none: {percent(first)} and {percent(last)}",
        [
            (
                "Protocol",
                [
                    f"{result.seeds} seeds, windows of {result.seconds:g} s; {result.train} to learn from and "
                    f"{result.valid} to be measured on in every rung. Rung d: {result.protocol}.",
                    told(result.settings),
                    *(f"Left out: {each}" for each in result.left_out),
                ],
            ),
            (
                "At a glance",
                [
                    Picture(
                        figures.ladder(result.rungs, result.gaps, title),
                        "How much is right on every rung, and what the gaps are worth; the tables have the figures.",
                    )
                ],
            ),
            ("Rungs", [Table("How much is right", ("rung", "unit", "right", "deviation over seeds", "songs"), rungs)]),
            ("Gaps", [Table("What each leak is worth", ("gap", "unit", "worth", "interval", "songs"), gaps)]),
        ],
    )


def of_reproduction(result: Reproduction) -> Paper:
    """A report's claims beside what was measured."""
    claims: Rows = [
        [claim["what"], claim["value"], Range(*claim["interval"]) if claim["interval"] else None, claim["caution"]]
        for claim in result.claims
    ]
    measured: list[Part] = ["Nothing was measured for this version; choose music to measure the report's models on."]
    if result.rows and "what" in result.rows[0]:
        measured = [f"On {result.protocol}. {told(result.settings)}", beside(result.rows, "model", "variant", "what")]
    elif result.rows:
        protocols = dict.fromkeys((row["rung"], row["protocol"]) for row in result.rows)
        measured = [f"On {result.data}. {told(result.settings)}"]
        measured += [*(f"Split {rung}: {protocol}." for rung, protocol in protocols), _trials(result.rows)]
    columns = ("claim", "printed", "interval if independent", "caution")
    return Paper(
        result.title,
        "",
        "",
        f"{len(result.claims)} claims, and {len(result.rows)} figures that were measured",
        [
            ("Claims", [f"Its split: {result.split}.", Table("What the report prints", columns, claims)]),
            ("Measured", measured),
        ],
    )


def _trials(rows: Sequence[Mapping[str, Any]]) -> Table:
    def share(value: Mapping[str, Any] | None) -> Share | None:
        return Share(value["accuracy"], value["interval"]) if value else None

    cells: Rows = [
        [
            *(row[name] for name in ("model", "variant", "rung")),
            *(share(row[name]) for name in ("segments", "songs")),
            100 * row["majority"]["accuracy"],
            *(row[name] for name in ("train", "measured")),
        ]
        for row in rows
    ]
    columns = ("model", "variant", "split", "windows", "songs", "most frequent, %", "learnt from", "n")
    return Table("How much is right; intervals are over songs and seeds", columns, cells)


def beside(rows: Iterable[Mapping[str, Any]], *names: str) -> Table:
    """Figures of any kind, under the words that `names` them, with what stands beside each."""
    cells: Rows = [
        [
            *(str(row[name]) for name in names),
            row["value"],
            Range(*row["interval"]) if row["interval"] else None,
            ", ".join(f"{name} {number:.4g}" for name, number in row["beside"].items()),
        ]
        for row in rows
    ]
    return Table("Each figure with what stands beside it", (*names, "value", "interval", "beside"), cells)


def told(settings: Mapping[str, Any]) -> str:
    """Settings in words."""
    changed = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"Settings: {changed}." if changed else "Settings: its own."
