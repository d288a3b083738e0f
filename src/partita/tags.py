"""Tags inside audio files (title, artist, genre), through mutagen: the only place that reads or writes them."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partita.errors import AudioError


def read_tags(path: str | Path) -> dict[str, str]:
    """The tags of a file by their common lower-case names; several values are joined by "; ".

    A file without tags, or of a form that has none, gives an empty dictionary.
    """
    file = _open(path)
    if file is None or not file.tags:
        return {}
    return {str(key).lower(): "; ".join(map(str, values)) for key, values in sorted(file.tags.items())}


def write_tags(path: str | Path, tags: Mapping[str, str]) -> None:
    """Set `tags` (such as {"genre": "jazz"}) in a file and keep all its others.

    A copy is tagged and then takes the file's place, so that a crash never leaves half a file.
    Raises `AudioError` where the form of the file has no tags.
    """
    path = Path(path)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    try:
        shutil.copy2(path, partial)
        file = _open(partial)
        if file is None:
            raise AudioError(path, f"{path.suffix or 'this form of file'} can't hold tags")
        if file.tags is None:
            file.add_tags()
        for key, value in tags.items():
            file.tags[key] = [value]
        file.save()
        os.replace(partial, path)
    except AudioError:
        raise
    except Exception as error:  # mutagen's formats raise a dozen kinds of their own
        raise AudioError(path, f"tags can't be written: {error}") from None
    finally:
        Path(partial).unlink(missing_ok=True)


def _open(path: str | Path) -> Any:
    """Open with mutagen's common names ("easy" tags), also for wav and aiff, whose ID3 has none by itself."""
    import mutagen
    from mutagen.aiff import AIFF
    from mutagen.easyid3 import EasyID3
    from mutagen.wave import WAVE

    try:
        file = mutagen.File(path, easy=True)
    except Exception:  # damaged tags must never cost the audio
        return None
    if isinstance(file, WAVE | AIFF):
        return _ChunkTags(file, path, EasyID3)
    return file


class _ChunkTags:
    """ID3 tags inside a wav or aiff file, under the common names that `EasyID3` gives them in an mp3."""

    def __init__(self, file: Any, path: str | Path, easy: Any) -> None:
        self._file = file
        self.tags: Any = None
        if file.tags is not None:
            self.tags = easy()
            self.tags._EasyID3__id3 = file.tags
        self._easy = easy
        self._path = path

    def add_tags(self) -> None:
        self._file.add_tags()
        self.tags = self._easy()
        self.tags._EasyID3__id3 = self._file.tags

    def save(self) -> None:
        self._file.save()
