"""evaluate: measure a classifier on a data set, with intervals and baselines."""

from collections.abc import Sequence

from partita import data as datasets
from partita.checkpoint import identity, load
from partita.errors import CheckpointError, UsageError
from partita.evaluation import Evaluation, measure_classifier
from partita.models.base import choose_device
from partita.models.classifier import Classifier
from partita.training import Progress


def evaluate(
    model: str,
    *,
    data: str,
    split: str = "valid",
    test: bool = False,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    seed: int = 0,
    baselines: bool = True,
    device: str = "auto",
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a shipped model or checkpoint on one split of a data set given as NAME:PATH.

    The test split is locked, since every look at it makes its number less worth: `test=True` opens it. `baselines` fits
    `genre-linear` to the same training part and measures it on the same songs. `genres` keeps these labels alone,
    `balance` evens out the training part that the baselines are fitted to.
    Raises `UsageError` where the split is locked or the labels differ.
    """
    if split == "test" and not test:
        raise UsageError("the test split is locked; choose models on valid and add --test for the final number alone")
    network = load(model, choose_device(device))
    if not isinstance(network, Classifier):
        raise CheckpointError(f"{model}: is a {network.name}, which does not classify")
    dataset = datasets.load(data, protocol, seed, genres=genres, balance=balance)
    return measure_classifier(network, identity(model), dataset, split, baselines=baselines, progress=progress)
