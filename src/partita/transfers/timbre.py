"""The style's timbre on the content's tones: levels of bands, their course over a bar, and a mosaic of its sounds.

All of it is a gain for each cell of the content's spectrogram, so that its phases stay and nothing has to be inverted.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from partita.features import Array, mel_filters
from partita.rhythm import BEATS_PER_BAR
from partita.separation import frame_sizes, sections

Curve = NDArray[np.float64]

BANDS = 48
STEPS = 16
"""Sixteenths of a bar."""
GROUPS = 6
"""Groups of eight bands whose level is followed over the bar."""
SPAN = 60.0
"""Decibels below the loudest cell of a recording's bands that count as sound."""
MOST_GAIN, MOST_CUT = 20.0, 20.0
"""Decibels that a band's level is changed by at most; a course over the bar by half as much."""
SHIFTS = range(-3, 4)
"""Semitones by which the style's sounds may be transposed in the mosaic."""
SOUNDS = 64
VOICES = 6
"""Sounds taken from the style, and how many of them may be heard at once."""
ROUNDS = 10


@dataclass(frozen=True, eq=False)
class Timbre:
    """Levels in dB: `mean` and `deviation` (48 bands) of the tones, `bar` (6 groups, 16 steps) around their mean."""

    mean: Curve
    deviation: Curve
    bar: Curve


def band_weights(rate: int) -> Array:
    """How a level of each band makes that of each bin: (48, bins), every column's sum is 1."""
    return _band_weights(rate, frame_sizes(rate)[0])


@lru_cache(maxsize=8)
def _band_weights(rate: int, fft: int) -> Array:
    filters = mel_filters(rate, fft, BANDS).copy()
    filters /= np.maximum(filters.max(1, keepdims=True), 1e-12)
    used = np.flatnonzero(filters.sum(0) > 1e-6)
    filters[:, : used[0]], filters[:, used[-1] + 1 :] = filters[:, used[:1]], filters[:, used[-1:]]
    filters[:, filters.sum(0) <= 1e-6] = 1 / BANDS
    return np.asarray(filters / filters.sum(0), np.float32)


def band_power(magnitude: Array, rate: int) -> Array:
    """Mean power (48, frames) of the bins of each band, from a magnitude (bins, frames)."""
    weights = band_weights(rate)
    return np.asarray((weights @ magnitude**2) / weights.sum(1)[:, None], np.float32)


def powers(samples: Array, rate: int) -> Array:
    """Power (48 bands, frames) of the mean of channels, for a recording of any length."""
    mono = samples.mean(0, keepdims=True)
    return np.concatenate([band_power(np.abs(s[0])[:, own], rate) for s, _, own in sections(mono, rate)], axis=1)


def levels(power: Array, loudest: float | None = None) -> Array:
    """Power in dB, nothing more than 60 dB below the loudest value."""
    top = float(power.max(initial=0.0)) if loudest is None else loudest
    floor = max(top, 1e-10) * 10 ** (-SPAN / 10)
    return np.asarray(10 * np.log10(np.maximum(power, floor)), np.float32)


def long_term(power: Array) -> Array:
    """Levels in dB (48, 1) of the mean over time of power (48, frames)."""
    return levels(power.mean(1, keepdims=True))


def describe(power: Array, positions: Curve) -> Timbre:
    """The timbre of tones with this power (48, frames); `positions` are beats since the bar's begin of each frame."""
    db = levels(power)
    heard = db.max(0) > db.max() - 40  # pauses say nothing of the timbre
    sound = db[:, heard] if heard.any() else db
    groups = db.reshape(GROUPS, -1, db.shape[1]).mean(1)
    step = np.minimum((positions * STEPS / BEATS_PER_BAR).astype(int), STEPS - 1)
    course = np.stack([groups[:, step == s].mean(1) if (step == s).any() else groups.mean(1) for s in range(STEPS)], 1)
    return Timbre(
        np.asarray(sound.mean(1), np.float64),
        np.asarray(np.maximum(sound.std(1), 1.0), np.float64),
        np.asarray(course - course.mean(1, keepdims=True), np.float64),
    )


def band_gain(db: Array, content: Timbre, style: Timbre) -> Array:
    """Decibels (48, frames) that give the content's bands (48, frames, in dB) the style's mean and deviation."""
    spread = np.clip(style.deviation / content.deviation, 0.5, 2.0)
    wanted = (db - content.mean[:, None]) * spread[:, None] + style.mean[:, None]
    return np.asarray(np.clip(wanted - db, -MOST_CUT, MOST_GAIN), np.float32)


