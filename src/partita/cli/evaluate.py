"""The command `partita evaluate`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from partita.cli.console import listed, progress_bar, say, say_json

if TYPE_CHECKING:
    from partita.evaluation import Compared, Evaluation
    from partita.likelihood import Likelihood, NoteLikelihood
    from partita.repeats import Repeats
    from partita.sound_likeness import SoundLikeness
    from partita.stress import Stressed


def evaluate(
    model: str,
    *,
    data: str,
    split: str = "valid",
    test: Annotated[bool, Parameter(negative=())] = False,
    protocol: str | None = None,
    genres: str | None = None,
    balance: Annotated[bool, Parameter(negative=())] = False,
    leave_out: Path | None = None,
    seed: int = 0,
    baselines: bool = True,
    gap: bool = True,
    compare: Annotated[list[str] | None, Parameter(negative=(), consume_multiple=True)] = None,
    html: Path | None = None,
    stress: Annotated[bool, Parameter(negative=())] = False,
    csv: Path | None = None,
    update_card: Annotated[bool, Parameter(negative=())] = False,
    samples: int = 0,
    seconds: float = 30.0,
    temperature: float | None = None,
    sampling_seed: int = 0,
    copies: bool = True,
    seeds: int = 0,
    folds: int = 0,
    out: Path | None = None,
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Measure a model on a data set: a classifier's accuracy, a roll model's nats, a composer's bits; with baselines.

    Examples
    --------
    partita evaluate genre-cnn --data gtzan:GTZAN

    partita evaluate my-genres --data folder:MUSIC --json

    partita evaluate my-genres --data folder:MUSIC --compare genre-cnn other.csv --html report.html

    partita evaluate genre-linear --data folder:MUSIC --seeds 5 --out runs

    partita evaluate chord-transformer-jsb --data polyphonic:FILE.npz

    partita evaluate note-transformer-maestro --data maestro:MAESTRO --samples 80

    partita evaluate beat-transformer --data folder:LOOPS --samples 100 --seconds 8

    Parameters
    ----------
    model
        A shipped model, or a checkpoint's folder or file; with --seeds or --folds also a registered model.
    data
        The data set as NAME:PATH, such as gtzan:DIR, gtzan-logmel:FILE.npz or folder:DIR.
    split
        Which part to measure on: train, valid or test.
    test
        Open the locked test split. Look at it once, when everything is chosen: every look is counted and shown.
    protocol
        How the data set is split, if it offers several ways; the most honest one by default.
    genres
        Only these labels, such as --genres jazz,rock.
    balance
        Even out the training part that the baselines are fitted to.
    leave_out
        A list of songs that take no part, such as the leave-out.txt that `partita audit` writes.
    seed
        Draws the split where it is not fixed, and training songs to measure; the first of --seeds.
    baselines
        Also measure what simple counting does, and genre-linear beside classifiers, fitted to the same training part.
    gap
        Also measure songs of the training part, if the checkpoint was trained on them.
    compare
        Pair with these checkpoints, or .csv files of predictions, song by song: exact McNemar and the difference. A
        composer pairs with other composers.
    html
        Write a report with plots to this file, one page that needs no network.
    stress
        Also measure after changes that leave the genre as it was: gain, equaliser, tempo, pitch, codec, noise, ...
    csv
        Write the prediction of each song to this file, so that others can pair with it.
    update_card
        Write the numbers into the card of your own checkpoint.
    samples
        Let a composer write so many new pieces, and compare them with real clips instead; `partita sweep` varies how
        they are drawn. A generator always makes sounds, 100 by default.
    seconds
        How long --samples are, and the real clips.
    temperature
        How boldly a generator's sounds are drawn, in the place of what its card says.
    sampling_seed
        Takes other sounds of a generator, and other clips beside them, from the same split.
    copies
        Look for copies of training recordings in a generator's sounds, which takes longest.
    seeds
        Train anew with so many seeds and give mean and spread; the same command goes on where it was stopped.
    folds
        Train anew on all but each of so many folds of the training part, and measure on the fold.
    out
        The folder for the checkpoints of --seeds or --folds, or for the pieces of --samples.
    set
        Change a setting of the model or its training for --seeds or --folds, such as --set steps=500.
    json
        Print everything as one JSON object.
    device
        Where the model runs.
    """
    from partita.cli.sweep import resemblance_lines
    from partita.errors import UsageError
    from partita.likelihood import Likelihood, NoteLikelihood
    from partita.likeness import Resemblance
    from partita.settings import parse_settings
    from partita.sound_likeness import SoundLikeness
    from partita.tasks.evaluate import evaluate as measure
    from partita.tasks.evaluate import repeat

    known: dict[str, Any] = {
        "data": data,
        "split": split,
        "test": test,
        "protocol": protocol,
        "genres": listed(genres),
        "balance": balance,
        "leave_out": leave_out,
        "seed": seed,
        "baselines": baselines,
        "gap": gap,
        "device": device,
    }
    if seeds or folds:
        if compare or stress or html or csv or update_card or samples:
            raise UsageError(
                "--compare, --stress, --html, --csv, --update-card and --samples are for one checkpoint of --out"
            )
        with progress_bar("repeating") as progress:
            settings = parse_settings(set or [])
            runs = repeat(model, seeds=seeds, folds=folds, out=out, settings=settings, progress=progress, **known)
        _tell(runs.json() if json else repeat_lines(runs))
        return 0
    if set or (out and not samples):
        raise UsageError("--out and --set are for --seeds and --folds, which train anew")
    if samples and (compare or stress or html or csv or update_card):
        raise UsageError("--compare, --stress, --html, --csv and --update-card do not go with --samples")
    with progress_bar("evaluating") as progress:
        options: dict[str, Any] = {"compare": compare, "stress": stress, "update_card": update_card}
        drawn: dict[str, Any] = {"samples": samples, "seconds": seconds, "out": out}
        drawn |= {"temperature": temperature, "sampling_seed": sampling_seed, "copies": copies}
        result = measure(model, progress=progress, **options, **drawn, **known)
    if isinstance(result, Resemblance | SoundLikeness):
        if csv or html or stress or compare:
            raise UsageError("--compare, --stress, --html and --csv are for classifiers")
        lines = sound_lines(result) if isinstance(result, SoundLikeness) else resemblance_lines(result)
        _tell(result.json() if json else lines)
        return 0
    if isinstance(result, NoteLikelihood):
        if csv or html or stress or update_card:
            raise UsageError("--stress, --html, --csv and --update-card are for classifiers")
        _tell(result.json() if json else note_lines(result))
        return 0
    if isinstance(result, Likelihood):
        if csv or html or stress or compare or update_card:
            raise UsageError("--compare, --stress, --html, --csv and --update-card are for classifiers")
        _tell(result.json() if json else likelihood_lines(result))
        return 0
    if csv:
        from partita.evaluation import write_predictions

        write_predictions(result.songs, result.labels, csv)
    if html:
        from partita.report import write_report

        write_report(result, html)
    _tell(result.json() if json else summary_lines(result))
    return 1 if result.failures else 0


