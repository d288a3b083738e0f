"""Audio in memory and on disk: the only audio file input and output.

wav, flac, mp3, ogg, au and aiff decode through libsndfile (soundfile); everything else, and every file that
libsndfile gives up on, through FFmpeg (PyAV, whose wheel carries it). A damaged file yields what is readable and
says how much of it that is. Decoding is a stream of blocks, so memory does not grow with the length of a recording.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from partita.decoders import (
    BLOCK_SECONDS,
    AudioInfo,
    Damaged,
    Samples,
    check_exists,
    ffmpeg_blocks,
    ffmpeg_info,
    sndfile_blocks,
    sndfile_info,
)
from partita.errors import AudioError, UnreadableAudioError
from partita.files import replacing

LOUDEST = 1e6
"""120 dB above full scale: a float sample beyond this is damage, and its power would overflow float32."""

SILENCE = 10 ** (-90 / 20)
"""Peak below -90 dBFS: under the dither of 16-bit audio, so nothing was recorded."""


@dataclass
class Reading:
    """What one pass over a recording met: seconds read and `warnings` fit to print.

    Peaks (1 is full scale) are those of all channels, of their mean, and of what is left of it at the rate asked for.
    """

    seconds: float = 0.0
    peak: float = 0.0
    mono_peak: float = 0.0
    heard_peak: float = 0.0
    damaged_samples: int = 0
    decode_errors: int = 0
    warnings: list[str] = field(default_factory=list)

    def skip_packet(self) -> None:
        """Take note of a packet that could not be decoded."""
        self.decode_errors += 1

    def mix(self, block: Samples, rate: int) -> Samples:
        """Take note of a block (frames, channels) and return it as mono (frames,), damage silenced.

        Channels are added and scaled rather than averaged with `mean(axis=1)`, which is many times slower on
        interleaved samples.
        """
        peak = float(max(block.max(initial=0.0), -block.min(initial=0.0)))
        if not peak <= LOUDEST:  # also true of NaN
            bad = ~(np.abs(block) <= LOUDEST)
            self.damaged_samples += int(np.count_nonzero(bad))
            block = np.where(bad, np.float32(0), block)
            peak = float(np.abs(block).max(initial=0.0))
        mono = block[:, 0]
        for channel in range(1, block.shape[1]):
            mono = mono + block[:, channel]
        mono = np.ascontiguousarray(mono * np.float32(1 / block.shape[1]))
        self.seconds += len(block) / rate
        self.peak = max(self.peak, peak)
        self.mono_peak = max(self.mono_peak, float(np.abs(mono).max(initial=0.0)))
        return mono

    def conclude(self, expected: float | None) -> None:
        """Turn what was met into warnings, once the recording has ended."""
        if self.decode_errors:
            self.warnings.append(f"{self.decode_errors} damaged packets skipped")
        if expected is not None and self.seconds < expected - max(0.2, 0.005 * expected):
            self.warnings.append(f"{self.seconds:.1f} of {expected:.1f} s readable")
        if self.damaged_samples:
            self.warnings.append(f"{self.damaged_samples} samples were not numbers or absurdly loud, now silent")

    @property
    def silent(self) -> str | None:
        """The reason why the recording can't be heard as mono, or None."""
        if self.heard_peak >= SILENCE:
            return None
        if self.mono_peak >= SILENCE:
            return "silent in the range that is listened to; all its sound is higher"
        if self.peak >= SILENCE:
            return "its channels cancel out when added (opposite polarity); invert one channel"
        return "silent: no sample is louder than -90 dBFS"


