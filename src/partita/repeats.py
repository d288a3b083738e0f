"""The same training many times: over random seeds, or over folds of the training part, with mean and spread.

Each run is a checkpoint in a folder of its own, so what was stopped goes on where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from partita.checkpoint import identity, load, read_card
from partita.data import Dataset, folds_by_group
from partita.errors import CheckpointError
from partita.evaluation import Evaluation, measure_classifier
from partita.ledger import count_test_use
from partita.metrics.classification import Interval, wilson
from partita.models.classifier import Classifier
from partita.runs import check_folds, train_run
from partita.settings import Plan
from partita.training import Progress


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1) of a number over runs."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Repeats:
    """The numbers of all runs of one training.

    `pooled` is the share of all measured songs that are right, with Wilson's interval, where each song was measured
    once (folds); None where the same songs were measured each time (seeds). `runs` maps each run's folder to its
    evaluation.
    """

    model: str
    protocol: str
    accuracy: Spread
    segment_accuracy: Spread
    macro_f1: Spread
    pooled: tuple[float, Interval] | None
    baselines: dict[str, float]
    runs: dict[str, Evaluation]

    def json(self) -> dict[str, Any]:
        """JSON-ready values, without rows of songs."""
        return {**asdict(self), "runs": {name: run.json() for name, run in self.runs.items()}}


def repeat_seeds(plan: Plan, dataset: Dataset, split: str, seeds: Sequence[int], out: Path, **options: Any) -> Repeats:
    """Train by `plan` with each seed on the training part, and measure each on the same split.

    `options` are those of `_measured`. Raises `CheckpointError` where a folder in `out` holds something else.
    """
    runs = {}
    for seed in seeds:
        folder = out / f"seed-{seed}"
        runs[folder.name] = _measured(plan, dataset, dataset, split, folder, seed, **options)
    words = (
        f"{len(seeds)} trainings that differ in the seed alone ({seeds[0]} to {seeds[-1]}), on "
        f"{len(dataset.split('train'))} songs, each measured on the same songs: {next(iter(runs.values())).protocol} "
        "The deviation is that of training; that of the choice of songs is in the interval of each run."
    )
    if split == "valid" and not plan.kind.closed_form:
        words += " These songs also chose the weights of least loss, so figures are somewhat too high."
    return _summary(plan, words, runs, pooled=False)


def repeat_folds(plan: Plan, dataset: Dataset, folds: int, seed: int, out: Path, **options: Any) -> Repeats:
    """Train by `plan` on all but each of `folds` parts of the training part, and measure it on that part.

    No group is in two parts, and neighbours by name stay together. Each training runs to the recipe's end without
    validation. `options` are those of `_measured`. Raises `UsageError` for more folds than the smallest label has
    songs, `CheckpointError` where a folder in `out` holds something else.
    """
    check_folds(dataset, folds, what="folds")
    runs = {}
    for number, (rest, part) in enumerate(_parts(dataset, folds), start=1):
        protocol = f"fold {number} of {folds} of the training part; {dataset.protocol}"
        known = Dataset(dataset.name, {"train": rest}, protocol, dataset.leaks, dataset.notes)
        whole = Dataset(dataset.name, {"train": rest, "valid": part}, protocol, dataset.leaks, dataset.notes)
        folder = out / f"fold-{number}-of-{folds}"
        runs[folder.name] = _measured(plan, known, whole, "valid", folder, seed, **options)
    words = (
        f"{folds} folds of the {len(dataset.split('train'))} training songs of {dataset.name}, no group in two; "
        "each is measured by a model trained on the others to the recipe's end, so that nothing about it entered. "
        f"The other parts of the data set are not touched; {dataset.protocol}. Folds share training songs, so no "
        "honest error of the mean follows from their deviation (Bengio and Grandvalet, JMLR 5, 2004)."
    )
    return _summary(plan, words, runs, pooled=True)


def _parts(dataset: Dataset, folds: int) -> Iterator[tuple[list[Any], list[Any]]]:
    """For each fold, the examples to train on and those held out."""
    examples = dataset.split("train")
    for part in folds_by_group(examples, folds):
        held = {example.id for example in part}
        yield [example for example in examples if example.id not in held], part


def _measured(
    plan: Plan,
    known: Dataset,
    whole: Dataset,
    split: str,
    folder: Path,
    seed: int,
    *,
    baselines: bool = True,
    gap: bool = True,
    device: str = "auto",
    progress: Progress | None = None,
) -> Evaluation:
    """Train on `known` unless `folder` holds the finished run, then measure on a split of `whole`."""
    named = _in(folder.name, progress)
    if not plan.made(folder, known, seed):
        train_run(plan, known, folder, seed=seed, device=device, progress=named)
    model = load(folder)
    if not isinstance(model, Classifier):
        raise CheckpointError(f"{folder}: is a {model.name}, which does not classify")
    if split == "test":
        count_test_use(read_card(folder)["sha256"], whole.digest("test"), model=identity(folder), data=whole.name)
    options: dict[str, Any] = {"baselines": baselines, "gap": gap, "progress": named}
    return measure_classifier(model, identity(folder), whole, split, seed=seed, **options)


def _in(name: str, progress: Progress | None) -> Callable[[int, int, str], None] | None:
    return progress and (lambda done, total, words: progress(done, total, f"{name} {words}"))


def _summary(plan: Plan, words: str, runs: dict[str, Evaluation], *, pooled: bool) -> Repeats:
    results = list(runs.values())
    n = sum(result.n for result in results)
    right = sum(sum(song["truth"] == song["predicted"] for song in result.songs) for result in results)
    return Repeats(
        model=plan.kind.name,
        protocol=words,
        accuracy=_spread([result.accuracy for result in results]),
        segment_accuracy=_spread([result.segments.accuracy for result in results]),
        macro_f1=_spread([result.macro_f1 for result in results]),
        pooled=(right / n, wilson(right, n)) if pooled else None,
        baselines={
            name: fmean(result.baselines[name]["accuracy"] for result in results) for name in results[0].baselines
        },
        runs=runs,
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(fmean(values), stdev(values))
