"""How much of the content and of the style is in a result, by what can be counted: chords, pulse, bars, spectrum.

Rhythms are compared at the octave of tempo that suits both.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partita.features import stft
from partita.rhythm import BEATS_PER_BAR, FRAMES_PER_SECOND, Rhythm, onset_strength

Curve = NDArray[np.float64]

STEPS = 16
FFT, HOP = 4096, 2048
LAGS = np.arange(1, 17) / 4
"""Beats, from a quarter to a bar."""


@dataclass(frozen=True)
class Likeness:
    """`chroma`: cosine of the pitch classes to the content's. `pulse`, `bar`: correlation with the style's rhythm.

    Each is 1 for what it is compared with itself. Unrelated songs have about 0.55, 0.4 and 0.4.
    """

    chroma: float
    pulse: float
    bar: float


def likeness(content: NDArray[np.float32], made: Rhythm, made_samples: NDArray[np.float32], style: Rhythm) -> Likeness:
    """Compare a result with its content, mono (n,) at 22,050 Hz, and its rhythm with the style's."""
    return Likeness(chroma_cosine(content, made_samples), pulse_correlation(made, style), bar_correlation(made, style))


def on_grid(beats: Rhythm, samples: NDArray[np.float32]) -> Rhythm:
    """The rhythm of a result, mono (n,) at 22,050 Hz, on beats that are known: those of the content it keeps."""
    return replace(beats, onsets=onset_strength(samples))


def chroma(samples: NDArray[np.float32], rate: int) -> Curve:
    """Amplitude of the twelve pitch classes (12, frames), 55 Hz to 2 kHz."""
    hz = np.fft.rfftfreq(FFT, 1 / rate)
    used = (hz > 55) & (hz < 2000)
    classes = np.rint(12 * np.log2(hz[used] / 440)).astype(int) % 12
    magnitude = np.abs(stft(samples, FFT, HOP))[used]
    return np.stack([magnitude[classes == pitch].sum(0) for pitch in range(12)]).astype(np.float64)


def chroma_cosine(first: NDArray[np.float32], second: NDArray[np.float32], rate: int = 22_050) -> float:
    """Mean over frames of the cosine of the pitch classes of two mono sounds."""
    a, b = chroma(first, rate), chroma(second, rate)
    frames = min(a.shape[1], b.shape[1])
    a, b = a[:, :frames], b[:, :frames]
    norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    heard = norms > 1e-6 * max(float(norms.max(initial=0.0)), 1e-12)
    return float(((a * b).sum(0)[heard] / norms[heard]).mean()) if heard.any() else 0.0


def pulse_correlation(first: Rhythm, second: Rhythm) -> float:
    """Correlation of the autocorrelations of onset strength in three bands at lags of a quarter to four beats."""
    return _correlation(_pulse(first), _pulse(second.at_octave(first.tempo)))


def bar_correlation(first: Rhythm, second: Rhythm) -> float:
    """Correlation of onset strength in three bands over the bar's sixteenths, at the best of four turns by a beat."""
    ours, theirs = bar_pattern(first), bar_pattern(second.at_octave(first.tempo))
    turns = range(0, STEPS, STEPS // BEATS_PER_BAR)
    return max(_correlation(ours, np.roll(theirs, turn, axis=1)) for turn in turns)


def bar_pattern(rhythm: Rhythm) -> Curve:
    """Mean onset strength of each band at each sixteenth of the bar (3, 16), each band without its mean."""
    times = np.arange(rhythm.onsets.shape[1]) / FRAMES_PER_SECOND
    step = np.rint(rhythm.position(times) * STEPS / BEATS_PER_BAR).astype(int) % STEPS
    count = np.maximum(np.bincount(step, minlength=STEPS), 1)
    pattern = np.stack([np.bincount(step, band, STEPS) / count for band in rhythm.onsets])
    return np.asarray(pattern - pattern.mean(1, keepdims=True))


def _pulse(rhythm: Rhythm) -> Curve:
    lags = np.rint(LAGS * 60 / rhythm.tempo * FRAMES_PER_SECOND).astype(int)
    rows = []
    for band in rhythm.onsets:
        centred = np.convolve(band - band.mean(), [0.25, 0.5, 0.25], "same")
        energy = max(float(centred @ centred), 1e-9)
        rows.append([float(centred[lag:] @ centred[:-lag]) / energy if lag < len(centred) else 0.0 for lag in lags])
    return np.array(rows)


def _correlation(a: Curve, b: Curve) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
