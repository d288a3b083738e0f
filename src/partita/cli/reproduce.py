"""The command `partita reproduce`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from partita.cli.console import listed, progress_bar, say_result

if TYPE_CHECKING:
    from partita.tasks.reproduce import Reproduction


def reproduce(
    report: str,
    *,
    data: str | None = None,
    protocol: str | None = None,
    genres: str | None = None,
    seconds: float | None = None,
    seeds: int = 1,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Print what a student report claims, with its uncertainty, and what its models do when measured.

    Without --data: what was measured for this version of partita. With it, every classifier of the report is trained
    and measured under the report's own way of splitting, under the honest one, and corrected under the honest one.
    Ctrl-C stops; with --out the same command goes on.

    Examples
    --------
    partita reproduce p66

    partita reproduce p66 --data gtzan:GTZAN --seeds 5 --out p66

    partita reproduce aaa --data midi:PIECES --set aaa-lstm.units=128,128 --set aaa-vae.size=128 --out aaa

    Parameters
    ----------
    report
        p66, lildata, dilated-cnn, fstmuse or aaa.
    data
        The data set as NAME:PATH, such as gtzan:DIR or folder:MUSIC.
    protocol
        The honest way of splitting, if not the data set's first.
    genres
        Only these labels, such as --genres jazz,rock.
    seconds
        Length of the windows, if not the report's own.
    seeds
        How many times each model is trained.
    set
        Change a setting of all models or their training, such as --set epochs=5; of one model of aaa, with its name.
    out
        A folder that keeps finished trainings and the result.
    json
        Print everything as one JSON object.
    device
        Where the models are trained.
    """
    from partita.settings import parse_settings
    from partita.tasks.reproduce import reproduce as run

    with progress_bar(f"reproducing {report}") as progress:
        result = run(
            report,
            data=data,
            protocol=protocol,
            genres=listed(genres),
            seconds=seconds,
            seeds=seeds,
            settings=parse_settings(set or []),
            out=out,
            device=device,
            progress=progress,
        )
    say_result(result, lines_of, json)
    return 0


def lines_of(result: "Reproduction") -> list[str]:
    """A reproduction for reading, as tables in Markdown."""
    lines = [f"{result.title}. Split: {result.split}.", "", "| claim | printed | 95 % interval | caution |"]
    lines.append("|---|---|---|---|")
    for claim in result.claims:
        interval = _range(claim["interval"]) + f", were {claim['n']} independent" if claim["interval"] else ""
        lines.append(f"| {claim['what']} | {claim['value']:.4g} | {interval} | {claim['caution']} |")
    return [*lines, "", *measured_lines(result)]


def measured_lines(result: "Reproduction") -> list[str]:
    """What was measured, for reading, as a table in Markdown."""
    if not result.rows:
        return ["Nothing was measured for this version; --data DATA measures its models."]
    settings = ", ".join(f"{name}={value}" for name, value in result.settings.items()) or "the reports' own"
    if "what" in result.rows[0]:
        return [f"Measured on {result.protocol}. Settings: {settings}.", "", *_figures(result.rows)]
    protocols = dict.fromkeys((row["rung"], row["protocol"]) for row in result.rows)
    lines = [
        f"Measured on {result.data}, settings: {settings}. 95 % intervals over songs and seeds.",
        *(f"Split {rung}: {protocol}." for rung, protocol in protocols),
        "",
        "| model | variant | split | windows right | songs right | most frequent label | learnt from | songs, seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result.rows:
        songs = _share(row["songs"]) if row["songs"] else "not whole"
        lines.append(
            f"| {row['model']} | {row['variant']} | {row['rung']} | {_share(row['segments'])} | {songs} "
            f"| {_share(row['majority'])} | {row['train']} windows | {row['measured']}, {row['seeds']} |"
        )
    return lines


def _figures(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Figures of any kind, each with what stands beside it."""
    lines = ["| model | variant | what | value | beside |", "|---|---|---|---|---|"]
    for row in rows:
        value = f"{row['value']:.4g}" + (f" ({_range(row['interval'])})" if row["interval"] else "")
        beside = ", ".join(f"{name} {number:.4g}" for name, number in row["beside"].items())
        lines.append(f"| {row['model']} | {row['variant']} | {row['what']} | {value} | {beside} |")
    return lines


def _share(value: dict[str, Any]) -> str:
    return f"{value['accuracy']:.3f} ({_range(value['interval'])})"


def _range(interval: Sequence[float]) -> str:
    low, high = interval
    return f"{low:.3f} to {high:.3f}"
