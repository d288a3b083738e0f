"""Tones apart from beats: harmonic-percussive separation by median filters (Fitzgerald, DAFx 2010).

In a spectrogram a tone is a line along time and a beat a line along frequency. The median over neighbours in time keeps
the first and loses the second, the median over neighbours in frequency the other way round; their shares of the power
divide every cell (Driedger, Müller and Disch, ISMIR 2014, with soft masks).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from partita.features import FRAMES_PER_BLOCK, Array, istft, stft

Spectra = NDArray[np.complexfloating]

WINDOW_SECONDS = 0.093
"""2,048 samples at 22,050 Hz; other rates take the power of two next to it."""
ALONG_TIME = 17
ALONG_FREQUENCY = 31
"""Cells that each median spans: 0.4 s and 330 Hz, so that tones of 0.2 s and more count as tones."""
SECTION_FRAMES = 1024
"""Frames transformed at once, about 24 s, so that memory does not grow with a recording's length."""


def frame_sizes(rate: int) -> tuple[int, int]:
    """Window and hop in samples at `rate` Hz: a power of two, and a quarter of it.

    >>> frame_sizes(22_050), frame_sizes(44_100)
    ((2048, 512), (4096, 1024))
    """
    fft = 1 << max(6, round(float(np.log2(WINDOW_SECONDS * rate))))
    return fft, fft // 4


def sections(samples: Array, rate: int, context: int = 0) -> Iterator[tuple[Spectra, int, slice]]:
    """The spectrogram of `samples` (channels, n) in sections of 24 s with `context` frames and more on either side.

    Yields complex spectra (channels, bins, frames), the number of their first frame in the recording, and which of
    their frames belong to the section itself.
    """
    fft, hop = frame_sizes(rate)
    frames, margin = 1 + samples.shape[1] // hop, context + fft // hop
    for start in range(0, frames, SECTION_FRAMES):
        first, end = max(0, start - margin), min(start + SECTION_FRAMES, frames)
        part = samples[:, first * hop : (end + margin) * hop]
        yield np.stack([stft(channel, fft, hop) for channel in part]), first, slice(start - first, end - first)


def edited(samples: Array, rate: int, edit: Callable[[Spectra, int], Spectra], context: int = 0) -> Array:
    """`samples` (channels, n) after an edit of their spectrograms, section by section: float32 (channels, n).

    `edit` takes complex spectra (channels, bins, frames) with the number of their first frame in the recording, and
    gives them back changed. Where it looks no more than `context` frames around, sections leave no trace.
    """
    _, hop = frame_sizes(rate)
    made = np.empty(samples.shape, np.float32)
    for spectra, first, own in sections(samples, rate, context):
        start, end = (first + own.start) * hop, min((first + own.stop) * hop, samples.shape[1])
        for channel, changed in enumerate(edit(spectra, first)):
            made[channel, start:end] = istft(changed, hop, end - first * hop)[own.start * hop :]
    return made


def separate(samples: Array, rate: int) -> tuple[Array, Array]:
    """The harmonic and the percussive part of `samples` (channels, n); together they are the samples again.

    All channels share one mask, so that nothing moves between them.
    """

    def keep_tones(spectra: Spectra, first: int) -> Spectra:
        power = (spectra.real**2 + spectra.imag**2).mean(0)
        return spectra * harmonic_mask(np.sqrt(power))

    harmonic = edited(samples, rate, keep_tones, context=ALONG_TIME)
    return harmonic, samples - harmonic


def harmonic_mask(magnitude: Array) -> Array:
    """The share 0..1 of each cell of a magnitude (bins, frames) that belongs to tones; half where it is silent."""
    tones = running_median(magnitude, ALONG_TIME) ** 2
    beats = running_median(magnitude.T, ALONG_FREQUENCY).T ** 2
    faintest = np.float32(1e-20)
    return np.asarray((tones + faintest) / (tones + beats + 2 * faintest), np.float32)


def running_median(values: Array, width: int) -> Array:
    """Median over `width` (odd) neighbours along the last axis of (m, n), mirrored at the ends; the same shape."""
    half = width // 2
    padded = np.pad(values, ((0, 0), (half, half)), "symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    blocks = [
        np.partition(windows[i : i + FRAMES_PER_BLOCK], half, axis=-1)[..., half]
        for i in range(0, len(values), FRAMES_PER_BLOCK)
    ]
    return np.concatenate(blocks)
