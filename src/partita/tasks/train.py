"""train: fit a registered model to a data set and keep it as a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

from partita import data as datasets
from partita.checkpoint import CARD
from partita.errors import UsageError
from partita.models import model_class
from partita.runs import Trained, train_run
from partita.settings import Plan, Settings
from partita.training import Progress


def train(
    model: str,
    *,
    data: str,
    out: str | Path,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    leave_out: str | Path | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    calibration_folds: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> Trained:
    """Train a registered model on a data set given as NAME:PATH and write a checkpoint to the folder `out`.

    `genres` keeps these labels alone, `balance` takes as many training songs of each label as the rarest has.
    `leave_out` is a file that lists songs which take no part, as `audit` writes it.
    `settings` change the model's config or its recipe by name, such as {"steps": 500}. A training that was stopped
    goes on where it was when called again with the same arguments. A classifier's temperature is fitted on the
    validation songs, or by cross-validation inside the training part if `calibration_folds` is 2 or more.
    """
    folder = Path(out)
    if seed < 0:
        raise UsageError(f"a seed is a number from 0 up, not {seed}")
    if (folder / CARD).exists():
        raise UsageError(f"{folder}: already holds a finished checkpoint; give another folder")
    model_class(model)  # a wrong name is said before the data is read
    dataset = datasets.load(data, protocol, seed, genres=genres, balance=balance, leave_out=leave_out)
    plan = Plan.of(model, dataset.labels, settings)
    return train_run(
        plan, dataset, folder, seed=seed, calibration_folds=calibration_folds, device=device, progress=progress
    )
