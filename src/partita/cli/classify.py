"""The command `partita classify`."""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from partita.cli.console import STANDARD_INPUT, note, progress_bar
from partita.cli.results import Form, Results
from partita.errors import AudioError, UsageError
from partita.tasks.classify import (
    DEFAULT_MODEL,
    TAG_FROM,
    UNSURE_BELOW,
    Classification,
    classify_many,
    find_audio,
    write_decisive,
    write_genre,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Probability = Annotated[float, Parameter(validator=validators.Number(gte=0, lte=1))]


def classify(
    *files: str,
    model: str = DEFAULT_MODEL,
    top: int = 3,
    threshold: Probability = UNSURE_BELOW,
    timeline: bool = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Path | None = None,
    plot: Path | None = None,
    explain: Annotated[bool, Parameter(negative=())] = False,
    decisive: Path | None = None,
    list: Path | None = None,
    write_tags: bool = False,
    tag_from: Probability = TAG_FROM,
    overwrite_tags: bool = False,
    dry_run: bool = False,
    jobs: int = 1,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> int:
    """Name the genre of recordings, with probabilities that can be taken at their word.

    A file that can't be used is reported and passed over; the exit code is then 1, or 2 if none could be used.

    Examples
    --------
    partita classify song.mp3 --timeline

    partita classify ~/Music --csv > genres.csv

    partita classify ~/Music --output genres.jsonl --jobs 4

    partita classify ~/Music --write-tags --dry-run

    partita classify song.mp3 --explain --plot why.png --decisive three-seconds.wav

    Parameters
    ----------
    files
        Audio or video files, folders (searched recursively), globs, or - for one recording on standard input.
    model
        A shipped model or a checkpoint's folder; `partita models` lists the shipped ones.
    top
        How many genres to print.
    threshold
        Below this probability the answer is called unsure.
    timeline
        Print how the genre changes over time.
    json
        Print one JSON object a line.
    csv
        Print a table with a column for each genre.
    output
        Write to this file (.jsonl or .csv) instead; what it holds already is not done again.
    plot
        Draw: a .png, .svg or .pdf for up to 12 files, or a folder for one .png each.
    explain
        Find the seconds and frequencies that decided; --plot then shows them. Some seconds for each minute of music.
    decisive
        Write the three seconds that decided: an audio file for one recording, or a folder.
    list
        A text file that names one recording a line (- for standard input).
    write_tags
        Write the genre into the files' tags where it is certain and none is there.
    tag_from
        The least probability for a tag to be written.
    overwrite_tags
        Replace genres that are there.
    dry_run
        Say what --write-tags would do and do nothing.
    jobs
        Processes at work; 0 for one a core where it pays.
    device
        Where the model runs.
    """
    if json and csv:
        raise UsageError("--json and --csv exclude each other")
    if top < 1:
        raise UsageError(f"--top wants at least 1, not {top}")
    if (write_tags or dry_run) and STANDARD_INPUT in files:
        raise UsageError("standard input has no tags to write; name the file instead of -")
    with tempfile.TemporaryDirectory(prefix="partita-") as scratch:
        sources = _sources(files, list, Path(scratch))
        if plot:
            check_plot(plot, len(sources))
        if decisive:
            check_decisive(decisive, len(sources), explain)
        form: Form = "json" if json else "csv" if csv else "text"
        with Results(form, output, top, timeline, model, keep=plot is not None) as results:
            todo = [source for source in sources if not results.holds(str(source))]
            if len(todo) < len(sources):
                note(f"{len(sources) - len(todo)} of {len(sources)} files are in {output} already")
            with progress_bar("classifying") as progress:
                answers = classify_many(
                    todo, model=model, threshold=threshold, explain=explain, device=device, jobs=jobs
                )
                for number, result in enumerate(answers):
                    results.add(result, "-" if str(result.file).startswith(scratch) else result.file)
                    if isinstance(result, Classification) and (write_tags or dry_run):
                        try:
                            outcome = write_genre(result, least=tag_from, overwrite=overwrite_tags, dry_run=dry_run)
                            note(f"{result.file}: {result.genre} {result.probability:.2f}: {outcome}")
                        except AudioError as error:
                            results.fail(str(error))
                    if isinstance(result, Classification) and decisive:
                        write_decisive(result, decisive if decisive.suffix else _beside(decisive, result.file))
                    progress(number + 1, len(todo), "")
            if plot:
                draw(results.kept, plot)
    return results.code


def _sources(files: tuple[str, ...], names: Path | None, scratch: Path) -> "list[Path]":
    """The recordings asked for; standard input is spooled to a file, since decoders seek."""
    sources = find_audio(name for name in files if name != STANDARD_INPUT)
    if names is not None:
        if str(names) != STANDARD_INPUT and not names.is_file():
            raise UsageError(f"{names}: no such list file")
        data = sys.stdin.buffer.read() if str(names) == STANDARD_INPUT else names.read_bytes()
        lines = data.decode("utf-8-sig", errors="surrogateescape").splitlines()  # file names need not be valid text
        listed = [Path(line.strip()).expanduser() for line in lines if line.strip()]
        sources += [file for path in listed for file in (find_audio([path]) if path.is_dir() else [path])]
        sources = [*dict.fromkeys(sources)]
    if STANDARD_INPUT in files:
        spooled = scratch / "standard-input"
        with spooled.open("wb") as file:
            while block := sys.stdin.buffer.read(1 << 20):
                file.write(block)
        sources.append(spooled)
    if not sources:
        raise UsageError("name at least one file or folder; `partita demo` shows it on bundled music")
    return sources


def check_plot(plot: Path, count: int) -> None:
    """Raise `UsageError` before the work where a picture could not be drawn after it."""
    if plot.suffix.lower() not in {"", ".png", ".svg", ".pdf"}:
        raise UsageError(f"{plot}: pictures are written as .png, .svg or .pdf, or into a folder")
    if plot.suffix and count > 12:
        raise UsageError(f"{plot}: one picture holds up to 12 files; give a folder for one picture each")
    if not plot.parent.is_dir():
        raise UsageError(f"{plot.parent}: no such folder to write the picture to")


def check_decisive(decisive: Path, count: int, explain: bool) -> None:
    """Raise `UsageError` before the work where decisive seconds could not be written after it."""
    if not explain:
        raise UsageError("--decisive wants --explain, which finds the decisive seconds")
    if decisive.suffix.lower() not in {"", ".wav", ".flac", ".ogg", ".mp3"}:
        raise UsageError(f"{decisive}: sound is written as .wav, .flac, .ogg or .mp3, or into a folder")
    if decisive.suffix and count > 1:
        raise UsageError(f"{decisive}: one file holds one recording's seconds; give a folder for {count} recordings")
    if not decisive.parent.is_dir():
        raise UsageError(f"{decisive.parent}: no such folder to write the sound to")


def _beside(folder: Path, file: str) -> Path:
    """A name in the folder that is not taken yet: song.mp3.wav, song.mp3-2.wav, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    name, number = Path(file).name, 1
    while (path := folder / f"{name}{f'-{number}' if number > 1 else ''}.wav").exists():
        number += 1
    return path


def draw(results: "list[Classification]", plot: Path) -> None:
    """Draw results as one picture, or one each into a folder; of two with the same name the second is numbered."""
    from partita import figures

    rows = [result for result in results if Path(result.file).is_file()]
    if not rows:
        return
    if plot.suffix:
        figures.save(_picture(rows), plot)
    else:
        plot.mkdir(parents=True, exist_ok=True)
        names: Counter[str] = Counter()
        for result in rows:
            name = Path(result.file).name
            names[name] += 1
            number = f"-{names[name]}" if names[name] > 1 else ""
            figures.save(_picture([result]), plot / f"{name}{number}.png")
    note(f"drawn: {plot}")


def _picture(results: "list[Classification]") -> "Figure":
    """What decided, where that was asked for, else the genres over time."""
    from partita import figures
    from partita.tasks.classify import picture_row

    rows = [picture_row(result) for result in results]
    if results[0].explanation is None:
        return figures.classifications(rows)
    reasons = [result.explanation for result in results if result.explanation]
    return figures.explanations([(title, levels, why) for (title, levels, *_), why in zip(rows, reasons, strict=True)])
