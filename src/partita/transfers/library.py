"""The styles that there are recordings of: those that come with partita, the user's own, and folders."""

from importlib.resources import files
from pathlib import Path

from partita import music
from partita.ledger import state_folder


def own_styles() -> Path:
    """The folder that holds a folder for each style of the user's own."""
    return state_folder() / "styles"


def styles() -> dict[str, list[Path]]:
    """The styles that come with partita and the user's own, each with its recordings; one's own replace the former."""
    package = Path(str(files("partita")))
    bundled = [path for path in (package / "transfers" / "styles").iterdir() if path.is_dir()]
    found = {path.name: sorted(path.glob("*.ogg")) for path in bundled}
    for name, pieces in music.STYLES.items():
        found[name] = [*found.get(name, []), *(package / "music" / piece for piece in pieces)]
    folder = own_styles()
    own = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    found.update({path.name: sorted(path.glob("*.flac")) for path in own})
    return dict(sorted(found.items()))


def recordings(style: str | Path) -> dict[str, Path]:
    """The files of a folder, or of a style by its name, by what they are called there; none where it is neither."""
    folder = Path(style)
    if folder.is_dir():
        return {path.relative_to(folder).as_posix(): path for path in files_below(folder)}
    return {path.name: path for path in styles().get(str(style), [])}


def files_below(folder: str | Path) -> list[Path]:
    """The files below a folder, sorted; what is no recording is found out by reading it."""
    return sorted(path for path in Path(folder).rglob("*") if path.is_file() and not path.name.startswith("."))
