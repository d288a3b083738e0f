"""Spectrograms in numpy: linear, mel, decibels, and the transforms of the GTZAN and FMA archives.

The conventions are librosa's defaults (periodic Hann window, frames centred on multiples of `hop`, zero padding at both
ends, Slaney mel filters) and the tests hold the values within 1e-3 dB of it. Frames are transformed in blocks of
float32, so memory stays near the size of the result.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FRAMES_PER_BLOCK = 64
"""Frames per FFT call: 64 windows of 2,048 float32 samples are 512 kB and stay in a core's cache."""


@lru_cache(maxsize=16)
def hann(size: int) -> Array:
    """Periodic Hann window (size,): one period of a raised cosine, without repeating its first sample."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def _frame_blocks(samples: Array, fft: int, hop: int, centred: bool = True) -> Iterator[NDArray[np.complexfloating]]:
    """Windowed FFTs of mono `samples` (n,): blocks of complex64 (frames, 1 + fft // 2).

    1 + n // hop frames in all, or ceil(n / hop) where they are not `centred` on multiples of `hop` but start there.
    """
    padded = np.pad(np.asarray(samples, np.float32), fft // 2 if centred else (0, fft - 1))
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft)[::hop]
    window = hann(fft)
    for i in range(0, len(frames), FRAMES_PER_BLOCK):
        yield np.fft.rfft(frames[i : i + FRAMES_PER_BLOCK] * window)


def spectrogram(samples: Array, fft: int = 2048, hop: int = 512, power: float = 2.0) -> Array:
    """Linear spectrogram |STFT|**power of mono `samples` (n,): float32 (1 + fft // 2 bins, 1 + n // hop frames).

    >>> spectrogram(np.zeros(22_050, np.float32)).shape
    (1025, 44)
    """
    blocks = []
    for transform in _frame_blocks(samples, fft, hop):
        energy = transform.real**2 + transform.imag**2  # cheaper than abs(), which takes a square root
        blocks.append((energy if power == 2 else energy ** (power / 2)).T)
    return np.concatenate(blocks, axis=1)


def stft(samples: Array, fft: int = 2048, hop: int = 512) -> NDArray[np.complex64]:
    """Short-time Fourier transform of mono `samples` (n,): complex64 (1 + fft // 2 bins, 1 + n // hop frames)."""
    return np.concatenate([*_frame_blocks(samples, fft, hop)]).astype(np.complex64, copy=False).T


def istft(spectra: NDArray[np.complexfloating], hop: int, length: int) -> Array:
    """The `length` samples whose `stft` is nearest to `spectra` (bins, frames): float32 (length,).

    Windowed frames are added where they overlap and divided by the sum of squared windows (Griffin and Lim, IEEE TASSP
    32, 1984), so an unaltered transform comes back as it was.
    """
    frames = spectra.T
    fft = 2 * (frames.shape[1] - 1)
    pieces = -(-fft // hop)  # a frame reaches over so many hops
    rows = np.zeros((max(len(frames), -(-(length + fft) // hop)) + pieces, hop), np.float32)
    window = np.zeros(pieces * hop, np.float32)
    window[:fft] = hann(fft)
    parts = np.zeros((FRAMES_PER_BLOCK, pieces * hop), np.float32)
    for i in range(0, len(frames), FRAMES_PER_BLOCK):
        block = parts[: len(frames) - i]
        block[:, :fft] = np.fft.irfft(frames[i : i + FRAMES_PER_BLOCK], fft)
        block *= window
        for piece in range(pieces):  # overlapping frames are added a hop at a time
            rows[i + piece : i + piece + len(block)] += block[:, piece * hop : (piece + 1) * hop]
    samples = rows.ravel()[fft // 2 : fft // 2 + length]
    return np.asarray(samples / _overlap(fft, hop, len(frames), length), np.float32)


@lru_cache(maxsize=4)
def _overlap(fft: int, hop: int, frames: int, length: int) -> Array:
    """The sum of squared windows at each of the `length` samples of so many frames centred on multiples of `hop`."""
    total = np.zeros(max(fft + hop * frames, length + fft), np.float32)
    for frame in range(frames):
        total[frame * hop : frame * hop + fft] += hann(fft) ** 2
    return np.maximum(total[fft // 2 : fft // 2 + length], np.float32(1e-3))


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: 66.7 Hz a mel up to 1 kHz, then 27 mels to every factor 6.4."""
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of `hz_to_mel`."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


@lru_cache(maxsize=16)
def mel_filters(rate: int, fft: int, mels: int, low: float = 0.0, high: float | None = None) -> Array:
    """Slaney mel filters: float32 (mels, 1 + fft // 2), triangles of unit area between `low` and `high` Hz."""
    high = rate / 2 if high is None else high
    centres = np.fft.rfftfreq(fft, 1 / rate)
    ends = hz_to_mel(np.array([low, high]))
    edges = mel_to_hz(np.linspace(ends[0], ends[1], mels + 2))
    rising = (centres - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - centres) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: Array = (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


@lru_cache(maxsize=16)
def htk_filters(rate: int, fft: int, mels: int, high: float) -> Array:
    """HTK's mel filters: float32 (mels, 1 + fft // 2), triangles of height 1 over mel = 1127 ln(1 + hz / 700).

    They reach from 0 to `high` Hz. So TensorFlow makes them; librosa's (htk=True, norm=None) are triangles over hertz,
    which differs by up to a hundredth.
    """
    places = 1127 * np.log1p(np.fft.rfftfreq(fft, 1 / rate) / 700)
    edges = np.linspace(0, 1127 * np.log1p(high / 700), mels + 2)
    rising, falling = places - edges[:-2, None], edges[2:, None] - places
    triangles: Array = (np.maximum(0, np.minimum(rising, falling)) / edges[1]).astype(np.float32)
    return triangles


@lru_cache(maxsize=16)
def _mel_groups(make_filters: Callable[..., Array], *form: float) -> list[tuple[Array, int, int]]:
    """The filters in groups of 8 neighbours, each with the range of bins that it looks at: (8, bins), first, last.

    Most of a filter is zeros. Products this small also stay below the size at which BLAS libraries start threads, which
    costs more than it gains here.
    """
    filters = make_filters(*form)
    groups = []
    for row in range(0, len(filters), 8):
        used = np.flatnonzero(filters[row : row + 8].any(0))
        first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        groups.append((np.ascontiguousarray(filters[row : row + 8, first:last]), first, last))
    return groups


def mel_spectrogram(samples: Array, rate: int, fft: int = 2048, hop: int = 512, mels: int = 128) -> Array:
    """Power mel spectrogram of mono `samples` (n,) at `rate` Hz: float32 (mels, 1 + n // hop)."""
    groups, blocks = _mel_groups(mel_filters, rate, fft, mels), []
    for transform in _frame_blocks(samples, fft, hop):
        power = (transform.real**2 + transform.imag**2).T
        blocks.append(np.concatenate([filters @ power[first:last] for filters, first, last in groups]))
    return np.concatenate(blocks, axis=1)


def magnitude_mel(samples: Array, rate: int, fft: int, hop: int, mels: int, high: float) -> Array:
    """Mel spectrogram of linear magnitudes as TensorFlow I/O makes it: float32 (mels, ceil(n / hop)).

    HTK's bands up to `high` Hz; frames start at multiples of `hop`, the last ones filled up with zeros.
    """
    groups, blocks = _mel_groups(htk_filters, rate, fft, mels, high), []
    for transform in _frame_blocks(samples, fft, hop, centred=False):
        magnitude = np.abs(transform).T
        blocks.append(np.concatenate([filters @ magnitude[first:last] for filters, first, last in groups]))
    return np.concatenate(blocks, axis=1)


def power_to_db(power: Array, reference: float | None = None, floor: float = 1e-10, span: float | None = 80.0) -> Array:
    """10 log10(power / reference) in dB, the maximum as reference by default, no value over `span` dB below the top.

    `floor` bounds power and reference from below, as librosa's `amin` does.
    """
    reference = float(power.max(initial=floor)) if reference is None else reference
    db = 10 * np.log10(np.maximum(floor, power)) - 10 * np.log10(max(floor, reference))
    if span is not None:
        db = np.maximum(db, db.max() - span)
    return np.asarray(db, np.float32)


GTZAN_RATE = 22_050
GTZAN_FRAMES_PER_COLUMN = 1293 / 387.5
"""The archive keeps 387 columns of a clip's 1,293 frames: every 3.34th, one each 77 ms."""
GTZAN_SECONDS_PER_COLUMN = GTZAN_FRAMES_PER_COLUMN * 512 / GTZAN_RATE

FMA_RATE = 44_100
FMA_SECONDS_PER_COLUMN = 30 / 128

WINDOW_SECONDS = 30
"""What one normalisation spans: a clip of either archive."""
SLACK_SECONDS = 0.5
"""Clips of the archives last 29.9 to 30.6 s and are normalised whole."""


def gtzan_levels(samples: Array, columns: int | None = None) -> NDArray[np.uint8]:
    """The GTZAN archive's transform of mono `samples` (n,) at 22,050 Hz: uint8 (128 mels low to high, columns).

    log-mel in dB below the loudest value, at most 80 dB down, stretched between its least and greatest value to 0..255;
    column j is frame floor((j + 0.5) * frames / (columns + 0.5)). A clip of 29.5 to 30.5 s gives the archive's 387
    columns; other lengths as many as keep 77 ms each. Silence gives zeros.
    """
    columns = columns or _archive_columns(samples, GTZAN_RATE, 387, GTZAN_SECONDS_PER_COLUMN)
    return np.ascontiguousarray(np.rint(_archive_levels(samples, GTZAN_RATE, columns)), np.uint8)


def fma_levels(samples: Array) -> NDArray[np.uint8]:
    """The FMA archive's transform of mono `samples` (n,) at 44,100 Hz: uint8 (64 bands low to high, columns).

    As `gtzan_levels`, at the tracks' own rate; then pairs of mels are averaged and 64 levels are left, 2, 6, ... 254.
    30 s give 128 columns, other lengths as many as keep 234 ms each. Silence gives zeros, which are no level.

    The archive comes without its sounds, so this is inferred from its values. Free recordings agree with it in how much
    neighbouring columns differ (20.4 levels, archive 20.3) and in the loudest level (241, 245) when columns are single
    frames; with averaged frames they do not (13, 229). Tracks of 48,000 Hz, some of the archive, reach 24 kHz there.
    """
    levels = _archive_levels(samples, FMA_RATE, _archive_columns(samples, FMA_RATE, 128, FMA_SECONDS_PER_COLUMN))
    pairs = levels.reshape(64, 2, -1).mean(1)
    return np.ascontiguousarray(pairs // 4 * 4 + 2 if levels.any() else pairs, np.uint8)


def _archive_columns(samples: Array, rate: int, whole: int, seconds_per_column: float) -> int:
    """How many columns keep their length: `whole` of them for a clip of 30 s, give or take the slack."""
    seconds = (1 + len(samples) // 512) * 512 / rate  # of the frames
    if abs(seconds - WINDOW_SECONDS) <= SLACK_SECONDS + 0.04:  # or a frame more
        return whole
    return max(1, round(seconds / seconds_per_column))


def _archive_levels(samples: Array, rate: int, columns: int) -> Array:
    """Levels 0..255 of 128 mels (128, columns) in frames picked evenly; what both archives have in common."""
    db = power_to_db(mel_spectrogram(samples, rate))
    frames = db.shape[1]
    picked = ((np.arange(columns) + 0.5) * frames / (columns + 0.5)).astype(int)
    least, greatest = float(db.min()), float(db.max())
    return np.asarray((db[:, picked] - least) * (255 / max(greatest - least, 1e-6)), np.float32)


def gtzan_windows(blocks: Iterable[Array]) -> Iterator[NDArray[np.uint8]]:
    """`gtzan_levels` of a recording of any length, given as mono blocks at 22,050 Hz; see `_archive_windows`."""
    return _archive_windows(blocks, GTZAN_RATE, GTZAN_SECONDS_PER_COLUMN, gtzan_levels)


def fma_windows(blocks: Iterable[Array]) -> Iterator[NDArray[np.uint8]]:
    """`fma_levels` of a recording of any length, given as mono blocks at 44,100 Hz; see `_archive_windows`."""
    return _archive_windows(blocks, FMA_RATE, FMA_SECONDS_PER_COLUMN, fma_levels)


def _archive_windows(
    blocks: Iterable[Array], rate: int, seconds_per_column: float, levels_of: Callable[[Array], NDArray[np.uint8]]
) -> Iterator[NDArray[np.uint8]]:
    """An archive's transform of a recording of any length, given as mono blocks, in flat memory.

    Each 30 s are normalised on their own, as the archives' clips are, and yielded as uint8 (bands, columns); a clip of
    up to half a second more is one window. What is left at the end is normalised together with the last 30 s, and its
    own columns are yielded: as a window where they last 15 s or more, else as a longer last window, since a second of
    sound by itself says little. The columns of all windows, laid end to end, cover the recording once. A window of
    digital silence comes as zeros.
    """
    size = WINDOW_SECONDS * rate
    held = np.zeros(0, np.float32)
    previous = np.zeros(0, np.float32)
    waiting: NDArray[np.uint8] | None = None
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) > size + SLACK_SECONDS * rate:
            if waiting is not None:
                yield waiting
            previous, held = held[:size], held[size:]
            waiting = levels_of(previous)
    if waiting is None:
        if len(held):
            yield levels_of(held)
        return
    whole = waiting.shape[1]
    remaining = min(whole, round(len(held) / rate / seconds_per_column))
    rest = levels_of(np.concatenate([previous, held])[-size:])[:, whole - remaining :]
    if remaining * seconds_per_column < WINDOW_SECONDS / 2:
        yield np.concatenate([waiting, rest], axis=1)
    else:
        yield waiting
        yield rest


@lru_cache(maxsize=4)
def dct_matrix(size: int, count: int) -> Array:
    """The first `count` rows of the orthonormal DCT-II of length `size`: turns log-mel into cepstra."""
    rows = np.cos(np.pi / size * np.arange(count)[:, None] * (np.arange(size) + 0.5)) * np.sqrt(2 / size)
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float32)


SUMMARY_GROUPS = {
    "cepstra": 24,
    "movement": 24,
    "skewness": 24,
    "fine structure": 10,
    "change": 64,
    "ripple": 31,
    "harmonic": 16,
    "modulation": 90,
    "pulse": 8,
}
"""What `summary` holds, in order, with the number of statistics in each group."""

SUMMARY_SIZE = sum(SUMMARY_GROUPS.values())
SUMMARY_COLUMNS = 32
"""The fewest columns that are summarised; shorter ones are repeated."""


def summary(levels: NDArray[np.uint8] | Array) -> Array:
    """What a stretch of log-mel sounds like on the whole: float32 (291,) from levels 0..255 (128 mels, columns).

    Mean, log deviation and skewness of 24 cepstra; log deviation of higher cepstra, where pitch shows; log deviation
    of the change of 16 cepstra over 2, 4, 8 and 16 columns; ripple along frequency; how much more a band's neighbours
    in time resemble it than those in frequency (tones against beats); power of two-dimensional modulation, in time and
    frequency, of three ranges of bands; and how peaked the spectrum of onsets is (a steady pulse against none).
    """
    x = np.asarray(levels, np.float32) * np.float32(80 / 255)  # dB
    if x.shape[1] < SUMMARY_COLUMNS:
        x = np.tile(x, (1, -(-SUMMARY_COLUMNS // x.shape[1])))
    columns = x.shape[1]
    # in pieces: the whole product would make BLAS start threads, which costs ten times what it gains
    cepstra = np.concatenate([rows @ x for rows in np.split(dct_matrix(128, 64), 4)])
    low = cepstra[:24]
    centred = low - low.mean(1, keepdims=True)
    deviation = centred.std(1) + 1e-3
    change = [(cepstra[:16, lag:] - cepstra[:16, : columns - lag]).std(1) for lag in (2, 4, 8, 16)]
    unlike_in_time = np.abs(x - _running_mean(x)).reshape(16, 8 * columns).mean(1)
    unlike_in_frequency = np.abs(x - _running_mean(x.T).T).reshape(16, 8 * columns).mean(1)
    groups = [
        low.mean(1),
        np.log(deviation),
        np.clip((centred**3).mean(1) / deviation**3, -3, 3),
        np.log(cepstra[24:].reshape(10, 4 * columns).std(1) + 0.1),
        np.log(np.concatenate(change) + 1e-3),
        np.log(np.abs(np.diff(x, axis=0)).mean(1)[:124].reshape(31, 4).mean(1) + 0.1),
        np.log((unlike_in_frequency + 0.1) / (unlike_in_time + 0.1)),
        _modulation(x),
        _pulse(x),
    ]
    return np.concatenate(groups).astype(np.float32)


def _running_mean(x: Array, width: int = 9) -> Array:
    """Mean over `width` neighbours along the last axis, mirrored at the ends; the same shape."""
    padded = np.pad(x, ((0, 0), (width // 2 + 1, width // 2)), "symmetric")
    sums = padded.cumsum(1, dtype=np.float64)
    return np.asarray((sums[:, width:] - sums[:, :-width]) / width, np.float32)


def _modulation(x: Array) -> Array:
    """Log power of modulation (90,) of x in dB (128, columns): 3 ranges of 48 bands, 5 scales of frequency, 6 rates."""
    columns, height = x.shape[1], 48
    rates = np.round(np.geomspace(2, max(columns // 2, 14), 7)).astype(int)
    scales = (0, 1, 2, 5, 12, 23)
    window = np.hanning(height)[:, None] * np.hanning(columns)
    powers = []
    for first in (0, 40, 80):
        bands = x[first : first + height]
        power = np.abs(np.fft.fft2((bands - bands.mean(1, keepdims=True)) * window)) ** 2
        folded = power[:24] + np.vstack([power[:1], power[:-24:-1]])  # upward and downward sweeps together
        powers += [folded[a:b, c:d].mean() for a, b in pairwise(scales) for c, d in pairwise(rates)]
    return np.asarray(np.log(np.array(powers) / (height * columns) + 0.01), np.float32)


def _pulse(x: Array) -> Array:
    """How peaked the spectrum of onsets is (8,): its 1st, 3rd, 6th and 12th largest share, of low and of high bands."""
    onsets = np.maximum(np.diff(x, axis=1), 0).reshape(2, 64, -1).mean(1)
    onsets = (onsets - onsets.mean(1, keepdims=True)) * np.hanning(onsets.shape[1])
    spectrum = np.abs(np.fft.rfft(onsets, 256, axis=1))[:, 10:]
    shares = np.sort(spectrum / (spectrum.sum(1, keepdims=True) + 1e-6), axis=1)
    return np.asarray(np.log(shares[:, [-1, -3, -6, -12]].ravel() + 1e-6), np.float32)
