import numpy as np
import pytest

from partita.errors import UsageError
from partita.features import istft, mel_filters, stft
from partita.inversion import Start, gradient_phase, invert, linear_from_mel, spectral_convergence

RATE, FFT, HOP = 22_050, 1024, 256


def tune(seconds: float = 2.0) -> np.ndarray:
    """Three decaying notes over a little noise: attacks, partials and a floor."""
    t = np.arange(round(seconds * RATE)) / RATE
    samples = 0.01 * np.random.default_rng(0).normal(size=len(t))
    for start, pitch in ((0.1, 220.0), (0.7, 277.2), (1.2, 329.6)):
        since = np.maximum(t - start, 0)
        samples += (t > start) * np.exp(-3 * since) * sum(np.sin(2 * np.pi * pitch * k * since) / k for k in (1, 2, 3))
    return (0.3 * samples).astype(np.float32)


def frequency(samples: np.ndarray) -> float:
    """The strongest frequency in Hz, by a parabola through the peak of the log spectrum."""
    windowed = samples * np.hanning(len(samples))
    spectrum = np.log(np.abs(np.fft.rfft(windowed)) + 1e-9)
    peak = int(spectrum.argmax())
    a, b, c = spectrum[peak - 1 : peak + 2]
    return float((peak + (a - c) / (2 * (a - 2 * b + c))) * RATE / len(samples))


@pytest.mark.parametrize(("fft", "hop"), [(1024, 256), (1024, 300), (512, 128), (1260, 175)])
def test_what_was_transformed_comes_back(fft, hop):
    samples = tune()
    assert np.abs(istft(stft(samples, fft, hop), hop, len(samples)) - samples).max() < 1e-5


def test_stft_agrees_with_the_reference():
    librosa = pytest.importorskip("librosa")
    samples = tune()
    theirs = librosa.stft(samples, n_fft=FFT, hop_length=HOP)
    assert np.abs(stft(samples, FFT, HOP) - theirs).max() < 1e-3


@pytest.mark.parametrize("phase", ["gradient", "random"])
def test_a_sine_keeps_its_pitch(phase: Start):
    t = np.arange(2 * RATE) / RATE
    magnitude = np.abs(stft(np.sin(2 * np.pi * 440 * t).astype(np.float32), FFT, HOP))
    heard = frequency(invert(magnitude, HOP, phase=phase))
    assert abs(1200 * np.log2(heard / 440)) < 3


def test_silence_stays_silence():
    assert not invert(np.zeros((513, 20), np.float32), HOP).any()


def test_channels_are_inverted_one_by_one():
    left, right = (np.abs(stft(part, FFT, HOP)) for part in (tune(), tune()[::-1].copy()))
    both = invert(np.stack([left, right]), HOP, iterations=3)
    assert np.array_equal(both, np.stack([invert(left, HOP, iterations=3), invert(right, HOP, iterations=3)]))


def test_the_gradient_is_a_better_start_than_chance_and_iterations_help():
    magnitude = np.abs(stft(tune(), FFT, HOP))
    error = {
        (phase, n): spectral_convergence(invert(magnitude, HOP, phase=phase, iterations=n), magnitude, HOP)
        for phase in ("gradient", "random")
        for n in (0, 32)
    }
    assert error["gradient", 0] < error["random", 0] - 10
    assert error["gradient", 32] < min(error["random", 32], error["gradient", 0]) - 3


def test_phases_turn_as_those_of_a_sound_do():
    samples = tune()
    spectra = stft(samples, FFT, HOP)
    magnitude, phase = np.abs(spectra), gradient_phase(np.abs(spectra), HOP)
    turn = np.exp(1j * (phase[:, 1:] - phase[:, :-1])) * spectra[:, :-1] / spectra[:, 1:] * magnitude[:, 1:]
    loud = magnitude[:, 1:] > 0.1 * magnitude.max()
    assert np.mean(np.cos(np.angle(turn[loud]))) > 0.85  # chance gives 0


def test_a_slight_edit_keeps_the_phase_of_its_content():
    samples = tune()
    spectra = stft(samples, FFT, HOP)
    edited = np.abs(spectra) * np.linspace(1, 0.5, len(spectra), dtype=np.float32)[:, None]
    own = invert(edited, HOP, content=spectra, iterations=0, length=len(samples))
    assert np.array_equal(own, invert(edited, HOP, content=spectra, phase="content", iterations=0, length=len(samples)))
    assert spectral_convergence(own, edited, HOP) < -30


def test_a_spectrogram_of_another_sound_does_not():
    samples = tune()
    magnitude, other = np.abs(stft(samples, FFT, HOP)), stft(samples[::-1].copy(), FFT, HOP)
    found = invert(magnitude, HOP, content=other, iterations=0)
    assert np.array_equal(found, invert(magnitude, HOP, phase="gradient", iterations=0))


def test_mel_bands_come_back_from_their_linear_magnitude():
    magnitude = np.abs(stft(tune(), FFT, HOP))
    filters = mel_filters(RATE, FFT, 128)
    linear = linear_from_mel(filters @ magnitude, RATE, FFT)
    assert (linear >= 0).all()
    assert np.linalg.norm(filters @ (linear - magnitude)) < 0.02 * np.linalg.norm(filters @ magnitude)
    assert not linear_from_mel(np.zeros((64, 5)), RATE, FFT).max() > 1e-9


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        (np.zeros((513, 4)), {"hop": 600}, "gaps"),
        (np.full((513, 4), -40.0), {}, "decibels"),
        (np.full((513, 4), np.nan), {}, "finite"),
        (np.zeros(513), {}, "bins, frames"),
        (np.zeros((513, 4)), {"phase": "content"}, "complex spectrogram"),
        (np.zeros((513, 4)), {"content": np.zeros((513, 5), np.complex64)}, "shape"),
    ],
)
def test_what_is_no_spectrogram_is_refused(values, options, words):
    with pytest.raises(UsageError, match=words):
        invert(values, **{"hop": HOP, **options})
