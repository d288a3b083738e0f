"""The command `partita styles`."""

from pathlib import Path
from typing import Literal

from partita.cli.console import note, say
from partita.errors import UsageError


def styles(action: Literal["add"] | None = None, name: str | None = None, folder: Path | None = None, /) -> int:
    """List the styles of the library, or add one: partita styles add NAME FOLDER.

    Parameters
    ----------
    action
        add, or nothing.
    name
        The style's name.
    folder
        Recordings of it; the middle half minute of each is kept.
    """
    from partita.tasks.transfer import add_style
    from partita.transfers.library import styles as library

    if action is None:
        for style, paths in library().items():
            say(f"{style:<18} {len(paths)} recordings, {'yours' if paths[0].suffix == '.flac' else 'bundled'}")
        note("Your own recordings make better styles: partita styles add NAME FOLDER")
        return 0
    if name is None or folder is None:
        raise UsageError("wants a name and a folder: partita styles add NAME FOLDER")
    say(f"{name}: {len(add_style(name, folder))} recordings kept")
    return 0
