"""The exceptions of partita, all under one root.

    PartitaError
    ├── AudioError                a sound file that can't be used; carries `path` and `reason`
    │   ├── UnreadableAudioError  not audio, empty, or too damaged to decode
    │   └── UnusableAudioError    decodes, but is silent, too short, or cancels itself out
    ├── MidiError                 a MIDI file or a score that can't be used; carries `path` and `reason`
    │   ├── UnreadableMidiError   not MIDI, empty, or too damaged to read
    │   └── UnusableMidiError     a value that MIDI can't hold, or nothing in it to work with
    ├── DataError                 a data set that is not what its form says
    ├── CheckpointError           a checkpoint that is missing, damaged, or made for something else
    └── UsageError                a request that can't be met: an unknown name, a bad value

Every message says what was wrong, with which file, and what would be right. The command line prints the
message and exits with 2; a traceback means a fault in partita itself.
"""

from pathlib import Path


class PartitaError(Exception):
    """Root of every error that partita raises on purpose."""


class _FileError(PartitaError):
    """Something about a file: `path` names it, `reason` says what."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["_FileError"], tuple[str, str]]:
        """Survive the way back from a worker process: two arguments, not one message."""
        return type(self), (self.path, self.reason)


class AudioError(_FileError):
    """A sound file that can't be used: `path` names it, `reason` says why."""


class UnreadableAudioError(AudioError):
    """Not audio, empty, or too damaged to decode."""


class UnusableAudioError(AudioError):
    """Audio that decodes but holds nothing to work with: silent, too short, or cancelling itself out."""


class MidiError(_FileError):
    """A MIDI file or a score that can't be used: `path` names it, `reason` says why."""


class UnreadableMidiError(MidiError):
    """Not MIDI, empty, or too damaged to read."""


class UnusableMidiError(MidiError):
    """A value that MIDI can't hold, or nothing to work with."""


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
