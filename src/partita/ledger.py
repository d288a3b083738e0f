"""The ledger of test splits: how often each checkpoint was measured on one, kept in the user's state folder.

Every use is a file of its own, named by its date and at random. So two processes that count at once lose nothing,
without locks, and the count is the number of files.
"""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from partita.errors import UsageError
from partita.files import replacing


@dataclass(frozen=True)
class TestUses:
    """How often a checkpoint was measured on the same test songs, this time included.

    `last` is the date (UTC, ISO 8601) of the use before this one, None for the first.
    """

    __test__ = False  # no test of pytest's

    count: int
    last: str | None

    def words(self) -> str:
        """One sentence: "test used 3 times, last on 2026-05-04"."""
        times = "once, now" if self.count == 1 else f"{self.count} times with this one, last on {self.last}"
        return f"test used {times}"


def state_folder() -> Path:
    """`PARTITA_STATE`, or the system's place for what programs remember."""
    if named := os.environ.get("PARTITA_STATE"):
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.local/state"
    return Path(base).expanduser() / "partita"


def count_test_use(checkpoint: str, songs: str, *, model: str, data: str) -> TestUses:
    """Count one use of a test split and say how many there were.

    `checkpoint` is the digest of the weights and `songs` that of the test songs; `model` and `data` name them for
    readers. Raises `UsageError` where the state folder can't be written to: a use that can't be counted is none.
    """
    folder = state_folder() / "test-uses" / hashlib.sha256(f"{checkpoint}\n{songs}".encode()).hexdigest()[:32]
    own = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}-{uuid.uuid4().hex}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(own) as partial:
            partial.write_text(json.dumps({"model": model, "data": data}) + "\n", encoding="utf-8")
        others = sorted(path for path in folder.glob("[0-9]*.json") if path != own)
    except OSError as error:
        raise UsageError(
            f"{folder}: can't be written to ({error.strerror}), so this use of the test split can't be counted; "
            "let PARTITA_STATE name a folder that can"
        ) from None
    return TestUses(len(others) + 1, others[-1].name[: len("2026-05-04")] if others else None)
