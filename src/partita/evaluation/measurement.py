"""The numbers of a classifier on one split, each with its uncertainty, beside what it has to beat."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from partita.data import Dataset
from partita.data.base import shuffled
from partita.evaluation.baselines import baselines as measured_baselines
from partita.evaluation.comparison import Compared
from partita.evaluation.predictions import Predicted, SongPrediction, predict
from partita.evaluation.preparation import prepare_all
from partita.ledger import TestUses
from partita.metrics import classification as measure
from partita.metrics.votes import hard_votes, vote_statistics
from partita.models.classifier import Classifier
from partita.stress import Stressed
from partita.training import Progress

CURVE_POINTS = 20


@dataclass(frozen=True)
class SegmentLevel:
    """Accuracy over segments, its interval from drawing whole songs, since those of one song agree."""

    n: int
    accuracy: float
    interval: measure.Interval


@dataclass(frozen=True)
class Votes:
    """Accuracy of songs by vote of their segments, and what the votes are worth (`metrics.votes.VoteStatistics`).

    The hard vote goes to the label that most segments name, a tie to the tied label of greatest mean log-probability;
    `ties` names the songs that had one. The soft vote goes to the greatest mean log-probability.
    """

    hard: float
    hard_interval: measure.Interval
    ties: list[str]
    soft: float
    soft_interval: measure.Interval
    per_song: float
    icc: float | None
    design_effect: float | None
    effective: float | None


@dataclass(frozen=True)
class Abstention:
    """What not answering unsure songs buys: area under the risk-coverage curve, and 20 of its points.

    A point is (coverage, risk, least confidence answered), as `metrics.classification.risk_coverage` gives them.
    """

    aurc: float
    curve: list[list[float]]


@dataclass(frozen=True)
class Gap:
    """Accuracy on `n` songs of the checkpoint's own training part, and how much higher it is than on the split.

    Songs are drawn by seed where the training part has more than the split.
    """

    n: int
    accuracy: float
    interval: measure.Interval
    difference: float


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one classifier on one split, with their uncertainty, protocol and baselines.

    `interval` is Wilson's, `bootstrap` is over songs. `gap` is None where the training part is not known or not
    asked for, `test_uses` where the split is not the test split. `songs` has a row for each song.
    """

    model: str
    data: str
    split: str
    protocol: str
    n: int
    labels: tuple[str, ...]
    accuracy: float
    interval: measure.Interval
    bootstrap: measure.Interval
    segments: SegmentLevel
    votes: Votes
    macro_f1: float
    nll: float
    brier: float
    ece: float
    ece_interval: measure.Interval
    calibration: list[list[float]]
    abstention: Abstention
    gap: Gap | None
    per_label: dict[str, dict[str, Any]]
    confusion: list[list[int]]
    baselines: dict[str, dict[str, Any]]
    notes: list[str]
    failures: list[str]
    songs: list[SongPrediction]
    comparisons: list[Compared] = field(default_factory=list)
    test_uses: TestUses | None = None
    stress: list[Stressed] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """JSON-ready values without the rows of songs."""
        values = {name: value for name, value in asdict(self).items() if name != "songs"}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def measure_classifier(
    model: Classifier,
    name: str,
    dataset: Dataset,
    split: str,
    *,
    baselines: bool = True,
    gap: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure `model` on a split; the majority label and `genre-linear`, fitted to the same training part, beside it.

    `gap` measures the training part, too, which must be that of the model, on at most as many songs, drawn by `seed`.
    Raises `UsageError` where the data has labels that the model has not.
    """
    prepared = prepare_all(model, dataset.split(split), progress)
    predicted = predict(model, prepared, progress)
    truth, probabilities = predicted.truth, predicted.probabilities
    counts = measure.confusion(probabilities, truth)
    right, n = int(predicted.right.sum()), len(truth)
    return Evaluation(
        model=name,
        data=dataset.name,
        split=split,
        protocol=_protocol(dataset, split, n, [e.label for e in prepared.examples]),
        n=n,
        labels=model.labels,
        accuracy=right / n,
        interval=measure.wilson(right, n),
        bootstrap=measure.song_bootstrap(predicted.right),
        segments=_segments(predicted),
        votes=_votes(predicted),
        macro_f1=measure.macro_f1(counts),
        nll=measure.nll(probabilities, truth),
        brier=measure.brier(probabilities, truth),
        ece=measure.ece(probabilities, truth),
        ece_interval=measure.ece_interval(probabilities, truth),
        calibration=measure.calibration_bins(probabilities, truth).tolist(),
        abstention=_abstention(predicted),
        gap=_gap(model, dataset, n, right / n, seed) if gap and split != "train" else None,
        per_label=_per_label(counts, model.labels),
        confusion=counts.tolist(),
        baselines=measured_baselines(dataset, split, predicted, progress) if baselines else {},
        notes=[*dataset.notes, *prepared.damage],
        failures=[str(failure) for failure in prepared.failures],
        songs=predicted.songs(),
    )


def _protocol(dataset: Dataset, split: str, n: int, labels: Sequence[str]) -> str:
    return (
        f"{n} songs of {len(set(labels))} labels, the {split} part of {dataset.name}; {dataset.protocol}. "
        "The song is the unit; intervals are 95 % (Wilson for shares of songs, otherwise bootstrap over songs)."
    )


def _segments(predicted: Predicted) -> SegmentLevel:
    right, counts = _right_votes(predicted)
    return SegmentLevel(int(counts.sum()), float(right.sum() / counts.sum()), measure.song_bootstrap(right, counts))


def _right_votes(predicted: Predicted) -> tuple[measure.Labels, measure.Labels]:
    """How many segments of each song are right, of how many."""
    return predicted.votes[np.arange(len(predicted.truth)), predicted.truth], predicted.votes.sum(1)


def _votes(predicted: Predicted) -> Votes:
    n, truth = len(predicted.truth), predicted.truth
    winners, tied = hard_votes(predicted.votes, predicted.soft)
    hard, soft = int((winners == truth).sum()), int((predicted.soft.argmax(1) == truth).sum())
    worth = vote_statistics(*_right_votes(predicted))
    return Votes(
        hard=hard / n,
        hard_interval=measure.wilson(hard, n),
        ties=[example.id for example, tie in zip(predicted.examples, tied, strict=True) if tie],
        soft=soft / n,
        soft_interval=measure.wilson(soft, n),
        per_song=worth.votes,
        icc=worth.icc,
        design_effect=worth.design_effect,
        effective=worth.effective,
    )


def _abstention(predicted: Predicted) -> Abstention:
    curve = measure.risk_coverage(predicted.probabilities, predicted.truth)
    shares = np.arange(1, CURVE_POINTS + 1) / CURVE_POINTS
    rows = np.unique(np.maximum(np.ceil(shares * len(curve)).astype(int), 1)) - 1
    return Abstention(measure.aurc(curve), curve[rows].tolist())


def _gap(model: Classifier, dataset: Dataset, n: int, accuracy: float, seed: int) -> Gap | None:
    train = {example.id: example for example in dataset.splits.get("train", ())}
    if not train:
        return None
    drawn = [train[name] for name in shuffled(train, seed)[:n]]
    predicted = predict(model, prepare_all(model, drawn))
    right, count = int(predicted.right.sum()), len(predicted.truth)
    return Gap(count, right / count, measure.wilson(right, count), right / count - accuracy)


def _per_label(counts: measure.Labels, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Recall with its Wilson interval, precision and F1 of each label."""
    recall, precision, f1 = measure.recall_precision_f1(counts)
    return {
        label: {
            "n": int(counts[i].sum()),
            "recall": float(recall[i]),
            "interval": list(measure.wilson(int(counts[i, i]), int(counts[i].sum()))),
            "precision": float(precision[i]),
            "f1": float(f1[i]),
        }
        for i, label in enumerate(labels)
    }