def _tell(result: dict[str, Any] | list[str]) -> None:
    if isinstance(result, dict):
        say_json(result)
    else:
        for line in result:
            say(line)


def repeat_lines(runs: "Repeats") -> list[str]:
    """Repeated trainings for reading: protocol first, then mean and spread, then each run."""
    lines = [f"{runs.model}: {runs.protocol}"]
    for name, spread in (
        ("accuracy", runs.accuracy),
        ("segments", runs.segment_accuracy),
        ("macro-F1", runs.macro_f1),
    ):
        lines.append(f"{name}  {spread.mean:.3f}  standard deviation {spread.deviation:.3f} over {len(runs.runs)} runs")
    if runs.pooled:
        lines.append(f"pooled    {_share(*runs.pooled)}  each song once")
    lines += [f"  beside  {accuracy:.3f}  {name}, mean of the runs" for name, accuracy in runs.baselines.items()]
    for folder, run in runs.runs.items():
        trained = f"  training songs {run.gap.accuracy:.3f}" if run.gap else ""
        lines.append(f"  {folder:<14} {_share(run.accuracy, run.interval)}  n {run.n}{trained}")
    return lines


def lines_of(result: "Evaluation | Likelihood") -> list[str]:
    """Whatever was measured, for reading."""
    from partita.likelihood import Likelihood

    return likelihood_lines(result) if isinstance(result, Likelihood) else summary_lines(result)


