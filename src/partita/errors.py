"""The exceptions of partita, all under one root.

    PartitaError
    ├── AudioError                a sound file that can't be used; carries `path` and `reason`
    │   ├── UnreadableAudioError  not audio, empty, or too damaged to decode
    │   └── UnusableAudioError    decodes, but is silent, too short, or cancels itself out
    ├── DataError                 a data set that is not what its form says
    ├── CheckpointError           a checkpoint that is missing, damaged, or made for something else
    └── UsageError                a request that can't be met: an unknown name, a bad value

Every message says what was wrong, with which file, and what would be right. The command line prints the
message and exits with 2; a traceback means a fault in partita itself.
"""

from pathlib import Path


class PartitaError(Exception):
    """Root of every error that partita raises on purpose."""


class AudioError(PartitaError):
    """A sound file that can't be used: `path` names it, `reason` says why."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["AudioError"], tuple[str, str]]:
        """Survive the way back from a worker process: two arguments, not one message."""
        return type(self), (self.path, self.reason)


class UnreadableAudioError(AudioError):
    """Not audio, empty, or too damaged to decode."""


class UnusableAudioError(AudioError):
    """Audio that decodes but holds nothing to work with: silent, too short, or cancelling itself out."""


class DataError(PartitaError):
    """A data set that is not what its form says."""


class CheckpointError(PartitaError):
    """A checkpoint that is missing, damaged, or made for something else."""


class UsageError(PartitaError):
    """A request that can't be met: an unknown name or a value out of range."""


def unknown(kind: str, name: str, known: list[str]) -> UsageError:
    """Say that `name` is no known `kind`, with the names that are and the nearest of them."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UsageError(f"unknown {kind} {name!r}.{hint} Known: {', '.join(known)}.")
