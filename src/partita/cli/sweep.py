"""The command `partita sweep`, and a composer's samples in words."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partita.cli.console import listed, progress_bar, say_result
from partita.errors import UsageError

if TYPE_CHECKING:
    from partita.likeness import Mean, Resemblance
    from partita.metrics.originality import Originality
    from partita.metrics.symbolic.sets import Estimate
    from partita.tasks.sweep import Sweep


def sweep(
    model: str,
    *,
    data: str,
    split: str = "valid",
    protocol: str | None = None,
    temperatures: str = "0.9,1.0,1.1",
    min_ps: str = "0,0.02,0.05",
    samples: int = 24,
    seconds: float = 30.0,
    seed: int = 0,
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Show what temperature and min-p do to what a composer writes, as a table.

    Every pair writes new pieces, which are compared with real clips. Ctrl-C stops; with --out the same command goes on
    from there. Choose on another part than the one that you will report.

    Examples
    --------
    partita sweep note-transformer-maestro --data maestro:MAESTRO --protocol inner --out sweep

    partita sweep my-composer --data midi:DIR --temperatures 0.9,1,1.1 --min-ps 0,0.05 --samples 40

    Parameters
    ----------
    model
        A shipped model or a checkpoint's folder.
    data
        The data set as NAME:PATH, such as maestro:DIR or midi:DIR.
    split
        Which part real clips are cut from: train or valid.
    protocol
        How the data set is split, if it offers several ways.
    temperatures
        Temperatures to try, with commas between them.
    min_ps
        Values of min-p to try, with commas between them.
    samples
        Pieces to write with each pair.
    seconds
        Their length, and that of the real clips.
    seed
        Draws everything.
    out
        A folder to keep the pieces in.
    json
        Print everything as one JSON object.
    device
        Where the model runs.
    """
    from partita.tasks.sweep import sweep as run

    with progress_bar("sweeping") as progress:
        result = run(
            model,
            data=data,
            split=split,
            protocol=protocol,
            temperatures=_numbers("temperatures", temperatures),
            min_ps=_numbers("min-ps", min_ps),
            samples=samples,
            seconds=seconds,
            seed=seed,
            out=out,
            device=device,
            progress=progress,
        )
    say_result(result, sweep_lines, json)
    return 0


def sweep_lines(result: "Sweep") -> list[str]:
    """The table in Markdown, with what real music gets and notes transposed at random at its end."""
    first, best = result.rows[0], result.best.sampling
    lines = [
        f"{first.model}: {first.protocol}",
        "",
        "| temperature | min-p | overlapping area | divergence | Fréchet distance | notes a second |",
        "|---|---|---|---|---|---|",
    ]
    bounds = [("real clips (ceiling)", first.ceiling), ("each note transposed at random (floor)", first.floor)]
    rows = [
        (f"{row.sampling['temperature']:g} | {row.sampling['min_p']:g}", row.likeness, _composed(row, "notes a second"))
        for row in result.rows
    ]
    rows += [(f"{name} |", likeness, first.measures["notes a second"]["real"].value) for name, likeness in bounds]
    lines += [
        f"| {name} | {_estimate(likeness.area)} | {likeness.divergence:.3f} | {likeness.frechet_unbiased:.2f} "
        f"| {density:.1f} |"
        for name, likeness, density in rows
    ]
    return [*lines, "", f"nearest to real music: temperature {best['temperature']:g}, min-p {best['min_p']:g}"]


def resemblance_lines(result: "Resemblance") -> list[str]:
    """Samples beside real music for reading: protocol first, then the set, its features, its pieces, and copies."""
    set_of, ceiling, floor = result.likeness, result.ceiling, result.floor
    sampling = ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in result.sampling.items())
    speed = f"; {result.speed:.1f} times real time" if result.speed else ""
    lines = [
        f"{result.model}: {result.protocol}",
        f"sampling: {sampling}; seed {result.seed}{speed}",
        *(f"note: {text}" for text in result.notes),
        "                           composed               real (ceiling)         transposed at random (floor)",
        f"{'overlapping area':<26} {_estimate(set_of.area):<22} {_estimate(ceiling.area):<22} {_estimate(floor.area)}",
        f"divergence, nats           {set_of.divergence:<22.3f} {ceiling.divergence:<22.3f} {floor.divergence:.3f}",
        f"Fréchet distance           {set_of.frechet:<22.2f} {ceiling.frechet:<22.2f} {floor.frechet:.2f}",
        f"  for sets without end     {set_of.frechet_unbiased:<22.2f} {ceiling.frechet_unbiased:<22.2f} "
        f"{floor.frechet_unbiased:.2f}",
    ]
    for name, own in set_of.features.items():
        pairs = (
            f"{each.area:.3f} ({each.divergence:.3f})" for each in (own, ceiling.features[name], floor.features[name])
        )
        lines.append("  {:<24} {:<22} {:<22} {}".format(name, *pairs))
    for name, row in result.measures.items():
        lines.append(f"{name:<26} {_estimate(row['composed']):<22} {_estimate(row['real'])}")
    if result.originality and result.human:
        for words, known in (("samples", result.originality), ("real clips", result.human)):
            lines.append(f"{words} against the training set: {_originality(known)}")
    else:
        lines.append("no index of the training set, so nothing is said about copies")
    return lines


def _originality(known: "Originality") -> str:
    low, high = known.longest_interval
    novelty = ", ".join(f"{mean:.2f} of {n}-grams" for n, (mean, _) in known.novelty.items())
    work = f" ({known.extreme.work})" if known.extreme.work else ""
    run = f"longest shared run {known.longest:.0f} notes in the median [{low:.0f}, {high:.0f}]"
    return f"{run}, at most {known.extreme.notes}{work}; new are {novelty}"


def _composed(row: "Resemblance", measure: str) -> float:
    return row.measures[measure]["composed"].value


def _estimate(estimate: "Estimate | Mean") -> str:
    low, high = estimate.interval
    return f"{estimate.value:.3f} [{low:.3f}, {high:.3f}]"


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(word) for word in listed(text) or ()]
    except ValueError:
        raise UsageError(f"--{option} wants numbers with commas between them, not {text!r}") from None
