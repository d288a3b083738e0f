"""Jobs: what was asked for, how far it has come, and what came of it."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from partita.errors import PartitaError
from partita.studio.visitors import VISITOR

State = Literal["waiting", "running", "paused", "done", "failed", "stopped"]
ENDED: frozenset[State] = frozenset({"done", "failed", "stopped"})
RESULT = "result.json"


class QueueFull(PartitaError):  # noqa: N818 - not a fault: a request for patience
    """No more jobs are taken until some have ended."""


@dataclass
class Job:
    """One request. `arguments` go to the task, `shown` and `given` are what the page sent: options and references.

    `source` is a file that can be played, `names` are what people call the files and folders among the arguments, the
    source's first.

    Times are seconds since the epoch. `digest` is what a list shows of the result, `row` the latest of the `rows` that
    a training has measured. `taggable` says that tags may be written into the source.
    """

    verb: str
    title: str
    folder: Path
    arguments: Mapping[str, Any]
    shown: Mapping[str, Any] = field(default_factory=dict)
    source: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    batch: str = ""
    taggable: bool = False
    visitor: str = field(default_factory=VISITOR.get)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    state: State = "waiting"
    done: int = 0
    total: int = 0
    words: str = ""
    error: str = ""
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    digest: Mapping[str, Any] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    _since: tuple[float, int] = (0.0, 0)

    def progress(self, done: int, total: int, words: str) -> None:
        """Take note of how far it has come; a new total is a new stage, whose time left is counted afresh."""
        if total != self.total or done < self.done:
            self._since = (time.time(), done)
        self.done, self.total, self.words = done, total, words

    @property
    def seconds_left(self) -> float | None:
        """A guess from the pace of this stage so far; None while there is nothing to guess from."""
        since, first = self._since
        if self.state != "running" or self.done <= first or time.time() - since < 1:
            return None
        return (time.time() - since) * (self.total - self.done) / (self.done - first)

    @property
    def paths(self) -> dict[str, Path]:
        """The files and folders among the arguments, by their names there."""
        return {name: Path(str(self.arguments[name])) for name in self.names}

    def summary(self) -> dict[str, Any]:
        """What lists and events show, JSON-ready."""
        names = ("id", "verb", "title", "batch", "state", "done", "total", "words", "error", "created", "started")
        return {
            **{name: getattr(self, name) for name in (*names, "ended", "digest")},
            "seconds_left": self.seconds_left,
            "rows": len(self.rows),
            "row": self.rows[-1] if self.rows else None,
            "taggable": self.taggable,
        }

    def json(self) -> dict[str, Any]:
        """All that the page may know: the summary, what was asked, every row, the result and its files."""
        result = self.folder / RESULT
        return {
            **self.summary(),
            "parameters": self.shown,
            "given": self.given,
            "names": self.names,
            "history": self.rows,
            "result": json.loads(result.read_text(encoding="utf-8")) if self.state == "done" else None,
            "files": sorted(path.name for path in self.folder.glob("*") if path.name != RESULT)
            if self.state == "done"
            else [],
        }
