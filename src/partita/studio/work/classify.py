"""classify: one recording, with what the page draws of it: waveform, spectrogram, genres over time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from partita.audio import AudioFile
from partita.features import GTZAN_RATE, GTZAN_SECONDS_PER_COLUMN, gtzan_windows
from partita.models.classifier import Segment
from partita.studio.work.base import Work
from partita.tasks.classify import classify

COLUMNS = 1600
"""About how many columns the page's spectrogram and waveform have."""
MOST_SEGMENTS = 600
PLAYABLE = frozenset({"WAV", "WAVEX", "OGG", "FLAC", "MPEG", "mp3", "ogg", "flac", "wav"})
"""Containers, by either decoder's name, that every browser plays and finds its way in."""
PREVIEW = "preview.ogg"


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Classify, and draw; the digest is what the library lists."""
    source = Path(work.arguments["source"])
    work.progress(0, 3, "listening")
    result = classify(**work.arguments)
    work.progress(1, 3, "drawing")
    levels, peaks = overview(source, result.seconds, None if plays(source) else work.folder / PREVIEW)
    (work.folder / "levels.u8").write_bytes(levels.tobytes())
    values = {
        **result.json(),
        "file": work.title,
        "segments": [
            {"start": part.start, "end": part.end, "probabilities": part.probabilities}
            for part in thinned(result.segments)
        ],
        "peaks": peaks,
        "bands": levels.shape[0],
        "columns": levels.shape[1],
    }
    digest = {name: values[name] for name in ("genre", "probability", "unsure", "seconds", "model", "warnings")}
    return values, {**digest, "labels": sorted(result.probabilities)}


def plays(path: Path) -> bool:
    """Whether browsers play the file as it is."""
    info = AudioFile(path).info()
    return info.container in PLAYABLE and info.seconds is not None


def overview(path: Path, seconds: float, preview: Path | None = None) -> tuple[NDArray[np.uint8], list[int]]:
    """A recording's log-mel levels uint8 (128, about COLUMNS) and its peaks (0..255), in one pass in flat memory.

    The same pass writes `preview`, the recording as mono Ogg, if asked for.
    """
    every = max(1, round(seconds / GTZAN_SECONDS_PER_COLUMN / COLUMNS))
    size = max(1, round(seconds * GTZAN_RATE / COLUMNS))
    peaks = _Peaks(size)
    with ExitStack() as stack:
        file = None
        if preview is not None:
            sound = soundfile.SoundFile(preview, "w", GTZAN_RATE, 1, "VORBIS", format="OGG")
            file = stack.enter_context(sound)
        blocks = _passed_by(AudioFile(path).blocks(GTZAN_RATE), peaks, file)
        levels = np.concatenate([window[:, ::every] for window in gtzan_windows(blocks)], axis=1)
    return levels, peaks.levels()


def thinned(segments: Sequence[Segment], most: int = MOST_SEGMENTS) -> list[Segment]:
    """Segments, neighbours averaged where there are more than `most`; times stay in order and cover the same."""
    every = -(-len(segments) // most) or 1
    groups = [segments[first : first + every] for first in range(0, len(segments), every)]
    return [
        Segment(
            group[0].start,
            group[-1].end,
            {
                label: round(sum(part.probabilities[label] for part in group) / len(group), 4)
                for label in group[0].probabilities
            },
        )
        for group in groups
    ]


class _Peaks:
    """The greatest magnitude of every `size` samples of a stream."""

    def __init__(self, size: int) -> None:
        self.size, self.rest, self.found = size, np.zeros(0, np.float32), [np.zeros(0, np.float32)]

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next samples."""
        samples = np.concatenate([self.rest, block])
        whole = len(samples) // self.size * self.size
        self.found.append(np.abs(samples[:whole]).reshape(-1, self.size).max(axis=1))
        self.rest = samples[whole:]

    def levels(self) -> list[int]:
        """The peaks so far as 0..255 of full scale."""
        last = [np.abs(self.rest).max(keepdims=True)] if len(self.rest) else []
        scaled = np.clip(np.concatenate([*self.found, *last]) * 255, 0, 255)
        return [int(level) for level in scaled.astype(np.uint8)]


def _passed_by(
    blocks: Iterable[NDArray[np.float32]], peaks: _Peaks, file: "soundfile.SoundFile | None"
) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        peaks.add(block)
        if file is not None:
            for first in range(0, len(block), 65_536):  # one huge Vorbis write overflows its stack
                file.write(np.clip(block[first : first + 65_536], -1, 1))
        yield block
