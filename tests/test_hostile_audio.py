"""Bad input: every kind gets a right answer or one typed error that names the file and the reason."""

import struct
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import encode, tone

from partita.errors import AudioError, UnreadableAudioError, UnusableAudioError
from partita.tasks.classify import Classification, Failure, classify, classify_many

Maker = Callable[[Path], None]


def _bytes(data: bytes) -> Maker:
    return lambda path: path.write_bytes(data) and None  # type: ignore[func-returns-value]


def _sound(samples: np.ndarray, rate: int = 22_050, form: str = "WAV", subtype: str | None = None) -> Maker:
    def make(path: Path) -> None:
        soundfile.write(path, samples, rate, format=form, subtype=subtype)

    return make


def _cut(maker: Maker, keep: float) -> Maker:
    """The first part of a file."""

    def make(path: Path) -> None:
        maker(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return make


def _flip(maker: Maker, count: int = 200) -> Maker:
    """A file with `count` bytes changed, its first kilobyte left alone."""

    def make(path: Path) -> None:
        maker(path)
        data = bytearray(path.read_bytes())
        rng = np.random.default_rng(1)
        for place in rng.integers(1024, len(data), count):
            data[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(data))

    return make


def _encoded(codec: str, container: str, rate: int = 44_100, seconds: float = 4) -> Maker:
    def make(path: Path) -> None:
        encode(path, tone(seconds, rate, 2), rate, codec, container)

    return make


def _with(samples: np.ndarray, value: float, share: float) -> np.ndarray:
    changed = samples.copy()
    changed[: int(len(changed) * share)] = value
    return changed


def _ultrasound() -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 30_000 * np.arange(288_000) / 96_000) * np.hanning(288_000)).astype(np.float32)


def _huge_header(path: Path) -> None:
    _sound(tone(3))(path)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 0xFFFFFFF0)  # the data chunk promises 4 GB
    path.write_bytes(bytes(data))


def _with_garbage_before(path: Path) -> None:
    _sound(tone(4, 44_100, 2), 44_100, "MP3")(path)
    path.write_bytes(np.random.default_rng(0).bytes(5000) + path.read_bytes())


def _with_garbage_after(path: Path) -> None:
    _sound(tone(4))(path)
    path.write_bytes(path.read_bytes() + np.random.default_rng(0).bytes(5000))


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/evil.ts\n#EXT-X-ENDLIST\n")