class Sound(Protocol):
    """What a model hears: an `Audio` in memory or an `AudioFile` on disk."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    def blocks(self, rate: int, reading: Reading | None = None) -> Iterator[Samples]:
        """Yield mono float32 blocks (frames,) at `rate` Hz; fill `reading` on the way."""
        ...


@dataclass(frozen=True, eq=False)
class Audio:
    """Audio in memory: `samples` float32 (channels, frames) within -1..1 at full scale, `rate` in Hz.

    >>> Audio(np.zeros((2, 44_100), np.float32), 44_100).seconds
    1.0
    """

    samples: Samples
    rate: int
    name: str = "audio in memory"

    def __post_init__(self) -> None:
        samples = np.atleast_2d(np.asarray(self.samples, np.float32))
        if samples.ndim != 2 or self.rate <= 0:
            raise AudioError(self.name, f"wants (channels, frames) and a rate in Hz, got {samples.shape}, {self.rate}")
        object.__setattr__(self, "samples", samples)

    @classmethod
    def read(cls, path: str | Path) -> "Audio":
        """Decode a whole file with all its channels at its own rate.

        Raises `UnreadableAudioError` where nothing can be decoded.
        """
        file = AudioFile(path)
        decoded = list(_decode(file, Reading()))
        rate, widths = decoded[0][1], {block.shape[1] for block, _ in decoded}
        if len(widths) != 1 or {r for _, r in decoded} != {rate}:
            raise AudioError(path, "changes its channels or its rate half way; convert it to one first")
        return cls(np.concatenate([block for block, _ in decoded]).T.copy(), rate, file.name)

    @property
    def seconds(self) -> float:
        """Length."""
        return float(self.samples.shape[1] / self.rate)

    def blocks(self, rate: int, reading: Reading | None = None) -> Iterator[Samples]:
        """Yield mono float32 blocks (frames,) at `rate` Hz."""
        size = max(1, int(BLOCK_SECONDS * self.rate))
        parts = ((self.samples[:, i : i + size].T, self.rate) for i in range(0, self.samples.shape[1], size))
        yield from _resampled(parts, rate, reading or Reading(), None)

    def mono(self, rate: int | None = None) -> Samples:
        """All of it as mono (frames,), resampled to `rate` Hz if given."""
        blocks = list(self.blocks(rate or self.rate))
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def write(self, path: str | Path, tags: Mapping[str, str] | None = None) -> None:
        """Write .wav (16 bit), .flac, .ogg or .mp3 by the name's ending, with `tags` such as {"title": "..."}.

        The file appears whole or not at all. Samples beyond full scale are clipped.
        """
        import soundfile

        from partita.tags import write_tags

        path = Path(path)
        kind = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"),
                ".mp3": ("MP3", "MPEG_LAYER_III")}.get(path.suffix.lower())  # fmt: skip
        if kind is None:
            raise AudioError(
                path, f"can't write {path.suffix or 'a file without an ending'}; use wav, flac, ogg or mp3"
            )
        try:
            with replacing(path) as partial:
                with soundfile.SoundFile(partial, "w", self.rate, len(self.samples), kind[1], format=kind[0]) as file:
                    for i in range(0, self.samples.shape[1], 65_536):  # one huge Vorbis write overflows its stack
                        file.write(np.clip(self.samples[:, i : i + 65_536].T, -1, 1))
                if tags:
                    write_tags(partial, tags)
        except soundfile.LibsndfileError as error:
            raise AudioError(path, f"can't be written: {error.error_string}") from None


@dataclass(frozen=True)
class AudioFile:
    """Audio on disk, decoded only when asked for and never held whole."""

    path: str | Path

    @property
    def name(self) -> str:
        """The path as given."""
        return str(self.path)

    def info(self) -> AudioInfo:
        """Read the header alone.

        Raises `UnreadableAudioError` where there is no audio in the file.
        """
        check_exists(self.path)
        return sndfile_info(self.path) or ffmpeg_info(self.path)

    def blocks(self, rate: int, reading: Reading | None = None) -> Iterator[Samples]:
        """Yield mono float32 blocks (frames,) at `rate` Hz; `reading` tells afterwards what was met.

        Raises `UnreadableAudioError` before the first block where nothing can be decoded.
        """
        reading = reading or Reading()
        expected = self.info().seconds
        yield from _resampled(_decode(self, reading), rate, reading, expected)


@dataclass(frozen=True)
class Excerpt:
    """`seconds` of a sound from `start` (in seconds), decoded only when asked for."""

    source: Audio | AudioFile
    start: float
    seconds: float

    @property
    def name(self) -> str:
        """The sound's name and the stretch."""
        return f"{self.source.name} from {self.start:g} s"

    def blocks(self, rate: int, reading: Reading | None = None) -> Iterator[Samples]:
        """Yield mono float32 blocks (frames,) at `rate` Hz; `reading` tells of the excerpt alone."""
        reading = reading or Reading()
        first = round(self.start * rate)
        last, place = first + round(self.seconds * rate), 0
        for block in self.source.blocks(rate):
            part = block[max(0, first - place) : max(0, last - place)]
            place += len(block)
            if len(part):
                peak = float(np.abs(part).max())
                reading.seconds += len(part) / rate
                reading.peak = reading.mono_peak = reading.heard_peak = max(reading.heard_peak, peak)
                yield part
            if place >= last:
                return


def _resampled(
    parts: Iterator[tuple[Samples, int]], rate: int, reading: Reading, expected: float | None
) -> Iterator[Samples]:
    """Mix (frames, channels) parts to mono and resample them to `rate` as one continuous stream."""
    for block in _converted(parts, rate, reading):
        reading.heard_peak = max(reading.heard_peak, float(np.abs(block).max(initial=0.0)))
        if len(block):
            yield block
    reading.conclude(expected)


def _converted(parts: Iterator[tuple[Samples, int]], rate: int, reading: Reading) -> Iterator[Samples]:
    """The mono blocks of `_resampled`, some of them empty."""
    import soxr

    nothing = np.zeros(0, np.float32)
    resampler, source = None, 0
    for block, source_rate in parts:
        mono = reading.mix(block, source_rate)
        if source_rate != source:  # the first block, or a stream that changes its rate half way
            if resampler is not None:
                yield resampler.resample_chunk(nothing, last=True)
            source = source_rate
            resampler = None if source == rate else soxr.ResampleStream(source, rate, 1, "float32", "HQ")
        yield mono if resampler is None else resampler.resample_chunk(mono)
    if resampler is not None:
        yield resampler.resample_chunk(nothing, last=True)


def _decode(file: AudioFile, reading: Reading) -> Iterator[tuple[Samples, int]]:
    """Yield (frames, channels) blocks with their rate, through libsndfile and, where it gives up, FFmpeg.

    libsndfile loses the rest of a file at the first damaged packet. FFmpeg goes on, so it takes over from the
    frame where libsndfile stopped.
    """
    check_exists(file.path)
    done = 0
    try:
        for block, rate in sndfile_blocks(file.path):
            done += len(block)
            yield block, rate
        if done:
            return
    except Damaged:
        pass
    skip = done
    for block, rate in ffmpeg_blocks(file.path, reading.skip_packet):
        if skip >= len(block):
            skip -= len(block)
            continue
        done += len(block) - skip
        yield block[skip:], rate
        skip = 0
    if not done:
        raise UnreadableAudioError(file.path, "holds no audio that can be decoded")
