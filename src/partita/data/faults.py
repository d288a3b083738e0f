"""What is wrong with single recordings: found in one pass, together with their fingerprints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from partita.audio import Audio, AudioFile, Reading
from partita.errors import AudioError, DataError, UnusableAudioError
from partita.example import Example, Spectrogram
from partita.features import GTZAN_RATE, GTZAN_SECONDS_PER_COLUMN, gtzan_windows
from partita.fingerprint import Print, fingerprint

SHORTEST = 5.0
"""Seconds under which a recording is short, as it is under half the median of its data set."""
CLIPPED_FROM = 0.001
"""The share of samples at full scale from which a recording is clipped."""
FULL_SCALE = 0.998


@dataclass(frozen=True)
class Heard:
    """What one pass over a recording told.

    `content` is the digest of its bytes, `silent` the share of its time 80 dB or more below its loudest moment,
    `clipped` the share of its samples that stand at full scale beside another one, `damage` what could not be decoded.
    """

    song: Example
    content: str
    seconds: float
    silent: float
    clipped: float
    damage: tuple[str, ...]
    print: Print
    seconds_per_column: float


@dataclass(frozen=True)
class Fault:
    """`kind` ("corrupt", "silent", "short" or "clipped") of a song in words; `fatal` if it should not be trained on."""

    song: Example
    kind: str
    words: str
    fatal: bool = True


def listen(song: Example) -> Heard | Fault:
    """Read a recording once; a fault where nothing can be made of it."""
    reading, media = Reading(), song.media
    try:
        if isinstance(media, Spectrogram):
            levels, each, seconds, clipped = media.levels, media.seconds_per_column, media.seconds, 0.0
        elif isinstance(media, Audio | AudioFile):
            levels, each = (
                np.concatenate(list(gtzan_windows(media.blocks(GTZAN_RATE, reading))), 1),
                GTZAN_SECONDS_PER_COLUMN,
            )
            seconds, clipped = reading.seconds, _clipped(media)
            if reading.silent:
                raise UnusableAudioError(media.name, reading.silent)
        else:
            raise DataError(f"{song.id}: an audit listens to recordings, not to excerpts or scores")
        silent = float(1 - levels.any(0).mean())
        return Heard(song, song.content, seconds, silent, clipped, tuple(reading.warnings), fingerprint(levels), each)
    except UnusableAudioError as error:
        return Fault(song, "silent", error.reason)
    except (AudioError, ValueError) as error:  # a stream without a single sample gives no window to concatenate
        return Fault(song, "corrupt", error.reason if isinstance(error, AudioError) else "holds no samples")


def faults(heard: Sequence[Heard]) -> Iterator[Fault]:
    """What is wrong with recordings that can be decoded."""
    median = float(np.median([each.seconds for each in heard])) if heard else 0.0
    for each in heard:
        if each.damage:
            yield Fault(each.song, "corrupt", "; ".join(each.damage), fatal=False)
        if each.silent > 0.5:
            yield Fault(each.song, "silent", f"{each.silent:.0%} of its time")
        if each.seconds < max(SHORTEST, median / 2):
            yield Fault(each.song, "short", f"{each.seconds:.1f} s, where the median is {median:.1f} s")
        if each.clipped >= CLIPPED_FROM:
            yield Fault(each.song, "clipped", f"{each.clipped:.2%} of its samples", fatal=False)


def _clipped(media: Audio | AudioFile) -> float:
    rate = media.info().rate if isinstance(media, AudioFile) else media.rate
    cut, total = 0, 0
    for block in media.blocks(rate):
        full = np.abs(block) >= FULL_SCALE
        cut += int((full[1:] & full[:-1]).sum())
        total += len(block)
    return cut / max(total, 1)
