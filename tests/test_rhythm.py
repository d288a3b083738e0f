"""Separation and beats: on sounds whose parts and beats are known."""

import numpy as np
import pytest

from partita import rhythm
from partita.separation import edited, harmonic_mask, running_median, separate

RATE = rhythm.RATE


def clicks(tempo: float, seconds: float = 12.0, start: float = 0.3, bass_every: int = 4) -> np.ndarray:
    """Noise bursts on the beats, with a bass note on the first of every four."""
    rng, beat = np.random.default_rng(0), 60 / tempo
    samples = 0.001 * rng.normal(size=round(seconds * RATE))
    decay = np.exp(-np.arange(2000) / 300)
    for number, at in enumerate(np.arange(start, seconds - 0.2, beat)):
        hit = 0.2 * rng.normal(size=2000)
        if number % bass_every == 0:
            hit = hit + 0.8 * np.sin(2 * np.pi * 60 * np.arange(2000) / RATE)
        place = round(at * RATE)
        samples[place : place + 2000] += hit * decay
    return samples.astype(np.float32)


@pytest.mark.parametrize("tempo", [70.0, 96.0, 120.0, 150.0])
def test_beats_lie_on_the_clicks(tempo: float) -> None:
    found = rhythm.listen(clicks(tempo))
    assert abs(found.tempo / tempo - 1) < 0.02
    assert found.clarity > 0.3
    inner = found.beats[(found.beats > 0.2) & (found.beats < 11)]
    off = (inner - 0.3 + 15 / tempo) % (60 / tempo) - 15 / tempo
    assert np.abs(off).max() < 0.035


def test_beats_agree_with_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    samples = clicks(110.0)
    theirs = librosa.beat.beat_track(y=samples, sr=RATE, units="time")[1]
    ours = rhythm.listen(samples).beats
    assert np.abs(theirs[:, None] - ours).min(1).max() < 0.05


def test_a_bar_begins_with_the_bass() -> None:
    found = rhythm.listen(clicks(100.0))
    assert found.position(np.array([0.3]))[0] == pytest.approx(0.0, abs=0.1) or found.position(np.array([0.3]))[0] > 3.9


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.zeros(100, np.float32), np.ones(RATE, np.float32)])
def test_without_a_beat_there_is_an_even_grid(samples: np.ndarray) -> None:
    found = rhythm.listen(samples)
    assert found.clarity == 0
    assert np.ptp(np.diff(found.beats)) < 0.05
    assert found.beats[0] <= 0
    assert found.beats[-1] >= len(samples) / RATE


def test_tones_and_beats_come_apart() -> None:
    t = np.arange(8 * RATE) / RATE
    tones = 0.3 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 660 * t)).astype(np.float32)
    beats = clicks(120.0, 8.0, bass_every=1000)
    harmonic, percussive = separate((tones + beats)[None], RATE)
    np.testing.assert_allclose(harmonic + percussive, (tones + beats)[None], atol=1e-6)
    assert np.mean((harmonic[0] - tones) ** 2) < 0.05 * np.mean(tones**2)
    assert np.corrcoef(percussive[0], beats)[0, 1] > 0.9


def test_masks_agree_with_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(0)
    magnitude = np.abs(rng.normal(size=(60, 80))).astype(np.float32)
    theirs = librosa.decompose.hpss(magnitude, kernel_size=(17, 31), mask=True)[0]
    np.testing.assert_allclose(harmonic_mask(magnitude), theirs, atol=1e-5)


def test_sections_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.stack([clicks(120.0, 4.0), clicks(90.0, 4.0)])
    whole = separate(samples, RATE)[0]
    monkeypatch.setattr("partita.separation.SECTION_FRAMES", 40)
    np.testing.assert_allclose(separate(samples, RATE)[0], whole, atol=1e-5)
    np.testing.assert_allclose(edited(samples, RATE, lambda spectra, first: spectra), samples, atol=1e-5)


def test_a_running_median_is_the_median() -> None:
    values = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    assert running_median(values, 5)[1, 9] == np.median(values[1, 7:12])