def bar_gain(content: Timbre, style: Timbre, ours: Curve, theirs: Curve) -> Array:
    """Decibels (48, frames) that give the content the style's course over the bar.

    `ours` and `theirs` (frames,) are the beats since the bar's begin in either.
    """
    gain = [_course(t, theirs) - _course(o, ours) for t, o in zip(style.bar, content.bar, strict=True)]
    return np.repeat(np.clip(gain, -MOST_CUT / 2, MOST_GAIN / 2), BANDS // GROUPS, axis=0).astype(np.float32)


def _course(values: Curve, positions: Curve) -> Curve:
    """Values of the bar's sixteenths (16,), which stand for their middles, at positions in beats."""
    place = positions * STEPS / BEATS_PER_BAR - 0.5
    return np.asarray(np.interp(place, np.arange(STEPS), values, period=STEPS))


class Mosaic:
    """A recording's sounds, transposed, as a dictionary that others are put together of.

    Driedger, Prätzlich and Müller (ISMIR 2015): activations by multiplicative updates that lower the Kullback-Leibler
    divergence, while all but the strongest voices of every frame are faded out. They are found on a scale of quarter
    tones, where transposing is shifting, and applied to whole spectra.
    """

    def __init__(self, harmonic: Array, rate: int, rng: np.random.Generator) -> None:
        self.scale = _quarter_tones(rate, frame_sizes(rate)[0])
        mono = harmonic.mean(0, keepdims=True)
        magnitude = np.concatenate([np.abs(s[0])[:, own] for s, _, own in sections(mono, rate)], axis=1)
        power = (magnitude**2).sum(0)
        loud = np.flatnonzero(power > power.max() * 1e-3)
        chosen = np.sort(rng.choice(loud, min(SOUNDS, len(loud)), replace=False))
        bins = np.arange(len(magnitude))
        shifted = [
            np.stack([np.interp(bins / 2 ** (shift / 12), bins, magnitude[:, frame], right=0.0) for frame in chosen], 1)
            for shift in SHIFTS
        ]
        sounds = np.concatenate(shifted, axis=1)
        self.sounds = np.asarray(sounds / np.maximum((self.scale @ sounds).sum(0), 1e-9), np.float32)
        self.coarse = np.asarray(self.scale @ self.sounds, np.float32)

    def render(self, magnitude: Array) -> Array:
        """The magnitude (bins, frames) made of the dictionary's sounds, each frame as loud as it was."""
        wanted = self.scale @ magnitude + np.float32(1e-9)
        active = np.tile(wanted.sum(0) / self.coarse.shape[1], (self.coarse.shape[1], 1)).astype(np.float32)
        for turn in range(ROUNDS):
            active *= self.coarse.T @ (wanted / (self.coarse @ active + np.float32(1e-9)))
            if len(active) > VOICES:
                least = np.partition(active, len(active) - VOICES, axis=0)[len(active) - VOICES]
                active *= np.where(active < least, np.float32(1 - (turn + 1) / ROUNDS), np.float32(1))
        made = self.sounds @ active
        loudness = np.sqrt((magnitude**2).sum(0) / np.maximum((made**2).sum(0), 1e-20))
        return np.asarray(made * loudness, np.float32)


@lru_cache(maxsize=8)
def _quarter_tones(rate: int, fft: int) -> Array:
    """Triangles a quarter tone apart from 65 Hz to 8 kHz, at least a bin wide: (tones, 1 + fft // 2)."""
    hz = np.fft.rfftfreq(fft, 1 / rate)
    centres = 65.4 * 2 ** (np.arange(int(24 * np.log2(min(8000, 0.45 * rate) / 65.4))) / 24)
    width = np.maximum(centres * (2 ** (1 / 24) - 1), rate / fft)
    return np.maximum(0, 1 - np.abs(hz - centres[:, None]) / width[:, None]).astype(np.float32)


def mosaic_gain(magnitude: Array, mosaic: Array, share: float) -> Array:
    """Factors that blend a magnitude with its mosaic (bins, frames), geometrically, by a share 0..1."""
    faintest = np.float32(1e-4) * np.maximum(magnitude.max(0), np.float32(1e-9))
    ratio = np.maximum(mosaic, faintest) / np.maximum(magnitude, faintest)
    return np.asarray(np.clip(ratio, 1 / 30, 10) ** share, np.float32)
