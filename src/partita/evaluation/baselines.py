"""What any classifier has to beat: the most frequent label, and `genre-linear` fitted to the same training part.

A fitted baseline is kept in the cache, so that only the first evaluation on a data set waits for it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from partita.checkpoint import load, save, shipped
from partita.data import Dataset
from partita.data.cache import cache_folder
from partita.errors import CheckpointError
from partita.evaluation.comparison import compare_with
from partita.evaluation.predictions import Predicted, predict
from partita.evaluation.preparation import prepare_all
from partita.example import Example, Spectrogram
from partita.metrics import classification as measure
from partita.models import model_class
from partita.models.base import Model
from partita.models.classifier import Classifier
from partita.training import Progress

FORM = 1
"""To be raised whenever the code of genre-linear learns something else from the same songs."""


def baselines(
    dataset: Dataset, split: str, predicted: Predicted, progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """The most frequent label, and `genre-linear` fitted to the training part, on the songs that were predicted.

    Without a training part (a file that holds nothing else) the label is the most frequent of the measured songs, and
    the shipped genre-linear is taken if it has the same labels. It is left out for spectrograms that it can't take.
    """
    train = dataset.splits.get("train", ())
    examples = predicted.examples
    counts = Counter(example.label for example in train or examples)
    common = min(counts, key=lambda label: (-counts[label], label))
    right = sum(example.label == common for example in examples)
    result: dict[str, dict[str, Any]] = {"majority": {**_share(right, len(examples)), "label": common}}
    linear = None if _foreign(examples) else _linear([] if split == "train" else train, predicted.labels, progress)
    if linear is not None:
        other = predict(linear, prepare_all(linear, examples))
        pairs = compare_with("genre-linear", predicted.answers, other.answers)
        result["genre-linear"] = {
            **_share(int(other.right.sum()), len(other.truth)),
            "nll": measure.nll(other.probabilities, other.truth),
            "difference": pairs.difference,
            "difference_interval": list(pairs.interval),
            "p": pairs.p,
        }
    return result


def _foreign(examples: Sequence[Example]) -> bool:
    """Whether examples are spectrograms of a transform that `genre-linear` does not take."""
    kind = model_class("genre-linear")
    forms = {example.media.front_end for example in examples if isinstance(example.media, Spectrogram)}
    return issubclass(kind, Classifier) and not forms <= {kind.spectrograms}


def _share(right: int, n: int) -> dict[str, Any]:
    return {"accuracy": right / n, "interval": list(measure.wilson(right, n))}


def _linear(train: Sequence[Example], labels: tuple[str, ...], progress: Progress | None) -> Classifier | None:
    kind = model_class("genre-linear")
    linear: Model | None = None
    if train:
        blank = kind(kind.Config(labels=labels))
        folder = cache_folder() / "baselines" / _key(blank, train)
        linear = _kept(folder) or _fitted(blank, train, folder, progress)
    elif "genre-linear" in shipped():
        linear = load("genre-linear")
    return linear if isinstance(linear, Classifier) and linear.labels == labels else None


def _kept(folder: Path) -> Model | None:
    try:
        return load(folder)
    except CheckpointError:
        return None  # not there yet, or cut short by a full disk


def _fitted(blank: Model, train: Sequence[Example], folder: Path, progress: Progress | None) -> Model:
    linear = blank.fit(prepare_all(blank, train, progress).items, np.random.default_rng([0])).eval()
    with suppress(OSError):  # a read-only or full disk costs time, not the result
        save(linear, folder, {"data": f"{len(train)} songs"})
    return linear


def _key(blank: Model, train: Sequence[Example]) -> str:
    """A digest of all that decides the fit: settings, front end, and every song with its label and group."""
    songs = [(example.content, example.label, example.group) for example in train]
    known = (FORM, blank.name, blank.config_json(), blank.front_end, songs)
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
