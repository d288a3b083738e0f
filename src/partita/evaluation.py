"""A classifier on a data set: preparing it, the numbers, their intervals and baselines, and calibration."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.checkpoint import load, shipped
from partita.data import Dataset, folds_by_group
from partita.data.cache import cached
from partita.errors import AudioError, DataError
from partita.example import Example
from partita.metrics import classification as measure
from partita.models import model_class
from partita.models.base import Item, Model, Recipe
from partita.models.classifier import Classifier, truth_of
from partita.training import Progress, fit


@dataclass(frozen=True)
class Prepared:
    """Items ready for a model and the examples they come from.

    `failures` are the errors of those that could not be used, `damage` says what was wrong with some that could.
    """

    items: list[Item]
    examples: list[Example]
    failures: list[AudioError] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)


def prepare_all(model: Model, examples: Sequence[Example], progress: Progress | None = None) -> Prepared:
    """Run the front end over examples through the cache; files that can't be used are set aside, not fatal.

    Raises `DataError` where none is left.
    """
    prepared = Prepared([], [])
    groups = {group: number for number, group in enumerate(dict.fromkeys(example.group for example in examples))}
    for number, example in enumerate(examples):
        known = {"group": np.array(groups[example.group])}
        if isinstance(model, Classifier):
            known["label"] = model.label_index(example)
        try:
            item = {**cached(example, model.front_end, model.prepare), **known}
            if warnings := bytes(item.pop("warnings", b"")).decode():
                prepared.damage.append(f"{example.id} is damaged: {warnings}")
            prepared.items.append(item)
            prepared.examples.append(example)
        except AudioError as error:
            prepared.failures.append(error)
        if progress:
            progress(number + 1, len(examples), "reading audio")
    if examples and not prepared.items:
        raise DataError(f"none of the {len(examples)} files can be used; the first: {prepared.failures[0]}")
    return prepared


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one classifier on one split, with their uncertainty, protocol and baselines.

    `songs` has a row for each song: id, truth, predicted, probabilities.
    """

    model: str
    data: str
    split: str
    protocol: str
    n: int
    labels: tuple[str, ...]
    accuracy: float
    interval: measure.Interval
    macro_f1: float
    nll: float
    brier: float
    ece: float
    ece_interval: measure.Interval
    calibration: list[list[float]]
    per_label: dict[str, dict[str, float]]
    confusion: list[list[int]]
    baselines: dict[str, dict[str, Any]]
    notes: list[str]
    failures: list[str]
    songs: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """JSON-ready values without the rows of songs."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.__dict__.items()
            if name != "songs"
        }


def measure_classifier(
    model: Classifier,
    name: str,
    dataset: Dataset,
    split: str,
    *,
    baselines: bool = True,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure `model` on a split; the majority label and `genre-linear`, fitted to the same training part, beside it.

    Raises `UsageError` where the data has labels that the model has not.
    """
    prepared = prepare_all(model, dataset.split(split), progress)
    truth = truth_of(prepared.items)
    probabilities = model.probabilities(model.song_log_probabilities(prepared.items))
    counts = measure.confusion(probabilities, truth)
    recall, precision, f1 = measure.recall_precision_f1(counts)
    right = int(np.trace(counts))
    return Evaluation(
        model=name,
        data=dataset.name,
        split=split,
        protocol=_protocol(dataset, split, len(truth), [e.label for e in prepared.examples]),
        n=len(truth),
        labels=model.labels,
        accuracy=right / len(truth),
        interval=measure.wilson(right, len(truth)),
        macro_f1=measure.macro_f1(counts),
        nll=measure.nll(probabilities, truth),
        brier=measure.brier(probabilities, truth),
        ece=measure.ece(probabilities, truth),
        ece_interval=measure.ece_interval(probabilities, truth),
        calibration=measure.calibration_bins(probabilities, truth).tolist(),
        per_label={
            label: {
                "n": int(counts[i].sum()),
                "recall": float(recall[i]),
                "precision": float(precision[i]),
                "f1": float(f1[i]),
            }
            for i, label in enumerate(model.labels)
        },
        confusion=counts.tolist(),
        baselines=_baselines(dataset, split, prepared.examples, model.labels) if baselines else {},
        notes=[*dataset.notes, *prepared.damage],
        failures=[str(failure) for failure in prepared.failures],
        songs=[
            {"id": e.id, "truth": e.label, "predicted": model.labels[int(row.argmax())], "probabilities": row.tolist()}
            for e, row in zip(prepared.examples, probabilities, strict=True)
        ],
    )


def _protocol(dataset: Dataset, split: str, n: int, labels: Sequence[str]) -> str:
    return (
        f"{n} songs of {len(set(labels))} labels, the {split} part of {dataset.name}; {dataset.protocol}. "
        "The song is the unit; intervals are 95 % (Wilson for accuracy, bootstrap over songs for ECE)."
    )


def _baselines(
    dataset: Dataset, split: str, examples: Sequence[Example], labels: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """The most frequent label, and `genre-linear` fitted to the training part, on the same songs.

    Without a training part (a file that holds nothing else) the label is the most frequent of the measured songs, and
    the shipped genre-linear is taken if it has the same labels.
    """
    train = dataset.splits.get("train", ())
    source = train or examples
    counts = Counter(example.label for example in source)
    common = min(counts, key=lambda label: (-counts[label], label))
    right = sum(example.label == common for example in examples)
    result: dict[str, dict[str, Any]] = {"majority": {**_share(right, len(examples)), "label": common}}
    linear = _linear_baseline([] if split == "train" else train, labels)
    if linear is not None:
        items = prepare_all(linear, examples).items
        truth = truth_of(items)
        probabilities = linear.probabilities(linear.song_log_probabilities(items))
        right = int((probabilities.argmax(1) == truth).sum())
        result["genre-linear"] = {**_share(right, len(items)), "nll": measure.nll(probabilities, truth)}
    return result


def _share(right: int, n: int) -> dict[str, Any]:
    return {"accuracy": right / n, "interval": list(measure.wilson(right, n))}


def _linear_baseline(train: Sequence[Example], labels: tuple[str, ...]) -> Classifier | None:
    kind = model_class("genre-linear")
    if train:
        linear = kind(kind.Config(labels=labels))
        linear.fit(prepare_all(linear, train).items, np.random.default_rng([0]))
    elif "genre-linear" in shipped():
        linear = load("genre-linear")
    else:
        return None
    return linear if isinstance(linear, Classifier) and linear.labels == labels else None


def cross_validated_temperature(
    build: Callable[[], Classifier], examples: Sequence[Example], recipe: Recipe, folds: int, seed: int, **options: Any
) -> tuple[float, dict[str, Any]]:
    """The temperature fitted to predictions of `folds` models, each on songs it was not trained on.

    Returns it with the accuracy of those predictions. Each fold's model trains to the recipe's end, without validation,
    so nothing about the held-out songs enters it.
    """
    scores: list[NDArray[np.float32]] = []
    truth: list[measure.Labels] = []
    for number, part in enumerate(folds_by_group(examples, folds)):
        held = {example.id for example in part}
        model = build()
        rest = prepare_all(model, [example for example in examples if example.id not in held])
        fit(model, rest.items, [], recipe, seed=seed + number, **options)
        items = prepare_all(model, part).items
        scores.append(model.song_log_probabilities(items))
        truth.append(truth_of(items))
    rows, known = np.concatenate(scores), np.concatenate(truth)
    temperature = measure.fit_temperature(rows, known)
    accuracy = float((rows.argmax(1) == known).mean())
    return temperature, {"folds": folds, "n": len(known), "accuracy": accuracy, "temperature": temperature}
