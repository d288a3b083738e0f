"""Tags inside audio files (title, artist, genre), through mutagen: the only place that reads or writes them."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partita.errors import AudioError
from partita.files import replacing


def read_tags(path: str | Path) -> dict[str, str]:
    """The tags of a file by their common lower-case names; several values are joined by "; ".

    A file without tags, or of a form that has none, gives an empty dictionary.
    """
    file = _open(path)
    if file is None or file.tags is None:
        return {}
    return {str(key).lower(): "; ".join(map(str, values)) for key, values in sorted(file.tags.items())}


def write_tags(path: str | Path, tags: Mapping[str, str]) -> None:
    """Set `tags` (such as {"genre": "jazz"}) in a file and keep all its others.

    A copy is tagged and then takes the file's place, so that a crash never leaves half a file; a link is followed.
    Raises `AudioError` where the file can't be written to or its form has no tags.
    """
    place = Path(path).resolve()
    if not can_hold_tags(place):
        raise AudioError(path, f"can't be tagged: it is read-only, or {place.suffix or 'its form'} has no tags")
    try:
        with replacing(place) as partial:
            shutil.copy2(place, partial)
            file = _open(partial)
            if file.tags is None:
                file.add_tags()
            for key, value in tags.items():
                file.tags[key] = [value]
            file.save()
    except Exception as error:  # mutagen's formats raise a dozen kinds of their own
        raise AudioError(path, f"tags can't be written: {error}") from None


def can_hold_tags(path: str | Path) -> bool:
    """Whether a file may be written to and is of a form that has tags."""
    file = _open(path)
    return os.access(path, os.W_OK) and file is not None and hasattr(file, "add_tags")


def _open(path: str | Path) -> Any:
    """Open with mutagen's common names ("easy" tags), also for wav and aiff, whose ID3 has none by itself."""
    import mutagen
    from mutagen.aiff import AIFF
    from mutagen.wave import WAVE

    try:
        file = mutagen.File(path, easy=True)
    except Exception:  # damaged tags must never cost the audio
        return None
    if isinstance(file, WAVE | AIFF):
        return _ChunkFile(file)
    return None if type(file).__name__ == "AAC" else file


FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "genre": "TCON",
    "date": "TDRC",
    "tracknumber": "TRCK",
    "bpm": "TBPM",
    "copyright": "TCOP",
    "encodedby": "TENC",
}
"""Common names of tags and the ID3 frames that hold them."""


class _ChunkFile:
    """A wav or aiff file, whose ID3 tags mutagen gives without the common names that it has for an mp3."""

    def __init__(self, file: Any) -> None:
        self._file = file

    @property
    def tags(self) -> "_ChunkTags | None":
        return None if self._file.tags is None else _ChunkTags(self._file.tags)

    def add_tags(self) -> None:
        self._file.add_tags()

    def save(self) -> None:
        self._file.save()


class _ChunkTags:
    """ID3 frames under their common names."""

    def __init__(self, frames: Any) -> None:
        self._frames = frames

    def items(self) -> list[tuple[str, list[str]]]:
        return [(name, self._frames[frame].text) for name, frame in FRAMES.items() if frame in self._frames]

    def __setitem__(self, name: str, values: list[str]) -> None:
        from mutagen import id3

        self._frames.setall(FRAMES[name], [getattr(id3, FRAMES[name])(encoding=3, text=values)])