def _concat(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")


def _silent_video(path: Path) -> None:
    import av

    with av.open(str(path), "w", format="mp4") as output:
        picture = output.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        output.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        output.mux(picture.encode(None))


NOISE = np.random.default_rng(0).bytes(20_000)
STEREO = tone(4, 44_100, 2)
OPPOSED = STEREO * np.array([[1, -1]], np.float32)
FLAC, MP3, OGG, AIFF = (_sound(STEREO, 44_100, form) for form in ("FLAC", "MP3", "OGG", "AIFF"))

ANSWERED: dict[str, Maker] = {
    "stereo-44k.wav": _sound(STEREO, 44_100),
    "8-channels.wav": _sound(tone(3, 22_050, 8)),
    "24-channels.wav": _sound(tone(3, 22_050, 24)),
    "8-khz.wav": _sound(tone(3, 8_000), 8_000),
    "4-khz.wav": _sound(tone(3, 4_000), 4_000),
    "192-khz.wav": _sound(tone(3, 192_000, 2), 192_000),
    "384-khz.wav": _sound(tone(3, 384_000), 384_000),
    "odd-rate.wav": _sound(tone(3, 37_123), 37_123),
    "24-bit.wav": _sound(tone(3), subtype="PCM_24"),
    "32-bit.wav": _sound(tone(3), subtype="PCM_32"),
    "float64.wav": _sound(tone(3), subtype="DOUBLE"),
    "8-bit.wav": _sound(tone(3), subtype="PCM_U8"),
    "a-law.wav": _sound(tone(3), subtype="ALAW"),
    "adpcm.wav": _sound(tone(3), subtype="MS_ADPCM"),
    "quiet.wav": _sound(tone(3) * 0.001, subtype="PCM_24"),
    "clipped.wav": _sound(np.clip(tone(3) * 50, -1, 1)),
    "offset.wav": _sound(tone(3) * 0.5 + 0.4),
    "beyond-full-scale.wav": _sound(tone(3) * 100, subtype="FLOAT"),
    "one-second.wav": _sound(tone(1.01)),
    "half-nan.wav": _sound(_with(tone(3), np.nan, 0.5), subtype="FLOAT"),
    "some-inf.wav": _sound(_with(tone(3), np.inf, 0.1), subtype="FLOAT"),
    "absurdly-loud.wav": _sound(_with(tone(3), 1e30, 0.1), subtype="FLOAT"),
    "wrong-ending.mp3": _sound(STEREO, 44_100),
    "wrong-ending.raw": _sound(STEREO, 44_100),
    "no-ending": FLAC,
    "nam\u00e9 \u97f3 with  spaces.ogg": OGG,
    "-starts-with-a-dash.wav": _sound(tone(3)),
    "truncated.wav": _cut(_sound(STEREO, 44_100), 0.5),
    "truncated.aiff": _cut(AIFF, 0.5),
    "truncated.flac": _cut(FLAC, 0.5),
    "truncated.mp3": _cut(MP3, 0.5),
    "truncated.ogg": _cut(OGG, 0.5),
    "truncated.opus": _cut(_encoded("libopus", "ogg", 48_000), 0.5),
    "truncated.webm": _cut(_encoded("libopus", "webm", 48_000), 0.5),
    "truncated.wma": _cut(_encoded("wmav2", "asf"), 0.6),
    "truncated.aac": _cut(_encoded("aac", "adts"), 0.5),
    "flipped.flac": _flip(FLAC, 20),
    "flipped.mp3": _flip(MP3, 20),
    "flipped.wav": _flip(_sound(STEREO, 44_100)),
    "flipped.aac": _flip(_encoded("aac", "adts"), 20),
    "promises-4-gb.wav": _huge_header,
    "garbage-before.mp3": _with_garbage_before,
    "garbage-after.wav": _with_garbage_after,
}

REFUSED: dict[str, tuple[Maker, type[AudioError], str]] = {
    "empty.wav": (_bytes(b""), UnreadableAudioError, "empty"),
    "one-byte.mp3": (_bytes(b"\0"), UnreadableAudioError, "not a known audio format"),
    "header-only.wav": (_sound(np.zeros((0, 1), np.float32)), UnreadableAudioError, "no audio"),
    "riff-only.wav": (_bytes(b"RIFF\x24\0\0\0WAVE"), UnreadableAudioError, ""),
    "noise.mp3": (_bytes(NOISE), AudioError, ""),
    "noise.wav": (_bytes(NOISE), AudioError, ""),
    "noise.flac": (_bytes(b"fLaC" + NOISE), AudioError, ""),
    "noise.ogg": (_bytes(b"OggS" + NOISE), AudioError, ""),
    "zeros.mp3": (_bytes(bytes(20_000)), AudioError, ""),
    "page.mp3": (_bytes(b"<!doctype html><html><body>Not found</body></html>" * 50), UnreadableAudioError, ""),
    "text.wav": (_bytes(b"this is not audio\n" * 500), UnreadableAudioError, ""),
    "archive.flac": (_bytes(b"PK\x03\x04" + NOISE), UnreadableAudioError, ""),
    "program.ogg": (_bytes(b"\x7fELF" + NOISE), UnreadableAudioError, ""),
    "no-moov.m4a": (_cut(_encoded("aac", "ipod"), 0.3), UnreadableAudioError, ""),
    "silent-picture.mp4": (_silent_video, UnreadableAudioError, "holds no sound"),
    "playlist.m3u8": (_playlist, UnreadableAudioError, ""),
    "concat.txt": (_concat, UnreadableAudioError, ""),
    "silent.wav": (_sound(np.zeros((66_150, 1), np.float32)), UnusableAudioError, "silent"),
    "silent.flac": (_sound(np.zeros((66_150, 2), np.float32), form="FLAC"), UnusableAudioError, "silent"),
    "below-dither.wav": (_sound(tone(3) * 1e-5, subtype="FLOAT"), UnusableAudioError, "silent"),
    "all-nan.wav": (_sound(_with(tone(3), np.nan, 1), subtype="FLOAT"), UnusableAudioError, "silent"),
    "opposed-channels.wav": (_sound(OPPOSED, 44_100), UnusableAudioError, "cancel"),
    "ultrasound.wav": (_sound(_ultrasound(), 96_000, subtype="FLOAT"), UnusableAudioError, "silent in the range"),
    "one-sample.wav": (_sound(np.full((1, 1), 0.5, np.float32)), UnusableAudioError, "too short"),
    "hundred-samples.flac": (_sound(tone(1)[:100], form="FLAC"), UnusableAudioError, "too short"),
    "half-a-second.wav": (_sound(tone(0.5)), UnusableAudioError, "too short"),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_odd_but_usable_audio_is_answered(tmp_path: Path, checkpoint: Path, name: str) -> None:
    path = tmp_path / name
    ANSWERED[name](path)
    result = classify(path, model=str(checkpoint))
    assert abs(sum(result.probabilities.values()) - 1) < 1e-4
    assert all(np.isfinite(list(result.probabilities.values())))
    assert result.segments[0].start == 0
    assert abs(result.segments[-1].end - result.seconds) < 0.3
    if name.startswith(("truncated.wav", "truncated.aiff", "truncated.flac", "truncated.wma")):
        assert any("readable" in warning for warning in result.warnings), result
    if "nan" in name or "inf" in name or "absurdly" in name:
        assert any("not numbers" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_audio_is_refused_with_its_name_and_a_reason(
    tmp_path: Path, checkpoint: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    maker, kind, reason = REFUSED[name]
    path = tmp_path / name
    maker(path)
    with pytest.raises(kind) as caught:
        classify(path, model=str(checkpoint))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert len(message) > len(str(path)) + 5
    assert "\n" not in message
    assert capfd.readouterr().err == "", "decoders must not print"


@pytest.mark.parametrize(("name", "reason"), [("missing.wav", "no such file"), ("", "a folder without audio")])
def test_paths_that_are_no_files(tmp_path: Path, checkpoint: Path, name: str, reason: str) -> None:
    with pytest.raises(UnreadableAudioError, match=reason):
        classify(tmp_path / name, model=str(checkpoint))


def test_nothing_is_lost_in_a_batch(tmp_path: Path, checkpoint: Path) -> None:
    makers = {**ANSWERED, **{name: maker for name, (maker, _, _) in REFUSED.items()}}
    paths = []
    for name in list(makers)[::3]:
        makers[name](tmp_path / name)
        paths.append(tmp_path / name)
    results = list(classify_many(paths, model=str(checkpoint), jobs=2))
    assert [result.file for result in results] == [str(path) for path in paths]
    for path, result in zip(paths, results, strict=True):
        assert isinstance(result, Classification if path.name in ANSWERED else Failure), result


def test_a_process_that_dies_costs_no_file(tmp_path: Path, checkpoint: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    for path in paths:
        ANSWERED["stereo-44k.wav"](path)
    results = []
    for result in classify_many(paths, model=str(checkpoint), jobs=2):
        results.append(result)
        if len(results) == 1:
            for process in active_children():
                process.kill()
    assert [result.file for result in results] == [str(path) for path in paths]
    assert all(isinstance(result, Classification) for result in results)


def test_there_are_forty_kinds_and_more() -> None:
    assert len(ANSWERED) + len(REFUSED) >= 60
