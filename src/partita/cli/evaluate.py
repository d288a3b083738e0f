"""The command `partita evaluate`."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import listed, progress_bar, say, say_json

if TYPE_CHECKING:
    from partita.evaluation import Evaluation


def evaluate(
    model: str,
    *,
    data: str,
    split: str = "valid",
    test: Annotated[bool, Parameter(negative=())] = False,
    protocol: str | None = None,
    genres: str | None = None,
    balance: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 0,
    baselines: bool = True,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Measure a classifier on a data set: accuracy with its interval, calibration, every genre, and baselines.

    Examples
    --------
    partita evaluate genre-cnn --data gtzan:GTZAN

    partita evaluate my-genres --data folder:MUSIC --json

    Parameters
    ----------
    model
        A shipped model, or a checkpoint's folder or file.
    data
        The data set as NAME:PATH, such as gtzan:DIR, gtzan-logmel:FILE.npz or folder:DIR.
    split
        Which part to measure on: train, valid or test.
    test
        Open the locked test split. Look at it once, when everything is chosen.
    protocol
        How the data set is split, if it offers several ways; the most honest one by default.
    genres
        Only these labels, such as --genres jazz,rock.
    balance
        Even out the training part that the baselines are fitted to.
    seed
        Draws the split where it is not fixed.
    baselines
        Also measure the majority label and genre-linear fitted to the same training part.
    json
        Print everything as one JSON object.
    device
        Where the model runs.
    """
    from partita.tasks.evaluate import evaluate as measure

    with progress_bar("evaluating") as progress:
        result = measure(
            model,
            data=data,
            split=split,
            test=test,
            protocol=protocol,
            genres=listed(genres),
            balance=balance,
            seed=seed,
            baselines=baselines,
            device=device,
            progress=progress,
        )
    if json:
        say_json(result.json())
    else:
        for line in summary_lines(result):
            say(line)
    return 1 if result.failures else 0


def summary_lines(result: "Evaluation") -> list[str]:
    """An evaluation for reading: protocol first, then numbers, baselines beside them, then each label."""
    low, high = result.interval
    lines = [
        f"{result.model} on {result.protocol}",
        *(f"note: {text}" for text in result.notes),
        *(f"left out: {text}" for text in result.failures),
        f"accuracy  {result.accuracy:.3f}  [{low:.3f}, {high:.3f}]  n {result.n}",
    ]
    for name, baseline in result.baselines.items():
        a, b = baseline["interval"]
        lines.append(f"  beside  {baseline['accuracy']:.3f}  [{a:.3f}, {b:.3f}]  {name}")
    a, b = result.ece_interval
    lines.append(f"macro-F1  {result.macro_f1:.3f}   NLL {result.nll:.3f}   Brier {result.brier:.3f}")
    lines.append(f"ECE       {result.ece:.3f}  [{a:.3f}, {b:.3f}]  five equal-mass bins")
    for label, row in result.per_label.items():
        lines.append(f"  {label:<14} recall {row['recall']:.2f}  precision {row['precision']:.2f}  n {row['n']}")
    return lines
