"""The temperature of a classifier, found without its validation songs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.data import folds_by_group
from partita.evaluation.preparation import prepare_all
from partita.example import Example
from partita.metrics.classification import Labels, fit_temperature
from partita.models.base import Recipe
from partita.models.classifier import Classifier, truth_of
from partita.training import fit


def cross_validated_temperature(
    build: Callable[[], Classifier], examples: Sequence[Example], recipe: Recipe, folds: int, seed: int, **options: Any
) -> tuple[float, dict[str, Any]]:
    """The temperature fitted to predictions of `folds` models, each on songs it was not trained on.

    Returns it with the accuracy of those predictions. Each fold's model trains to the recipe's end, without validation,
    so nothing about the held-out songs enters it.
    """
    scores: list[NDArray[np.float32]] = []
    truth: list[Labels] = []
    for number, part in enumerate(folds_by_group(examples, folds)):
        held = {example.id for example in part}
        model = build()
        rest = prepare_all(model, [example for example in examples if example.id not in held])
        fit(model, rest.items, [], recipe, seed=seed + number, **options)
        items = prepare_all(model, part).items
        scores.append(model.song_log_probabilities(items))
        truth.append(truth_of(items))
    rows, known = np.concatenate(scores), np.concatenate(truth)
    temperature = fit_temperature(rows, known)
    accuracy = float((rows.argmax(1) == known).mean())
    return temperature, {"folds": folds, "n": len(known), "accuracy": accuracy, "temperature": temperature}
