"""The audio that is measured on: music-like sound made from a seed, and its encoding in every format."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 44_100
"""Samples a second of what is measured on, if nothing else is said."""

MP3_LEVEL = (320 - 192) / (320 - 32)
"""libsndfile's compression level, 0 for 320 kbit/s and 1 for 32, that gives 192 kbit/s."""

FORMATS = ("wav", "flac", "mp3", "ogg", "opus", "m4a")


def song(seconds: float, seed: int = 0, rate: int = RATE) -> Samples:
    """Chords, a melody, a bass and drums in stereo: (frames, 2) at `rate`, peak 0.7, different for every seed."""
    rng = np.random.default_rng(seed)
    beat = 60 / rng.uniform(85, 150)  # seconds
    root = int(rng.integers(45, 57))  # MIDI pitch
    frames = int(seconds * rate)
    mix = np.zeros((frames + 3 * rate, 2), np.float32)  # room for the last notes to fade
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) if seed % 2 else np.array([0, 2, 3, 5, 7, 8, 10])
    chords = rng.integers(0, 7, 8)
    notes = {pitch: _note(440 * 2 ** ((pitch - 69) / 12), rate, rng) for pitch in range(24, 108)}
    drums = [_drum(rate, fade, rng) for fade in (0.15, 0.08, 0.02)]
    for number in range(int(seconds / beat)):
        degree = chords[number // 4 % 8]
        if number % 4 == 0:
            for step in (0, 2, 4):
                _add(mix, notes[root + _pitch(scale, degree + step)], number * beat, rate, 0.35 + 0.1 * step, 0.5)
            _add(mix, notes[root - 12 + scale[degree]], number * beat, rate, 0.5, 0.8)
        for half in (0, 0.5):
            if rng.random() < 0.7:
                melody = notes[root + 12 + _pitch(scale, int(rng.integers(0, 10)))]
                _add(mix, melody, (number + half) * beat, rate, rng.random(), rng.uniform(0.2, 0.7))
            _add(mix, drums[2], (number + half) * beat, rate, 0.7, 0.15)
        _add(mix, drums[number % 2], number * beat, rate, 0.5, 0.5)
    mix = mix[:frames] + rng.normal(0, 1e-3, (frames, 2)).astype(np.float32)
    return mix * np.float32(0.7 / np.abs(mix).max())


def _pitch(scale: NDArray[np.int64], degree: int) -> int:
    return int(scale[degree % 7] + 12 * (degree // 7))


def _note(hz: float, rate: int, rng: np.random.Generator) -> Samples:
    """Two seconds of ten fading partials below half the rate: (frames,)."""
    time = np.arange(2 * rate) / rate
    partials = [k for k in range(1, 11) if k * hz < rate / 2]
    sound = sum(np.exp(-time * (1.5 + k)) / k * np.sin(2 * np.pi * (k * hz * time + rng.random())) for k in partials)
    return np.asarray(sound * np.minimum(1, time / 0.005), np.float32)


def _drum(rate: int, fade: float, rng: np.random.Generator) -> Samples:
    """Noise that falls to 1/e within `fade` seconds, over a low thud where it is long: (frames,)."""
    time = np.arange(int(6 * fade * rate)) / rate
    thud = np.sin(2 * np.pi * 60 * time) if fade > 0.1 else 0
    return np.asarray((0.3 * rng.normal(0, 1, len(time)) + thud) * np.exp(-time / fade), np.float32)


def _add(mix: Samples, sound: Samples, start: float, rate: int, pan: float, gain: float) -> None:
    """Add a mono sound to the mix at `start` seconds; `pan` 0 is left, 1 is right."""
    first = int(start * rate)
    part = sound[: len(mix) - first]
    mix[first : first + len(part), 0] += np.float32(gain * np.cos(pan * np.pi / 2)) * part
    mix[first : first + len(part), 1] += np.float32(gain * np.sin(pan * np.pi / 2)) * part


def write(path: Path, seconds: float, seed: int = 0) -> Path:
    """Write a song in the format of the path's ending, one of `FORMATS`: mp3 at 192, opus and m4a at 128 kbit/s."""
    kind = path.suffix[1:]
    if kind in {"opus", "m4a"}:
        rate = 48_000 if kind == "opus" else RATE  # Opus knows no 44.1 kHz
        return _encode(path, song(seconds, seed, rate), rate, "libopus" if kind == "opus" else "aac", 128_000, {})
    subtype, options = {
        "wav": ("PCM_16", {}),
        "flac": ("PCM_16", {}),
        "mp3": ("MPEG_LAYER_III", {"compression_level": MP3_LEVEL, "bitrate_mode": "CONSTANT"}),
        "ogg": ("VORBIS", {}),
    }[kind]
    samples = song(seconds, seed)
    with soundfile.SoundFile(path, "w", RATE, 2, subtype, format=kind.upper(), **options) as file:
        for i in range(0, len(samples), 65_536):  # one huge Vorbis write overflows its stack
            file.write(samples[i : i + 65_536])
    return path


def write_long(path: Path, stretch: Path, times: int) -> Path:
    """Write an mp3 that holds a `stretch` of mp3 `times` over; packets are copied, so it costs no encoding."""
    with av.open(str(path), "w", format="mp3") as output:
        stream: Any = None
        shift = 0
        for _ in range(times):
            with av.open(str(stretch)) as source:
                taken = source.streams.audio[0]
                stream = stream or output.add_stream_from_template(taken)
                end = shift
                for packet in source.demux(taken):
                    if packet.pts is None:  # the empty packet that ends a stream
                        continue
                    packet.pts += shift
                    packet.dts = packet.pts
                    end = packet.pts + packet.duration
                    packet.stream = stream
                    output.mux(packet)
                shift = end
    return path


def write_stretch(path: Path, seconds: float) -> Path:
    """Write an mp3 of 48 kbit/s whose packets stand alone, for `write_long`: 10 hours of it are 220 MB."""
    return _encode(path, song(seconds), RATE, "libmp3lame", 48_000, {"reservoir": "0"})


def _encode(path: Path, samples: Samples, rate: int, codec: str, bits: int, options: dict[str, str]) -> Path:
    """Encode (frames, 2) with FFmpeg at `bits` a second."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=rate, layout="stereo", options=options)
        stream.bit_rate = bits
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        while part := fifo.read(size) or fifo.read(0, partial=True):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path
