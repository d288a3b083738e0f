"""The command `partita train`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import listed, note, progress_bar, say
from partita.cli.evaluate import lines_of


def train(
    model: str,
    *,
    data: str,
    out: Path,
    protocol: str | None = None,
    genres: str | None = None,
    balance: Annotated[bool, Parameter(negative=())] = False,
    leave_out: Path | None = None,
    seed: int = 0,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    calibration_folds: int = 0,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Train a model on your own music and keep it as a checkpoint.

    Ctrl-C stops; the same command goes on from there. The folder then holds model.safetensors and card.json for
    `partita classify --model FOLDER`, the curves as curves.png, and the figures at each validation as history.jsonl.

    Examples
    --------
    partita train genre-linear --data folder:MUSIC --out my-genres

    partita train genre-cnn --data synthetic:12 --out trial --set steps=200

    Parameters
    ----------
    model
        A registered model; `partita models` lists them.
    data
        The data set as NAME:PATH, such as folder:MUSIC with a sub-folder for each label, gtzan:DIR or fma:DIR.
    out
        The folder of the new checkpoint.
    protocol
        How the data set is split, if it offers several ways; the most honest one by default.
    genres
        Only these labels, such as --genres jazz,rock.
    balance
        Take as many training songs of each label as the rarest has.
    leave_out
        A list of songs that take no part, such as the leave-out.txt that `partita audit` writes.
    seed
        Everything random is drawn from it: the same seed gives the same bytes.
    set
        Change a setting of the model or its training, such as --set steps=500 --set learning_rate=0.001.
    calibration_folds
        Fit the temperature by this many folds inside the training part instead of on the validation part.
    device
        Where the model is trained.
    """
    from partita import figures, sound_figures
    from partita.models import model_class
    from partita.settings import parse_settings
    from partita.tasks.train import train as run
    from partita.training import read_history

    with progress_bar(f"training {model}") as progress:
        trained = run(
            model,
            data=data,
            out=out,
            protocol=protocol,
            genres=listed(genres),
            balance=balance,
            leave_out=leave_out,
            seed=seed,
            settings=parse_settings(set or []),
            calibration_folds=calibration_folds,
            device=device,
            progress=progress,
        )
    history = read_history(trained.folder)
    if history:
        picture = (
            sound_figures.duel(history, lines) if (lines := model_class(model).loss_lines) else figures.curves(history)
        )
        figures.save(picture, trained.folder / "curves.png")
    if trained.evaluation:
        for line in lines_of(trained.evaluation):
            say(line)
    say(f"checkpoint: {trained.folder}")
    if trained.classifies:
        note(f"next: partita classify YOUR-MUSIC --model {trained.folder}")
    return 0
