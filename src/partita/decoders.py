"""The two decoders behind `audio`: libsndfile (soundfile) and FFmpeg (PyAV), each as a stream of blocks.

libsndfile is the faster one and loses the rest of a file at the first damaged packet; FFmpeg knows every format and
goes on after damage.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partita.errors import UnreadableAudioError

Samples = NDArray[np.float32]

BLOCK_SECONDS = 6.0
"""How much audio one block holds. Larger gains no speed, only memory."""


class Damaged(Exception):  # noqa: N818 - not an error of the file: FFmpeg takes over
    """libsndfile met a packet that it can't decode."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    `rate` in Hz; `seconds` is None where the header does not tell (a live recording, a damaged file).
    """

    container: str
    codec: str
    rate: int
    channels: int
    seconds: float | None
    decoder: str


def check_exists(path: str | Path) -> None:
    """Raise `UnreadableAudioError` for what is no file, is empty, or may not be opened."""
    if not os.path.exists(path):
        raise UnreadableAudioError(path, "no such file")
    if os.path.isdir(path):
        raise UnreadableAudioError(path, "a folder without audio files")
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise UnreadableAudioError(path, "empty file (0 bytes)")
    except OSError as error:
        raise UnreadableAudioError(path, f"can't be opened: {error.strerror}") from None


def sndfile_info(path: str | Path) -> AudioInfo | None:
    """The header as libsndfile reads it, or None where FFmpeg is the better decoder."""
    import soundfile

    if Path(path).suffix.lower() == ".raw":  # headerless by its name: libsndfile would want a rate from us
        return None
    try:
        with mute(), soundfile.SoundFile(_native(path)) as sound:
            if sound.subtype == "OPUS" or not 0 < sound.samplerate < 10_000_000:  # Opus: FFmpeg is twice as fast
                return None
            seconds = sound.frames / sound.samplerate if 0 < sound.frames < 2**53 else None
            promised = re.search(r"(?:data|SSND) : (\d+) \(should be (\d+)\)", sound.extra_info)
            if promised and seconds and int(promised[2]) and int(promised[1]) != 0xFFFFFFFF:
                seconds *= max(1.0, int(promised[1]) / int(promised[2]))
            return AudioInfo(sound.format, sound.subtype, sound.samplerate, sound.channels, seconds, "libsndfile")
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return None


def sndfile_blocks(path: str | Path) -> Iterator[tuple[Samples, int]]:
    """Yield (frames, channels) blocks with their rate through libsndfile; nothing where FFmpeg is the better decoder.

    Raises `Damaged` at the first packet that libsndfile can't decode.
    """
    import soundfile

    info = sndfile_info(path)
    if info is None:
        return
    try:
        with mute():
            sound = soundfile.SoundFile(_native(path))
        with sound:
            while True:
                with mute():
                    block = sound.read(int(BLOCK_SECONDS * info.rate), dtype="float32", always_2d=True)
                if not len(block):
                    return
                yield block, info.rate
    except (soundfile.LibsndfileError, RuntimeError):
        raise Damaged from None


def _ffmpeg_open(path: str | Path) -> Any:
    """Open a file with FFmpeg. A playlist inside it may not reach for other files or the network."""
    import av

    av.logging.set_level(av.logging.PANIC)
    try:
        name = os.fspath(path)
        source = name if name.isprintable() else open(path, "rb")  # noqa: SIM115 - closed with the container
        container = av.open(source, metadata_errors="ignore", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableAudioError(path, f"not a known audio format, or its header is damaged ({reason})") from None
    if not container.streams.audio or container.format.name in {"hls", "concat", "tty"}:
        container.close()
        raise UnreadableAudioError(path, f"holds no sound ({container.format.long_name or container.format.name})")
    return container


def ffmpeg_info(path: str | Path) -> AudioInfo:
    """The header as FFmpeg reads it.

    Raises `UnreadableAudioError` where there is no audio in the file.
    """
    with _ffmpeg_open(path) as container:
        stream = container.streams.best("audio") or container.streams.audio[0]
        seconds = None
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / 1e6
        codec = stream.codec_context
        if codec is None or not codec.sample_rate:
            raise UnreadableAudioError(path, "its audio stream can't be decoded (unknown codec)")
        return AudioInfo(container.format.name, codec.name, codec.sample_rate, codec.channels, seconds, "FFmpeg")


def ffmpeg_blocks(path: str | Path, skipped: Callable[[], None]) -> Iterator[tuple[Samples, int]]:
    """Decode packet by packet, so that a damaged packet costs itself and not the rest of the file."""
    import av

    with _ffmpeg_open(path) as container:
        stream = container.streams.best("audio") or container.streams.audio[0]
        if stream.codec_context is None:
            raise UnreadableAudioError(path, "its audio stream can't be decoded (unknown codec)")
        packets = container.demux(stream)
        held: list[Samples] = []
        rate = frames_held = 0
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.FFmpegError:
                skipped()
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                skipped()
                continue
            for frame in frames:
                block = _frame_samples(frame)
                if held and (frame.sample_rate != rate or block.shape[1] != held[0].shape[1]):
                    yield np.concatenate(held), rate
                    held, frames_held = [], 0
                rate = frame.sample_rate
                held.append(block)
                frames_held += len(block)
            if frames_held >= BLOCK_SECONDS * max(rate, 1):
                yield np.concatenate(held), rate
                held, frames_held = [], 0
        if held:
            yield np.concatenate(held), rate


def _frame_samples(frame: Any) -> Samples:
    """A decoded FFmpeg frame as float32 (frames, channels), integers scaled to -1..1."""
    array = frame.to_ndarray()
    channels = len(frame.layout.channels)
    samples = array.T if frame.format.is_planar else array.reshape(-1, channels)
    if samples.dtype.kind == "f":
        return np.asarray(samples, np.float32)
    bits = 8 * samples.dtype.itemsize
    offset = 2 ** (bits - 1) if samples.dtype.kind == "u" else 0
    return np.asarray((samples.astype(np.float32) - offset) / 2 ** (bits - 1), np.float32)


def _native(path: str | Path) -> str | bytes:
    """The path as libsndfile takes it: bytes, except on Windows, since a name need not be valid text."""
    return os.fspath(path) if os.name == "nt" else os.fsencode(path)


@contextmanager
def mute() -> Iterator[None]:
    """Drop what libsndfile's mp3 decoder prints of damage straight to the process's standard error.

    For these moments it is dropped for other threads, too.
    """
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
