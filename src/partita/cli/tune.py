"""The command `partita tune`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import listed, progress_bar, say, say_json


def tune(
    model: str,
    *,
    data: str,
    out: Path,
    trials: int = 50,
    space: Annotated[list[str] | None, Parameter(negative=())] = None,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    objective: Literal["nll", "accuracy", "loss"] | None = None,
    prune: bool = True,
    protocol: str | None = None,
    genres: str | None = None,
    balance: Annotated[bool, Parameter(negative=())] = False,
    leave_out: Path | None = None,
    seed: int = 0,
    jobs: int = 1,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Search for a model's best settings on the validation part; the test part is never looked at.

    Ctrl-C stops; the same command goes on from there, and a greater --trials adds to a finished search. The folder then
    holds trials.csv, tune.json, search.png (history, importance, every trial) and study.sqlite, which optuna-dashboard
    reads. Wants the extra [tune] (Optuna).

    Examples
    --------
    partita tune genre-linear --data folder:MUSIC --out search --trials 30

    partita tune dilated-cnn --data gtzan:GTZAN --out report-search --jobs 2

    partita tune aaa-lstm --data midi:PIECES --out continuing --set steps=100

    partita tune genre-cnn --data folder:MUSIC --out mine --space dropout=0..0.5 --space learning_rate=1e-4..1e-2:log

    Parameters
    ----------
    model
        A registered model; `partita models` lists them.
    data
        The data set as NAME:PATH, such as folder:MUSIC.
    out
        The folder of the search.
    trials
        Trials in all, those of earlier calls included.
    space
        What is varied instead of the model's own space: NAME=LOW..HIGH, NAME=LOW..HIGH:STEP, NAME=LOW..HIGH:log or
        NAME=ONE,OTHER.
    set
        Hold a setting fixed, such as --set steps=500.
    objective
        What is sought on the validation songs: a classifier's least negative log-likelihood (nll, the default) or
        greatest accuracy, any other model's least loss.
    prune
        Break off trainings that do worse than the median of earlier ones.
    protocol
        How the data set is split, if it offers several ways; the most honest one by default.
    genres
        Only these labels, such as --genres jazz,rock.
    balance
        Take as many training songs of each label as the rarest has.
    leave_out
        A list of songs that take no part, such as the leave-out.txt that `partita audit` writes.
    seed
        Everything random is drawn from it; with one job the same seed gives the same trials.
    jobs
        Processes at work.
    json
        Print everything as one JSON object.
    device
        Where the models are trained.
    """
    from partita.settings import parse_settings
    from partita.tasks.tune import tune as run

    with progress_bar(f"tuning {model}") as progress:
        found = run(
            model,
            data=data,
            out=out,
            trials=trials,
            space=space,
            settings=parse_settings(set or []),
            objective=objective,
            prune=prune,
            protocol=protocol,
            genres=listed(genres),
            balance=balance,
            leave_out=leave_out,
            seed=seed,
            jobs=jobs,
            device=device,
            progress=progress,
        )
    if json:
        say_json(found.json())
        return 0 if found.best else 1
    for line in found.words:
        say(line)
    for name, share in found.importance.items():
        say(f"  {name:<18} importance {share:.2f}")
    if found.best:
        say(f"report: {found.folder / 'search.png'}, trials.csv and tune.json beside it")
        say(f"next: {found.train}")
    return 0 if found.best else 1
