"""The command `partita data`."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from partita.cli.console import clock, complain, listed, note, progress_bar, say

data = App(name="data")

Name = TypeVar("Name", str, int)


@data.command
def render(
    midi: Path,
    out: Path,
    *,
    licence: str,
    source: str = "",
    soundfont: str | None = None,
    soundfont_licence: str = "",
    table: Path | None = None,
    label: str = "label",
    group: str = "group",
    where: Annotated[list[str] | None, Parameter(negative=())] = None,
    labels: str | None = None,
    programs: str | None = None,
    drums: str | None = None,
    seconds: float = 0.0,
    rate: int = 22_050,
    mono: Annotated[bool, Parameter(negative=())] = False,
    format: Literal["flac", "ogg", "wav"] = "flac",
    processes: int = 1,
) -> int:
    """Render a folder of MIDI files to a labelled corpus of recordings, with source and licence.

    The corpus is LABEL/GROUP/FILE, as `--data folder:OUT` takes it, each file with its tempo as the tag bpm, and
    manifest.csv beside them. Ctrl-C stops; the same command goes on from there.

    Examples
    --------
    partita data render MIDI OUT --licence "CC BY 4.0" --soundfont FluidR3_GM.sf2

    partita data render groove OUT --table groove/info.csv --label style --group session --where time_signature=4-4
    --licence "CC BY 4.0" --programs jazz=32,rock=16 --seconds 60 --processes 4

    Parameters
    ----------
    midi
        The folder with .mid and .midi files in any sub-folders.
    out
        The folder of the corpus.
    licence
        The licence of the MIDI files, which every row of the manifest repeats.
    source
        Where the MIDI files come from.
    soundfont
        An .sf2 file, or plain for a synthesised piano; by default the one that partita[soundfont] brings.
    soundfont_licence
        The soundfont's licence, for the manifest.
    table
        A CSV with a row for each file: its name (midi_filename, file, filename or path), label and group.
    label
        The table's column of labels; of rock/halftime the label is rock. Without a table: the first sub-folder.
    group
        The table's column of groups, such as drummer or work, which stay on one side of a split.
    where
        Only rows of the table that say so, such as --where beat_type=beat.
    labels
        Only these labels, such as --labels jazz,rock.
    programs
        General MIDI programs (for drums: kits) by label, such as jazz=32, in place of the files' own.
    drums
        Pitches of the drum channel to be played as others, such as 22=42,26=46 for an electronic kit's hi-hat.
    seconds
        Cut longer pieces at the bar line before so many seconds; 0 leaves them whole.
    rate
        Samples a second.
    mono
        One channel instead of two.
    format
        How files are written.
    processes
        How many pieces are rendered at once.
    """
    from partita.settings import parse_settings
    from partita.tasks.render import render_corpus

    kits = _numbers(programs, str, "programs are LABEL=NUMBER, such as jazz=32")
    pitches = _numbers(drums, int, "drums are PITCH=PITCH, such as 22=42")
    with progress_bar("rendering") as progress:
        corpus = render_corpus(
            midi,
            out,
            licence=licence,
            source=source,
            soundfont=soundfont,
            soundfont_licence=soundfont_licence,
            table=table,
            label=label,
            group=group,
            where=parse_settings(where or []),
            labels=listed(labels),
            programs=kits,
            drums=pitches,
            seconds=seconds,
            rate=rate,
            mono=mono,
            format=format,
            processes=processes,
            progress=progress,
        )
    for failure in corpus.failures:
        complain(failure)
    counts = Counter(row.label for row in corpus.rows)
    say(f"{len(corpus.rows)} recordings, {clock(corpus.seconds)}: " + ", ".join(f"{n} {k}" for k, n in counts.items()))
    say(f"corpus: {corpus.folder}")
    note(f"next: partita train MODEL --data folder:{corpus.folder} --out FOLDER")
    return 1 if corpus.failures else 0


def _numbers(text: str | None, read: type[Name], form: str) -> dict[Name, int]:
    """The pairs NAME=NUMBER of an option."""
    from partita.errors import UsageError
    from partita.settings import parse_settings

    try:
        return {read(name): int(number) for name, number in parse_settings(listed(text) or []).items()}
    except ValueError:
        raise UsageError(f"{form}, not {text!r}") from None
