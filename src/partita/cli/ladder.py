"""The command `partita ladder`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import listed, note, progress_bar, say_result

if TYPE_CHECKING:
    from partita.tasks.ladder import Ladder


def ladder(
    model: str,
    *,
    data: str,
    protocol: str | None = None,
    genres: str | None = None,
    leave_out: Path | None = None,
    seconds: float = 5.0,
    seeds: int = 5,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Show what each leak is worth: the same model on the same data, divided in four ways.

    Windows at random, chunks at random, songs at random, and the data set's own protocol, with equally many windows to
    learn from. Ctrl-C stops; with --out the same command goes on from there, and draws ladder.png.

    Examples
    --------
    partita ladder genre-linear --data gtzan:GTZAN --out ladder

    partita ladder genre-cnn --data folder:MUSIC --protocol artist --set steps=300 --out ladder

    Parameters
    ----------
    model
        A registered classifier; it is trained anew for every rung and seed.
    data
        The data set as NAME:PATH, such as gtzan:DIR, gtzan-logmel:FILE.npz or folder:DIR.
    protocol
        The data set's own way to split, for the last rung; the most honest one by default.
    genres
        Only these labels, such as --genres jazz,rock.
    leave_out
        A list of songs that take no part, such as the leave-out.txt that `partita audit` writes.
    seconds
        Length of the windows; in the first rung they overlap by half.
    seeds
        How often everything is drawn and trained anew.
    set
        Change a setting of the model or its training, such as --set steps=300.
    out
        A folder for the results; finished trainings in it are not done again.
    json
        Print everything as one JSON object.
    device
        Where the models are trained.
    """
    from partita import figures
    from partita.settings import parse_settings
    from partita.tasks.ladder import ladder as climb

    with progress_bar(f"ladder of {model}") as progress:
        result = climb(
            model,
            data=data,
            protocol=protocol,
            genres=listed(genres),
            leave_out=leave_out,
            seconds=seconds,
            seeds=seeds,
            settings=parse_settings(set or []),
            out=out,
            device=device,
            progress=progress,
        )
    say_result(result, table_lines, json)
    if out:
        note(f"picture: {figures.save(figures.ladder(result.rungs, result.gaps, result.model), out / 'ladder.png')}")
    return 1 if result.left_out else 0


def table_lines(result: "Ladder") -> list[str]:
    """A ladder for reading, as tables in Markdown."""
    lines = [
        f"{result.model} on {result.data}: {result.seeds} seeds, windows of {result.seconds:g} s, "
        f"{result.train} to learn from and {result.valid} to be measured on in every rung.",
        f"Rung d: {result.protocol}.",
        *(f"left out: {text}" for text in result.left_out),
        "",
        "| rung | unit | accuracy | 95 % interval | deviation over seeds | songs measured |",
        "|---|---|---|---|---|---|",
    ]
    for row in result.rungs:
        (low, high), deviation = row["interval"], row["deviation"]
        spread = "" if deviation is None else f"{deviation:.3f}"
        name = f"{row['rung']}: {row['words']}"
        lines.append(
            f"| {name} | {row['unit']} | {row['accuracy']:.3f} | {low:.3f} to {high:.3f} | {spread} | {row['songs']} |"
        )
    lines += ["", "| gap | unit | worth | 95 % interval | songs |", "|---|---|---|---|---|"]
    for row in result.gaps:
        if row["value"] is not None:
            low, high = row["interval"]
            shown = f"{row['value']:+.3f} | {low:+.3f} to {high:+.3f}"
            lines.append(f"| {row['gap']} | {row['unit']} | {shown} | {row['songs']} |")
    return lines