def likelihood_lines(result: "Likelihood") -> list[str]:
    """A likelihood for reading: protocol first, then the figure, baselines beside it."""
    low, high = result.interval
    kind = "exact" if result.exact else "a bound"
    return [
        f"{result.model} on {result.protocol}",
        *(f"note: {text}" for text in result.notes),
        f"nats per step  {result.nll_per_step:.3f}  [{low:.3f}, {high:.3f}]  {kind}; "
        f"mean of pieces {result.nll_per_piece:.3f}",
        *(f"  beside       {nats:.3f}  {name}" for name, nats in result.baselines.items()),
    ]


def note_lines(result: "NoteLikelihood") -> list[str]:
    """What notes cost a composer, for reading: protocol first, then the figure by field, others beside it."""
    lines = [
        f"{result.model} on {result.protocol}",
        *(f"note: {text}" for text in result.notes),
        f"bits per note  {_share(result.bits_per_note, result.interval)}  {_fields(result.by_field)}; "
        f"{result.bits_per_second:.1f} bits a second",
    ]
    for name, row in {**result.baselines, **result.comparisons}.items():
        lines.append(
            f"  beside       {row['bits_per_note']:.3f}  {name}: {_fields(row['by_field'])}; paired difference "
            f"{row['difference']:+.3f}  {_range(row['interval'])} in {', '.join(row['of'])}"
        )
    return [*lines, *map(_finding, result.findings.get("rows", ()))]


def _finding(row: dict[str, Any]) -> str:
    value = f"{row['value']:.4g}" + (f"  {_range(row['interval'])}" if row["interval"] else "")
    beside = ", ".join(f"{name} {number:.4g}" for name, number in row["beside"].items())
    return f"{row['what']}: {value}" + (f"; beside: {beside}" if beside else "")


def sound_lines(result: "SoundLikeness") -> list[str]:
    """A generator's sounds beside real ones, for reading: protocol first, then distances, then all else."""
    lines = [f"{result.model}: {result.protocol}", *(f"note: {text}" for text in result.notes)]
    for embedding, kinds in result.distances.items():
        for name, found in kinds.items():
            beside = (
                f"real to real {found.real:.3f}, {_range(found.bound[1:])} within held-out, noise {found.noise:.3f}"
            )
            lines.append(f"{name:<12} {found.made:.3f}  by {embedding}; {beside}")
    words = {"novelty": "novelty dB", "agreement": "in its class", "copied": "copies", "token_copies": "16 tokens"}
    for name, pair in result.pairs.items():
        lines.append(f"{words.get(name, name):<12} {pair['made']:.3f}  real {pair['real']:.3f}")
    convergence, distance = result.inversion.values()
    return [
        *lines,
        f"distinct     {result.distinct:.3f}  mean distance {result.pairwise:.2f} of that of real sounds",
        f"inversion    {convergence:.1f} dB spectral convergence, {distance:.1f} dB log-spectral distance",
        f"speed        {result.speed:.1f} times real time on one core; {len(result.faults)} of {result.samples} faulty",
        *(f"  {fault}" for fault in result.faults),
    ]


def _fields(by_field: dict[str, float]) -> str:
    return ", ".join(f"{name} {bits:.3f}" for name, bits in by_field.items())


