"""The command `partita demo`."""

import os
import sys
from importlib.resources import as_file, files
from pathlib import Path
from shutil import which

from partita.cli.classify import draw
from partita.cli.console import note, say
from partita.cli.results import Results
from partita.music import CREDITS
from partita.tasks.classify import DEFAULT_MODEL, classify_many, find_audio


def _command() -> str:
    """How the reader can call partita from here."""
    if which("partita"):
        return "partita"
    beside = Path(sys.executable).with_name("partita")
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)


def demo(*, plot: Path = Path("partita-demo.png"), model: str = DEFAULT_MODEL) -> int:
    """Classify the five bundled recordings, with their timelines, and draw a picture.

    Parameters
    ----------
    plot
        Where the picture goes (.png, .svg or .pdf).
    model
        A shipped model or a checkpoint's folder.
    """
    with as_file(files("partita") / "music") as folder, Results("text", None, 3, True, model, keep=True) as results:
        for result in classify_many(find_audio([folder]), model=model):
            name = Path(result.file).name
            results.add(result, CREDITS.get(name, name))
        draw(results.kept, plot)
    say(f"Picture: {plot}")
    say()
    say(f"Next, with your own music: {_command()} classify MUSIC --timeline")
    say(f"Your own genres, a folder for each: {_command()} train genre-cnn --data folder:MUSIC --out my-genres")
    say(f"Everything else: {_command()} --help")
    note("Sources and licences of the bundled music: ATTRIBUTION.md beside it in partita/music")
    return results.code
