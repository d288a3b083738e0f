"""Audio in and out: every form decodes to the same sound, in blocks as well as whole."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import encode, tone
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.audio import Audio, AudioFile, Reading
from partita.errors import AudioError
from partita.tags import read_tags, write_tags


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """The greatest normalised correlation over all shifts: codecs delay a sound."""
    size = len(a) + len(b)
    products = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return float(products.max() / np.sqrt((a**2).sum() * (b**2).sum()))


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.ogg", "x.mp3", "x.au", "x.aiff", "x.caf", "x.w64"])
def test_libsndfile_forms_decode(tmp_path: Path, name: str) -> None:
    sound = tone(2, 22_050, 2)
    soundfile.write(tmp_path / name, sound, 22_050)
    audio = Audio.read(tmp_path / name)
    assert audio.rate == 22_050
    assert len(audio.samples) == 2
    assert abs(audio.seconds - 2) < 0.06
    assert correlation(audio.mono(), sound[:, 0]) > 0.99


@pytest.mark.parametrize(
    ("name", "codec", "container", "rate"),
    [
        ("x.opus", "libopus", "ogg", 48_000),
        ("x.m4a", "aac", "ipod", 44_100),
        ("x.aac", "aac", "adts", 44_100),
        ("x.webm", "libopus", "webm", 48_000),
        ("x.wma", "wmav2", "asf", 44_100),
        ("x.mka", "flac", "matroska", 44_100),
        ("x.mp4", "aac", "mp4", 44_100),
        ("x.ac3", "ac3", "ac3", 44_100),
    ],
)
def test_ffmpeg_forms_decode(tmp_path: Path, name: str, codec: str, container: str, rate: int) -> None:
    sound = tone(2, rate, 2)
    path = encode(tmp_path / name, sound, rate, codec, container)
    info = AudioFile(path).info()
    assert (info.rate, info.channels) == (rate, 2)
    mono = np.concatenate(list(AudioFile(path).blocks(rate)))
    assert abs(len(mono) / rate - 2) < 0.1
    assert correlation(mono, sound[:, 0]) > 0.98


def test_the_sound_of_a_video_file(tmp_path: Path) -> None:
    import av

    path = tmp_path / "clip.mp4"
    sound = tone(1, 44_100)
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        stream = output.add_stream("aac", rate=44_100, layout="mono")
        for _ in range(10):
            output.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        for i in range(0, 44_100 - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[i : i + 1024].T), "fltp", "mono")
            frame.sample_rate = 44_100
            output.mux(stream.encode(frame))
        output.mux(picture.encode(None))
        output.mux(stream.encode(None))
    assert abs(Audio.read(path).seconds - 1) < 0.1


@given(seconds=st.floats(0.01, 9), rate=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]))
@settings(max_examples=12, deadline=None)
def test_resampling_in_blocks_keeps_length_and_level(seconds: float, rate: int) -> None:
    sound = tone(seconds, rate, 2).T
    mono = Audio(sound, rate).mono(22_050)
    assert abs(len(mono) - sound.shape[1] * 22_050 / rate) <= 2
    if seconds > 1:
        assert abs(np.abs(mono).max() - np.abs(sound).max()) < 0.05


def test_blocks_of_a_file_are_its_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", tone(20, 44_100, 2), 44_100, subtype="FLOAT")
    streamed = np.concatenate(list(AudioFile(tmp_path / "x.wav").blocks(22_050)))
    at_once = Audio.read(tmp_path / "x.wav").mono(22_050)
    np.testing.assert_allclose(streamed, at_once, atol=1e-6)


def test_mono_is_the_mean_of_channels() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, (3, 1000)).astype(np.float32)
    np.testing.assert_allclose(Audio(samples, 22_050).mono(), samples.mean(0), atol=1e-6)


@pytest.mark.parametrize("name", ["y.wav", "y.flac", "y.ogg", "y.mp3"])
def test_write_then_read_keeps_sound_and_tags(tmp_path: Path, name: str) -> None:
    audio = Audio(tone(1, 44_100, 2).T, 44_100)
    audio.write(tmp_path / name, {"title": "Étude", "genre": "jazz"})
    tags = read_tags(tmp_path / name)
    assert (tags["title"], tags["genre"]) == ("Étude", "jazz")
    assert correlation(Audio.read(tmp_path / name).mono(), audio.mono()) > 0.99
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "codec", "container"), [("x.m4a", "aac", "ipod"), ("x.opus", "libopus", "ogg"), ("x.wma", "wmav2", "asf")]
)
def test_tags_of_ffmpeg_forms(tmp_path: Path, name: str, codec: str, container: str) -> None:
    path = encode(tmp_path / name, tone(1, 48_000), 48_000, codec, container)
    write_tags(path, {"genre": "reggae"})
    assert read_tags(path)["genre"] == "reggae"
    assert abs(Audio.read(path).seconds - 1) < 0.1


def test_writing_an_unknown_form_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="use wav, flac, ogg or mp3"):
        Audio(tone(1).T, 22_050).write(tmp_path / "x.xyz")


def test_info_reads_the_header_alone(wav: "object") -> None:
    path = wav(rate=48_000, channels=6, seconds=2)  # type: ignore[operator]
    info = AudioFile(path).info()
    assert (info.container, info.rate, info.channels, info.seconds) == ("WAV", 48_000, 6, 2.0)


def test_a_stream_that_changes_its_rate_half_way(tmp_path: Path) -> None:
    a, b = tmp_path / "a.mp3", tmp_path / "b.mp3"
    soundfile.write(a, tone(2, 44_100), 44_100)
    soundfile.write(b, tone(2, 22_050), 22_050)
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(a.read_bytes() + b.read_bytes())
    reading = Reading()
    mono = np.concatenate(list(AudioFile(joined).blocks(22_050, reading)))
    assert 1.9 < len(mono) / 22_050 < 4.3
