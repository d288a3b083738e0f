"""One training run, from a data set to a checkpoint: what training once and training many times have in common."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partita import data as datasets
from partita.checkpoint import save
from partita.data import Dataset
from partita.errors import UsageError
from partita.evaluation import Evaluation, cross_validated_temperature, measure_classifier, prepare_all
from partita.likelihood import Likelihood, measure_likelihood
from partita.metrics.classification import fit_temperature
from partita.models.base import Item
from partita.models.classifier import Classifier, truth_of
from partita.models.rolls import RollModel
from partita.settings import Plan
from partita.training import STATE, Progress, Run, fit


@dataclass(frozen=True)
class Trained:
    """A finished training: the checkpoint's folder, the run, and the numbers on the validation part, if any."""

    folder: Path
    run: Run
    evaluation: Evaluation | Likelihood | None
    classifies: bool


def train_run(
    plan: Plan,
    dataset: Dataset,
    folder: Path,
    *,
    seed: int,
    calibration_folds: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> Trained:
    """Train by a plan on the training part of a data set and save the checkpoint, with its card, to `folder`.

    The validation part, if there is one, chooses among the weights, fits the temperature unless `calibration_folds` do,
    and is measured for the card. A run that was stopped goes on where it was.
    """
    network = plan.new(seed)
    if isinstance(network, Classifier):
        _check_labels(network.name, dataset)
        if not network.closed_form:
            check_folds(dataset, calibration_folds)
    source = datasets.module(dataset.name)
    train_part = prepare_all(network, dataset.split("train"), progress)
    valid_part = prepare_all(network, dataset.splits.get("valid", ()), progress)
    options: dict[str, Any] = {"folder": folder, "seed": seed, "device": device, "progress": progress}
    run = fit(network, train_part.items, valid_part.items, plan.recipe, **options)
    network.to("cpu")
    card: dict[str, Any] = {
        "data": {
            "name": dataset.name,
            "licence": source.LICENCE,
            "citation": source.CITATION,
            "protocol": dataset.protocol,
            "train": len(train_part.items),
            "train_songs": dataset.digest("train"),
            "valid": len(valid_part.items),
            "notes": [*dataset.notes, *train_part.damage, *valid_part.damage],
        },
        "recipe": plan.recipe_json(),
        "seed": seed,
        "best_step": run.best_step,
        "left_out": [str(failure) for failure in (*train_part.failures, *valid_part.failures)],
    }
    evaluation: Evaluation | Likelihood | None = None
    if isinstance(network, Classifier):
        card["calibration"] = _calibrate(network, plan, dataset, valid_part.items, calibration_folds, seed, device)
        if valid_part.items:
            evaluation = measure_classifier(network, folder.name, dataset, "valid", gap=True, seed=seed)
    elif isinstance(network, RollModel) and valid_part.items:
        evaluation = measure_likelihood(network, folder.name, dataset, "valid")
    if evaluation is not None:
        card["metrics"] = {"valid": evaluation.json()}
    save(network, folder, card)
    (folder / STATE).unlink(missing_ok=True)
    return Trained(folder, run, evaluation, isinstance(network, Classifier))


def _check_labels(name: str, dataset: Dataset) -> None:
    """Raise `UsageError` for data that a classifier can't learn from: without labels, or with one song of a label."""
    if not dataset.labels:
        raise UsageError(f"{name} is a classifier and {dataset.name} has no labels")
    label, count = Counter(example.label for example in dataset.split("train")).most_common()[-1]
    if count < 2:
        raise UsageError(f"the label {label!r} has only {count} song to train on; two are the least")


def check_folds(dataset: Dataset, folds: int, *, what: str = "calibration folds") -> None:
    """Raise `UsageError`, before any training, for a number of folds that the training part can't give."""
    fewest = min(Counter(example.label for example in dataset.split("train")).values())
    if folds == 1 or folds < 0 or folds > fewest:
        raise UsageError(f"{what} are 0 or 2 to {fewest} (the songs of the smallest label), not {folds}")


def _calibrate(
    network: Classifier, plan: Plan, dataset: Dataset, valid: Sequence[Item], folds: int, seed: int, device: str
) -> dict[str, Any]:
    """Set the temperature and say how it was found."""
    if network.closed_form:
        temperature = float(network.temperature)
        fitted = temperature != 1  # exactly 1 is where it starts
        words = "cross-validation inside the training part" if fitted else "not: too few songs of a label"
        return {"temperature": temperature, "fitted": words}
    if folds:
        temperature, report = cross_validated_temperature(
            lambda: type(network).new(network.config, seed),
            dataset.split("train"),
            plan.recipe,
            folds,
            seed,
            device=device,
        )
        network.temperature.fill_(temperature)
        return {**report, "fitted": "cross-validation inside the training part"}
    if not valid:
        return {"temperature": 1.0, "fitted": "not: there is no validation part"}
    network.temperature.fill_(fit_temperature(network.song_log_probabilities(valid), truth_of(valid)))
    return {
        "temperature": float(network.temperature),
        "fitted": "validation songs, so their calibration error looks too good",
    }