def summary_lines(result: "Evaluation") -> list[str]:
    """An evaluation for reading: protocol first, then numbers, baselines beside them, then each label."""
    votes, segments, gap = result.votes, result.segments, result.gap
    lines = [
        f"{result.model} on {result.protocol}",
        *([f"note: {result.test_uses.words()}; every look makes the next worth less"] if result.test_uses else []),
        *(f"note: {text}" for text in result.notes),
        *(f"left out: {text}" for text in result.failures),
        f"accuracy  {_share(result.accuracy, result.interval)}  n {result.n}; bootstrap {_range(result.bootstrap)}",
        *(f"  beside  {_share(row['accuracy'], row['interval'])}  {name}" for name, row in result.baselines.items()),
    ]
    if gap:
        words = f"{gap.n} songs of the training part, {gap.difference:+.3f}"
        lines.append(f"  trained {_share(gap.accuracy, gap.interval)}  {words}")
    lines += [
        f"macro-F1  {result.macro_f1:.3f}   NLL {result.nll:.3f}   Brier {result.brier:.3f}",
        f"ECE       {_share(result.ece, result.ece_interval)}  five equal-mass bins",
        f"segments  {_share(segments.accuracy, segments.interval)}  n {segments.n}, drawn by song",
        f"hard vote {_share(votes.hard, votes.hard_interval)}  {_ties(votes.ties)}",
        f"soft vote {_share(votes.soft, votes.soft_interval)}  mean log-probability of segments",
        f"  votes   {_worth(result)}",
        f"abstain   {_abstention(result)}",
        *(line for compared in result.comparisons for line in _comparison_lines(compared)),
        *_warning_of_many(len(result.comparisons)),
        *stress_lines(result.stress),
    ]
    for label, row in result.per_label.items():
        if not row["n"]:
            lines.append(f"  {label:<14} no songs")
            continue
        shares = f"recall {_share(row['recall'], row['interval'], 2)}  precision {row['precision']:.2f}"
        lines.append(f"  {label:<14} {shares}  n {row['n']}")
    return lines


def stress_lines(stressed: "Sequence[Stressed]") -> list[str]:
    """A line for each alteration: accuracy after it, its paired difference, and how many labels stay."""
    lines = ["after      accuracy  paired difference           McNemar p  consistency"] if stressed else []
    for row in stressed:
        if row.n:
            difference = f"{row.difference:+.3f}  {_range(row.difference_interval)}"
            kept = f"{_share(row.consistency, row.consistency_interval)}  n {row.n}"
            lines.append(f"  {row.name:<17} {row.accuracy:.3f}  {difference}  {row.p:<8.3g}  {kept}")
        else:
            lines.append(f"  {row.name:<17} not measured: {row.why}")
    return lines


def _share(value: float, interval: Sequence[float], digits: int = 3) -> str:
    return f"{value:.{digits}f}  {_range(interval, digits)}"


def _range(interval: Sequence[float], digits: int = 3) -> str:
    low, high = interval
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def _ties(ties: list[str]) -> str:
    if not ties:
        return "no ties"
    named = ", ".join(ties[:3]) + (", ..." if len(ties) > 3 else "")
    return f"{len(ties)} tied, broken by mean log-probability: {named}"


def _worth(result: "Evaluation") -> str:
    votes = result.votes
    if votes.icc is None or votes.effective is None:
        return f"{votes.per_song:.1f} a song, too alike or too few to tell what they are worth"
    words = f"{votes.per_song:.1f} a song weigh as much as {votes.effective:.1f} independent ones"
    return f"{words} (intraclass correlation {votes.icc:.2f}, design effect {votes.design_effect:.1f})"


def _abstention(result: "Evaluation") -> str:
    answered = [(coverage, 1 - risk) for coverage, risk, _ in result.abstention.curve]
    points = [min(answered, key=lambda point: abs(point[0] - share)) for share in (0.5, 0.8)]
    shown = ", ".join(f"{accuracy:.3f} on the surest {coverage:.0%}" for coverage, accuracy in points)
    return f"accuracy {shown}; area under risk-coverage {result.abstention.aurc:.3f}"


def _comparison_lines(compared: "Compared") -> list[str]:
    other = f"{_range(compared.interval)} against {compared.other} ({compared.other_accuracy:.3f})"
    discordant = f"{compared.only_this} songs right here alone, {compared.only_other} there alone"
    unpaired = f"; {compared.unpaired} songs are in one of them alone" if compared.unpaired else ""
    return [
        f"paired    {compared.difference:+.3f}  {other}, n {compared.n}{unpaired}",
        f"          {discordant}: exact McNemar p {compared.p:.3g}",
    ]


def _warning_of_many(comparisons: int) -> list[str]:
    return [f"note: p is of each comparison alone; for {comparisons} at once take 0.05 / {comparisons}"] * (
        comparisons > 1
    )
