"""What was uploaded: streamed to disk under names of our own, within limits, gone when the studio closes."""

import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock

from partita.errors import PartitaError
from partita.studio.visitors import VISITOR

GIGABYTE = 1_000_000_000


class TooMuch(PartitaError):  # noqa: N818 - not a fault: a limit
    """An upload beyond the limits."""


@dataclass(frozen=True)
class Limits:
    """Bytes of one file and of all, and how many files there may be."""

    file: int = GIGABYTE
    total: int = 8 * GIGABYTE
    files: int = 5000


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded: what people call it, and where it lies."""

    id: str
    name: str
    path: Path
    size: int


class Store:
    """Uploads by id. Those of one `group` lie in one folder under their own (cleaned) relative paths."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self._uploads: dict[str, Upload] = {}
        self._lock = Lock()
        self._held, self._files = 0, 0

    def __getitem__(self, key: str) -> Upload:
        """An upload by its id; raises `KeyError` for one that is not there."""
        return self._uploads[key]

    def group(self, name: str) -> Path:
        """The folder of a group's uploads, which is the visitor's own."""
        return self.folder / "groups" / VISITOR.get() / re.sub(r"[^\w-]", "", name)[:64]

    async def receive(self, name: str, body: AsyncIterator[bytes], declared: int | None, group: str = "") -> Upload:
        """Write a body to disk as it comes.

        Raises `TooMuch` before the first byte where its declared size is beyond the limits, else as soon as it is.
        """
        self._check(name, declared or 0)
        with self._lock:
            if self._files >= self.limits.files:
                raise TooMuch(f"the studio holds {self._files} files, which is as many as it takes; remove some first")
            self._files += 1
        key, shown = secrets.token_urlsafe(9), clean(name)
        path = self.group(group) / shown if group else self.folder / key / f"recording{_ending(shown)}"
        size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                async for part in body:
                    self._check(name, size + len(part))
                    size += len(part)
                    self._held += len(part)
                    file.write(part)
        except BaseException:  # also where the sender goes away
            self._held -= size
            self._files -= 1
            path.unlink(missing_ok=True)
            raise
        upload = self._uploads[key] = Upload(key, shown, path, size)
        return upload

    def remove(self, key: str) -> None:
        """Remove an upload and its file."""
        upload = self._uploads.pop(key)
        self._held -= upload.size
        self._files -= 1
        upload.path.unlink(missing_ok=True)
        if upload.path.parent.name == key:
            shutil.rmtree(upload.path.parent, ignore_errors=True)

    def remove_path(self, path: Path) -> None:
        """Remove the upload that lies at a path, if it is one."""
        for key in [key for key, upload in self._uploads.items() if upload.path == path]:
            self.remove(key)

    def _check(self, name: str, size: int) -> None:
        limits = self.limits
        if size > limits.file:
            raise TooMuch(f"{clean(name)}: larger than {limits.file / 1e6:,.0f} MB, which is the most for one file")
        if self._held + size > limits.total or size > shutil.disk_usage(self.folder).free:
            raise TooMuch(f"{clean(name)}: there is no room left for uploads; remove some recordings first")


def clean(name: str) -> str:
    r"""A relative path without anything that could lead elsewhere.

    >>> clean("../../etc/passwd"), clean("C:\\Music\\jazz\\a.mp3"), clean("a\x00\n.mp3"), clean("..")
    ('etc/passwd', 'C/Music/jazz/a.mp3', 'a.mp3', 'recording')
    """
    parts = [re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "", part).strip()[-120:] for part in re.split(r"[/\\]", name)]
    kept = [part.strip() for part in parts if part.strip(". ")]
    return str(PurePosixPath(*kept[-6:])) if kept else "recording"


def _ending(name: str) -> str:
    """The ending of a name if it looks like one, in small letters."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ""
