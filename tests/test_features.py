"""Spectrograms: librosa's values, the archive's transform, and physics."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partita import features
from partita.audio import Audio
from partita.models.timbre import TIMBRE_SIZE, timbre

librosa = pytest.importorskip("librosa")


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.normal(size=40_000) * np.linspace(0, 1, 40_000)).astype(np.float32)


@pytest.mark.parametrize(("fft", "hop"), [(2048, 512), (1260, 175), (512, 128)])
def test_linear_spectrogram_agrees_with_librosa(noise: np.ndarray, fft: int, hop: int) -> None:
    theirs = librosa.power_to_db(np.abs(librosa.stft(noise, n_fft=fft, hop_length=hop)) ** 2, ref=np.max)
    ours = features.power_to_db(features.spectrogram(noise, fft, hop))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize(("rate", "fft", "hop", "mels"), [(22_050, 2048, 512, 128), (44_100, 4096, 1024, 64)])
def test_log_mel_agrees_with_librosa(noise: np.ndarray, rate: int, fft: int, hop: int, mels: int) -> None:
    power = librosa.feature.melspectrogram(y=noise, sr=rate, n_fft=fft, hop_length=hop, n_mels=mels)
    ours = features.power_to_db(features.mel_spectrogram(noise, rate, fft, hop, mels))
    np.testing.assert_allclose(ours, librosa.power_to_db(power, ref=np.max), atol=1e-3)


@pytest.mark.parametrize("count", [40_000, 40_448, 700])
def test_magnitude_mel_agrees_with_librosa_but_for_the_triangles(count: int) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, count).astype(np.float32)
    frames = -(-count // 512)
    padded = np.pad(samples, (0, (frames - 1) * 512 + 2048 - count))
    magnitude = np.abs(librosa.stft(padded, n_fft=2048, hop_length=512, center=False))
    theirs = librosa.filters.mel(sr=22_050, n_fft=2048, n_mels=128, fmin=0, fmax=8000, htk=True, norm=None)
    filters = features.htk_filters(22_050, 2048, 128, 8000.0)
    np.testing.assert_allclose(filters, theirs, atol=0.01)
    ours = features.magnitude_mel(samples, 22_050, 2048, 512, 128, 8000.0)
    assert ours.shape == (128, frames)
    np.testing.assert_allclose(ours, filters @ magnitude, rtol=1e-4, atol=1e-4)


def test_magnitude_is_the_root_of_power(noise: np.ndarray) -> None:
    magnitude, power = features.spectrogram(noise, power=1.0), features.spectrogram(noise)
    np.testing.assert_allclose(magnitude**2, power, rtol=1e-4)


@given(hz=st.floats(100, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_tone_falls_into_its_mel_band(hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(8192) / 22_050).astype(np.float32)
    band = features.mel_spectrogram(tone, 22_050)[:, 5:-5].mean(1).argmax()
    edges = features.mel_to_hz(np.linspace(0, features.hz_to_mel(np.array([11_025.0]))[0], 130))
    assert edges[max(0, band - 1)] <= hz <= edges[min(129, band + 3)]


@given(st.floats(1, 20_000))
def test_mel_scale_inverts(hz: float) -> None:
    there_and_back = features.mel_to_hz(features.hz_to_mel(np.array([hz])))[0]
    assert there_and_back == pytest.approx(hz, rel=1e-9)


def test_levels_ignore_gain_and_do_not_clip(noise: np.ndarray) -> None:
    np.testing.assert_allclose(
        features.gtzan_levels(noise).astype(int), features.gtzan_levels(noise * 0.3).astype(int), atol=1
    )
    assert features.gtzan_levels(noise).max() <= 255


def test_silence_has_no_levels() -> None:
    assert not features.gtzan_levels(np.zeros(30_000, np.float32)).any()
    assert not features.fma_levels(np.zeros(60_000, np.float32)).any()


def test_fma_levels_have_64_steps_and_put_a_tone_into_its_band() -> None:
    tone = np.sin(2 * np.pi * 4000 * np.arange(2 * 44_100) / 44_100).astype(np.float32)
    levels = features.fma_levels(tone)
    assert levels.shape == (64, 9)
    assert set(np.unique(levels % 4)) == {2}
    edges = features.mel_to_hz(np.linspace(0, features.hz_to_mel(np.array([22_050.0]))[0], 130))
    band = int(levels.mean(1).argmax())
    assert edges[2 * band] <= 4000 <= edges[2 * band + 3]


@pytest.mark.parametrize(
    ("windows_of", "rate", "seconds_per_column"),
    [
        (features.gtzan_windows, features.GTZAN_RATE, features.GTZAN_SECONDS_PER_COLUMN),
        (features.fma_windows, features.FMA_RATE, features.FMA_SECONDS_PER_COLUMN),
    ],
)
@given(seconds=st.floats(0.1, 100), block=st.integers(5_000, 200_000))
@settings(max_examples=10, deadline=None)
def test_windows_cover_a_recording_once(
    windows_of: Callable[..., Iterator[np.ndarray]], rate: int, seconds_per_column: float, seconds: float, block: int
) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, int(seconds * rate)).astype(np.float32)
    blocks = (samples[i : i + block] for i in range(0, len(samples), block))
    lengths = [window.shape[1] * seconds_per_column for window in windows_of(blocks)]
    assert abs(sum(lengths) - seconds) < 0.6
    assert all(length < 46 for length in lengths)


def test_windows_of_a_clip_are_the_clip() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 30 * 44_100).astype(np.float32)
    (window,) = features.gtzan_windows([samples[: 30 * 22_050]])
    np.testing.assert_array_equal(window, features.gtzan_levels(samples[: 30 * 22_050]))
    assert window.shape == (128, 387)
    (window,) = features.fma_windows([samples])
    np.testing.assert_array_equal(window, features.fma_levels(samples))
    assert window.shape == (64, 128)


def test_summary_is_finite_for_any_length() -> None:
    rng = np.random.default_rng(0)
    for columns in (1, 3, 17, 128, 387):
        summary = features.summary(rng.integers(0, 256, (128, columns)).astype(np.uint8))
        assert summary.shape == (features.SUMMARY_SIZE,)
        assert np.isfinite(summary).all()
    assert np.isfinite(features.summary(np.zeros((128, 50), np.uint8))).all()


def test_timbre_is_finite_for_any_length_and_its_moments_do_not_know_how_long() -> None:
    rng = np.random.default_rng(0)
    for columns in (1, 4, 17, 40, 128, 190):
        levels = rng.integers(0, 256, (64, columns)).astype(np.uint8)
        assert timbre(levels).shape == (TIMBRE_SIZE,)
        assert np.isfinite(timbre(levels)).all()
    assert np.isfinite(timbre(np.zeros((64, 50), np.uint8))).all()
    moments = slice(0, 3 * 64)
    np.testing.assert_allclose(timbre(np.tile(levels, 2))[moments], timbre(levels)[moments], atol=1e-4)


def test_archive_rows_of_the_lossless_clips(real_data: Path) -> None:
    archive = np.load(real_data / "gtzan" / "gtzan_logmel.npz")
    names = [str(name).split("/")[1].removesuffix(".wav") for name in archive["name"]]
    clips = sorted((real_data / "gtzan" / "clips").glob("*.flac"))
    assert len(clips) == 8
    for clip in clips:
        row = archive["logmel"][names.index(clip.stem)].astype(int)
        ours = features.gtzan_levels(Audio.read(clip).mono(22_050)).astype(int)
        decibels = np.abs(ours - row) * 80 / 255
        assert decibels.mean() < 0.15, clip.stem
        assert decibels.max() < 1.0, clip.stem
