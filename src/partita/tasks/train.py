"""train: fit a registered model to a data set and keep it as a checkpoint."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from partita import data as datasets
from partita.checkpoint import CARD, save
from partita.data import Dataset
from partita.errors import UsageError
from partita.evaluation import Evaluation, cross_validated_temperature, measure_classifier, prepare_all
from partita.metrics.classification import fit_temperature
from partita.models.base import Item, Recipe
from partita.models.classifier import Classifier, truth_of
from partita.settings import Settings, build
from partita.training import STATE, Progress, Run, fit


@dataclass(frozen=True)
class Trained:
    """A finished training: the checkpoint's folder, the run, and a classifier's numbers on the validation part."""

    folder: Path
    run: Run
    evaluation: Evaluation | None


def train(
    model: str,
    *,
    data: str,
    out: str | Path,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    seed: int = 0,
    settings: Settings | None = None,
    calibration_folds: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> Trained:
    """Train a registered model on a data set given as NAME:PATH and write a checkpoint to the folder `out`.

    `genres` keeps these labels alone, `balance` takes as many training songs of each label as the rarest has.
    `settings` change the model's config or its recipe by name, such as {"steps": 500}. A training that was stopped
    goes on where it was when called again with the same arguments. A classifier's temperature is fitted on the
    validation songs, or by cross-validation inside the training part if `calibration_folds` is 2 or more.
    """
    folder = Path(out)
    if seed < 0:
        raise UsageError(f"a seed is a number from 0 up, not {seed}")
    if (folder / CARD).exists():
        raise UsageError(f"{folder}: already holds a finished checkpoint; give another folder")
    dataset = datasets.load(data, protocol, seed, genres=genres, balance=balance)
    network, recipe = build(model, dataset, settings or {}, seed)
    if isinstance(network, Classifier) and not network.closed_form:
        _check_folds(dataset, calibration_folds)
    source = datasets.module(dataset.name)
    train_part = prepare_all(network, dataset.split("train"), progress)
    valid_part = prepare_all(network, dataset.splits.get("valid", ()), progress)
    run = fit(
        network, train_part.items, valid_part.items, recipe, folder=folder, seed=seed, device=device, progress=progress
    )
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
        "recipe": None if network.closed_form else asdict(recipe),
        "seed": seed,
        "best_step": run.best_step,
        "left_out": [str(failure) for failure in (*train_part.failures, *valid_part.failures)],
    }
    evaluation = None
    if isinstance(network, Classifier):
        card["calibration"] = _calibrate(network, recipe, dataset, valid_part.items, calibration_folds, seed, device)
        if valid_part.items:
            evaluation = measure_classifier(network, folder.name, dataset, "valid", gap=True, seed=seed)
            card["metrics"] = {"valid": evaluation.json()}
    save(network, folder, card)
    (folder / STATE).unlink(missing_ok=True)
    return Trained(folder, run, evaluation)


def _check_folds(dataset: Dataset, folds: int) -> None:
    """Raise `UsageError`, before any training, for a number of folds that the training part can't give."""
    fewest = min(Counter(example.label for example in dataset.split("train")).values())
    if folds == 1 or folds < 0 or folds > fewest:
        raise UsageError(f"calibration folds are 0 or 2 to {fewest} (the songs of the smallest label), not {folds}")


def _calibrate(
    network: Classifier, recipe: Recipe, dataset: Dataset, valid: Sequence[Item], folds: int, seed: int, device: str
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
            recipe,
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
