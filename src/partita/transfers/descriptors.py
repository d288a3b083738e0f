"""What a few seconds sound like in 218 numbers, for the judge of transfers; nothing that makes a transfer uses them.

At 16 kHz in frames of 64 ms, 20 ms apart, at equal loudness: cepstra and how they move, the shape of the spectrum, the
contrast of its peaks, pitch classes without their key, onsets and their periods in four ranges, modulation of five, and
tones against noise.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from partita.features import Array, dct_matrix, mel_filters, power_to_db, spectrogram

RATE, FFT, HOP, MELS = 16_000, 1024, 320, 40
FRAMES_PER_SECOND = RATE / HOP
SECONDS = 6
"""A stretch, and the least that one is filled up to; stretches overlap by half."""
GROUPS = {"cepstra": 79, "shape": 17, "contrast": 12, "pitch": 22, "rhythm": 52, "modulation": 30, "tones": 6}
SIZE = sum(GROUPS.values())
OCTAVES = (60, 200, 400, 800, 1600, 3200, 8000)
"""Hz, of contrast and of tones against noise."""

Rows = NDArray[np.float64]


def stretches(samples: Array) -> Iterator[Array]:
    """Stretches of 6 s, 3 s apart, of mono samples (n,) at 16 kHz; a shorter sound is repeated to be one."""
    size = SECONDS * RATE
    if len(samples) < size:
        samples = np.tile(samples, -(-size // max(len(samples), 1)))[:size]
    for start in range(0, len(samples) - size + 1, size // 2):
        yield samples[start : start + size]


def describe(samples: Array) -> Array:
    """The numbers (218,) of a stretch (n,) at 16 kHz; its loudness is none of them."""
    power = spectrogram(samples / (np.sqrt(np.mean(samples**2)) + 1e-9), FFT, HOP)[:, 1:-1].astype(np.float64)
    hz = np.fft.rfftfreq(FFT, 1 / RATE).astype(np.float64)
    db = 10 * np.log10(power + 1e-4)
    parts = [
        *_cepstra(power),
        *_shape(power, hz),
        *_contrast(db, hz),
        *_pitch(power, hz),
        *_rhythm(db, hz),
        _modulation(power, hz),
        _tones(db, hz),
    ]
    return np.concatenate(parts).astype(np.float32)


def _moments(x: Rows) -> tuple[Rows, Rows, Rows]:
    """Mean, deviation and skewness along time of x (n, frames): (n,) each."""
    mean = x.mean(1)
    centred = x - mean[:, None]
    deviation = np.sqrt((centred**2).mean(1))
    return mean, deviation, np.clip((centred**3).mean(1) / (deviation + 1e-3) ** 3, -3, 3)


def _cepstra(power: Rows) -> list[Rows]:
    bands = power_to_db(np.asarray(mel_filters(RATE, FFT, MELS) @ power, np.float32))
    cepstra = (dct_matrix(MELS, 20) @ bands).astype(np.float64)
    mean, deviation, _ = _moments(cepstra)
    changes = [(cepstra[:, lag:] - cepstra[:, :-lag]).std(1) for lag in (1, 10)]
    return [mean[1:], *(np.log(each + 0.1) for each in (deviation, *changes))]


def _shape(power: Rows, hz: Rows) -> list[Rows]:
    """Centre, spread, roll-off, flatness and flux of the spectrum, and loudness (its movement alone)."""
    magnitude = np.sqrt(power) + 1e-8
    share = magnitude / magnitude.sum(0)
    centre = hz @ share
    spread = np.sqrt((((hz[:, None] - centre) ** 2) * share).sum(0))
    rolled = hz[(share.cumsum(0) < 0.85).sum(0).clip(0, len(hz) - 1)]
    flatness = np.log(magnitude[4:]).mean(0) - np.log(magnitude[4:].mean(0))
    flux = np.append(np.abs(np.diff(share, axis=1)).sum(0), 0)
    curves = [np.log(centre + 50), np.log(spread + 50), np.log(rolled + 50), flatness, flux]
    mean, deviation, skewness = _moments(np.stack([*curves, np.log(power.sum(0) + 1e-3)]))
    return [mean[:5], np.log(deviation + 0.01), skewness]


def _contrast(db: Rows, hz: Rows) -> list[Rows]:
    """How far the loudest sixth of the bins stands above the faintest, in octaves."""
    rows = []
    for low, high in pairwise(OCTAVES):
        ordered = np.sort(db[(hz >= low) & (hz < high)], axis=0)
        count = max(1, len(ordered) // 6)
        rows.append(ordered[-count:].mean(0) - ordered[:count].mean(0))
    mean, deviation, _ = _moments(np.stack(rows))
    return [mean / 10, np.log(deviation + 0.1)]


def _pitch(power: Rows, hz: Rows) -> list[Rows]:
    """Pitch classes in order of strength, their periods around the octave, how even and how steady they are."""
    used = (hz >= 100) & (hz < 2000)
    classes = np.rint(12 * np.log2(hz[used] / 440)).astype(int) % 12
    chroma = np.zeros((12, power.shape[1]))
    np.add.at(chroma, classes, np.log1p(power[used]))
    chroma /= np.linalg.norm(chroma, axis=0) + 1e-6
    mean = chroma.mean(1)
    share = chroma / (chroma.sum(0) + 1e-6)
    entropy = -(share * np.log(share + 1e-6)).sum(0)
    change = np.linalg.norm(chroma[:, 25:] - chroma[:, :-25], axis=0)
    rest = np.array([entropy.mean(), entropy.std(), change.mean(), change.std()])
    return [np.sort(mean), np.abs(np.fft.fft(mean - mean.mean()))[1:7], rest]


def _rhythm(db: Rows, hz: Rows) -> list[Rows]:
    """Onsets in four ranges, and autocorrelation of each and of their sum at eight ranges of lags, 0.15 to 2.2 s."""
    ranges = pairwise((0, 200, 800, 3000, 8000))
    rises = [np.maximum(np.diff(db[(hz >= a) & (hz < b)], axis=1), 0).mean(0) for a, b in ranges]
    onsets = np.stack(rises)
    mean, deviation, skewness = _moments(onsets)
    centred = onsets - onsets.mean(1, keepdims=True)
    spectra = np.abs(np.fft.rfft(np.vstack([centred, centred.sum(0)]), 2048, axis=1)) ** 2
    correlation = np.fft.irfft(spectra, axis=1)
    correlation /= correlation[:, :1] + 1e-6
    lags = (np.geomspace(0.15, 2.2, 9) * FRAMES_PER_SECOND).astype(int)
    peaks = [row[a : b + 1].max() for row in correlation for a, b in pairwise(lags)]
    return [np.log(mean + 0.1), np.log(deviation + 0.1), skewness, np.array(peaks)]


def _modulation(power: Rows, hz: Rows) -> Rows:
    """Power of the movement of five ranges of frequency at six of rates, 0.3 to 25 Hz."""
    ranges = pairwise((0, 150, 400, 1000, 2500, 8000))
    loudness = np.stack([10 * np.log10(power[(hz >= a) & (hz < b)].sum(0) + 1e-3) for a, b in ranges])
    frames = loudness.shape[1]
    moving = (loudness - loudness.mean(1, keepdims=True)) * np.hanning(frames)
    spectrum = np.abs(np.fft.rfft(moving, axis=1)) ** 2 / frames
    rate = np.fft.rfftfreq(frames, 1 / FRAMES_PER_SECOND)
    edges = pairwise((0.3, 1, 2, 4, 8, 16, 25))
    return np.concatenate([np.log(spectrum[:, (rate >= a) & (rate < b)].mean(1) + 0.1) for a, b in edges])


def _tones(db: Rows, hz: Rows) -> Rows:
    """How much more a cell is like its neighbours in time than like those in frequency, in octaves."""
    unlike_in_time, unlike_in_frequency = (
        np.abs(db - near).mean(1) for near in (_running_mean(db), _running_mean(db.T).T)
    )
    ratio = np.log((unlike_in_frequency + 0.1) / (unlike_in_time + 0.1))
    return np.array([ratio[a:b].mean() for a, b in pairwise(np.searchsorted(hz, OCTAVES))])


def _running_mean(x: Rows, reach: int = 4) -> Rows:
    padded = np.pad(x, ((0, 0), (reach + 1, reach)), "edge").cumsum(1)
    width = 2 * reach + 1
    return np.asarray((padded[:, width:] - padded[:, :-width]) / width)
