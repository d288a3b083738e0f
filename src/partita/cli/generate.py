"""The command `partita generate`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partita.cli.console import complain, note, progress_bar, say, say_json
from partita.tasks.generate import DEFAULT_MODEL


def generate(
    label: str | None = None,
    /,
    *,
    model: str = DEFAULT_MODEL,
    seconds: float = 10.0,
    bpm: float | None = None,
    variations: int = 1,
    loop: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 0,
    temperature: float | None = None,
    top_k: int | None = None,
    extend: Path | None = None,
    out: Path = Path("generated"),
    picture: bool = True,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Make sound of a class: loops at any tempo, a minute of drums, or more of a recording.

    Writes a .wav for each variation, stamped with model, seed and settings, a card (.json) with measurements and a
    picture of all. Ctrl-C leaves nothing half.

    Examples
    --------
    partita generate jazz --bpm 140 --seconds 20

    partita generate --variations 5 --loop --out loops

    partita generate rock --extend beat.wav --bpm 96 --out longer.wav

    Parameters
    ----------
    label
        The class, such as jazz; without one, the classes of the model take turns. A wrong name lists them.
    model
        A shipped model or a checkpoint's folder; `partita models` lists the shipped ones.
    seconds
        How long it is; with --extend, how much is added.
    bpm
        Beats a minute; by default what --extend says in its tag, else 100.
    variations
        How many to make; variation k has the seed plus k.
    loop
        Whole bars whose end leads into their begin.
    seed
        The same seed gives the same samples.
    temperature
        Above 1 bolder, below 1 tamer; the checkpoint's own if it is not given, as top-k.
    top_k
        Draw among so many of the likeliest tokens; 0 takes all.
    extend
        A recording to go on from, which begins on a bar line.
    out
        A folder, or for one sound a file ending in .wav, .flac, .ogg or .mp3.
    picture
        Draw the spectrograms.
    json
        Print the card.
    """
    from partita.tasks.generate import generate as run

    with progress_bar("generating") as progress:
        sounds = run(
            label,
            model=model,
            seconds=seconds,
            bpm=bpm,
            variations=variations,
            loop=loop,
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            extend=extend,
            progress=progress,
        )
    files = sounds.write(out, picture=picture)
    if json:
        say_json(sounds.card())
    for path, sound in zip(files, sounds.made, strict=False):
        for fault in sound.faults:
            complain(f"{path}: {fault}")
        if not json:
            say(f"{path}: {sound.request.label}, {sound.audio.seconds:.2f} s, {sound.request.bpm:g} beats a minute")
    note(f"beside them: {', '.join(path.name for path in files[len(sounds.made) :])}")
    return 1 if any(sound.faults for sound in sounds.made) else 0
