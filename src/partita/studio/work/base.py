"""What a worker is given for one job, and how it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

SECONDS_BETWEEN = 0.15
"""Progress is told no more often than this."""


@dataclass
class Work:
    """One job as its worker sees it: files for the page go into `folder`, `title` is what people call its source.

    `names` are what they call each of the files and folders among the arguments.
    """

    title: str
    folder: Path
    arguments: dict[str, Any]
    out: TextIO
    names: Mapping[str, str]
    _told: float = 0.0
    _words: str | None = None

    def tell(self, **message: Any) -> None:
        """One line to the server."""
        self.out.write(json.dumps(message, allow_nan=False) + "\n")
        self.out.flush()

    def progress(self, done: int, total: int, words: str) -> None:
        """Say how far it has come; most calls are passed over, but none that begins another stage."""
        if done == total or words != self._words or monotonic() - self._told > SECONDS_BETWEEN:
            self._told, self._words = monotonic(), words
            self.tell(progress=[done, total, words])

    def row(self, row: Mapping[str, Any]) -> None:
        """Say what a training has just measured."""
        self.tell(row=dict(row))
