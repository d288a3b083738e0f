"""The style's own playing on the content's chords: beats of its tones, chosen, transposed and stretched.

For every beat of the content one of the style's is taken whose pitch classes, transposed, agree with it; staying in a
phrase of the style is preferred to leaping, and the same place in the bar to another. The cheapest chain is found by
dynamic programming (as AutoMashUpper weighs keys and beats: Davies et al., IEEE/ACM TASLP 22, 2014). What is heard
are stretches of the style recording itself, which fade into one another.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from partita.alterations import stretched
from partita.features import Array
from partita.rhythm import BEATS_PER_BAR, Rhythm
from partita.separation import frame_sizes, sections

Curve = NDArray[np.float64]
Chain = NDArray[np.int64]

LOWEST, HIGHEST = 80.0, 2000.0
"""Hz of the tones whose pitch classes are compared."""
SHIFTS = np.arange(-5, 7)
"""Semitones by which a beat of the style may be transposed."""
LEAP, ASTRAY, PER_SEMITONE = 0.06, 0.15, 0.012
"""What counts as so much less agreement (a cosine): leaving the phrase, standing elsewhere in the bar, a semitone."""
QUIET, PER_DECIBEL = 6.0, 0.03
"""A beat so many dB below the median is avoided, by this much for every dB more."""
FADE_SECONDS = 0.03


class Chords(NamedTuple):
    """A recording's rhythm, and the pitch classes of its tones (12, frames), frames as in `separation`."""

    rhythm: Rhythm
    classes: Array


def pitch_classes(tones: Array, rate: int) -> Array:
    """Amplitude of the twelve pitch classes of tones (channels, n): (12, frames), frames as in `separation`."""
    hz = np.fft.rfftfreq(frame_sizes(rate)[0], 1 / rate)
    used = (hz > LOWEST) & (hz < HIGHEST)
    member = np.rint(12 * np.log2(hz[used] / 440)).astype(int) % 12 == np.arange(12)[:, None]
    mono = tones.mean(0, keepdims=True)
    rows = [member @ np.abs(spectra[0][used][:, own]) for spectra, _, own in sections(mono, rate)]
    return np.concatenate(rows, axis=1).astype(np.float32)


def accompany(content: Chords, style: Chords, tones: Array, rate: int, frames: int) -> Array:
    """The style's `tones` (channels, n) on the content's beats and chords: (channels, frames).

    Silence where the style has not two beats.
    """
    ours, theirs = content.rhythm, style.rhythm.at_octave(content.rhythm.tempo)
    inside = np.flatnonzero((theirs.beats >= 0) & (theirs.beats <= tones.shape[1] / rate))
    made = np.zeros((len(tones), frames), np.float32)
    if len(inside) < 2:
        return made
    beats = theirs.beats[inside]
    wanted, _ = by_beat(content.classes, rate, ours.beats)
    there, loudness = by_beat(style.classes, rate, beats)
    counted = np.arange(len(wanted)) - ours.downbeat, inside[:-1] - theirs.downbeat
    chain, shifts = cheapest(wanted, there, loudness, (counted[0] - counted[1][:, None]) % BEATS_PER_BAR != 0)
    fade = round(FADE_SECONDS * rate)
    rise = np.sin(np.linspace(0, np.pi / 2, 2 * fade, dtype=np.float32))
    for first, last in phrases(chain, shifts):
        start, end = (round(float(ours.beats[beat]) * rate) for beat in (first, last))
        source = beats[chain[first]] * rate, beats[chain[last - 1] + 1] * rate
        part = _played(tones, rate, source, end - start, fade, int(shifts[first]))
        part[:, : 2 * fade] *= rise
        part[:, -2 * fade :] *= rise[::-1]
        skipped, kept = max(0, fade - start), min(frames, end + fade)
        if kept > start - fade + skipped:
            made[:, start - fade + skipped : kept] += part[:, skipped : kept - start + fade]
    return made


def by_beat(classes: Array, rate: int, beats: Curve) -> tuple[Curve, Curve]:
    """Pitch classes (12, frames) between each beat and the next: of length 1, or 0 (beats - 1, 12), and their size."""
    edges = np.clip(np.rint(beats * rate / frame_sizes(rate)[1]).astype(int), 0, classes.shape[1])
    sums = np.concatenate([np.zeros((12, 1)), np.cumsum(classes, axis=1, dtype=np.float64)], axis=1)
    means = ((sums[:, edges[1:]] - sums[:, edges[:-1]]) / np.maximum(edges[1:] - edges[:-1], 1)).T
    size = np.linalg.norm(means, axis=1)
    return means / np.maximum(size, 1e-9)[:, None], size


def cheapest(wanted: Curve, there: Curve, loudness: Curve, astray: NDArray[np.bool_]) -> tuple[Chain, Chain]:
    """Which beat of the style, and how many semitones higher, for every beat of the content: (n,) each.

    `wanted` (n, 12) and `there` (m, 12) are pitch classes, `loudness` (m,) sizes, `astray` (m, n) whether places in the
    bar differ.
    """
    turned = np.stack([np.roll(there, shift, axis=1) for shift in SHIFTS], axis=1)  # (m, shifts, 12)
    below = -20 * np.log10(np.maximum(loudness / max(float(np.median(loudness)), 1e-9), 1e-3))
    own = PER_SEMITONE * np.abs(SHIFTS) + PER_DECIBEL * np.clip(below - QUIET, 0, 20)[:, None]
    states = np.arange(own.size).reshape(own.shape)
    total, sources = np.zeros(own.shape), []
    for beat, chord in enumerate(wanted):
        gone_on = np.full(own.shape, np.inf)
        gone_on[1:] = total[:-1]
        leapt = float(total.min()) + LEAP
        sources.append(np.where(gone_on <= leapt, states - len(SHIFTS), int(total.argmin())).ravel())
        total = np.minimum(gone_on, leapt) + own + (1 - turned @ chord) + ASTRAY * astray[:, beat, None]
    chain = [int(total.argmin())]
    for source in sources[:0:-1]:
        chain.append(int(source[chain[-1]]))
    beats, shifts = np.divmod(np.array(chain[::-1]), len(SHIFTS))
    return beats, SHIFTS[shifts]


def phrases(chain: Chain, shifts: Chain) -> Iterator[tuple[int, int]]:
    """First beat, and the one after the last, of each stretch that goes on in the style at one transposition."""
    leaps = np.flatnonzero((np.diff(chain) != 1) | (np.diff(shifts) != 0)) + 1
    edges = [0, *leaps.tolist(), len(chain)]
    return pairwise(edges)


def _played(tones: Array, rate: int, source: tuple[float, float], frames: int, fade: int, semitones: int) -> Array:
    """Samples `source` of tones made `frames` long, with `fade` more on either side, so many semitones higher."""
    speed, pitch = (source[1] - source[0]) / max(frames, 1), 2 ** (semitones / 12)
    first, last = (round(edge) for edge in (source[0] - fade * speed, source[1] + fade * speed))
    before, after = max(0, -first), max(0, last - tones.shape[1])
    cut = np.pad(tones[:, max(0, first) : last], ((0, 0), (before, after)))
    size = frames + 2 * fade
    made = np.zeros((len(tones), size), np.float32)
    for channel, samples in zip(made, cut, strict=True):
        played = soxr.resample(stretched(samples, speed / pitch), rate * pitch, rate)[:size]
        channel[: len(played)] = played
    return made
