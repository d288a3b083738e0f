"""Measures of made sound: how near it is to real sound, how varied, whether it is copied, whether it is well.

Sets of sounds are compared by embeddings: rows (n, size), one for each, from any fixed network or `features.summary`.
Distances of one embedding never compare to those of another, and a distance by itself rewards copying: read it beside
what real sound has to real sound (`halves`), what noise has, and `copies`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partita.errors import UsageError
from partita.features import mel_spectrogram, power_to_db

Rows = NDArray[np.floating]
Samples = NDArray[np.float32]

BANDS, FFT, HOP = 64, 1024, 256
"""Of the log-mel spectrogram that rhythm, novelty, copies and seams are read from."""
SPAN = 80.0
"""Decibels below the loudest value that count as sound."""


def spectral_convergence(magnitude: Rows, reference: Rows) -> float:
    """Error of a magnitude spectrogram in dB of the reference's norm; lower is better, -inf where they are equal."""
    error, norm = np.linalg.norm(magnitude - reference), np.linalg.norm(reference)
    with np.errstate(divide="ignore"):
        return float(20 * np.log10(error / max(float(norm), 1e-12)))


def log_spectral_distance(magnitude: Rows, reference: Rows, span: float = SPAN) -> float:
    """Mean over frames of the root mean square difference of magnitudes (bins, frames) in dB.

    Both are cut off `span` dB below the loudest value of the reference, where a difference can't be heard.
    """
    loudest = max(float(reference.max(initial=0.0)), 1e-10)
    floor = loudest * 10 ** (-span / 20)
    difference = 20 * np.log10(np.maximum(magnitude, floor) / np.maximum(reference, floor))
    return float(np.sqrt((difference**2).mean(0)).mean())


def frechet_distance(rows: Rows, reference: Rows) -> float:
    """Squared Fréchet distance of the normal distributions of two sets of embeddings (n, size); 0 for equal ones.

    As in FID and FAD (Heusel et al., NeurIPS 2017; Kilgour et al., Interspeech 2019). It is biased upwards by small
    sets, so compare sets of equal size. Raises `UsageError` for fewer than two rows.
    """
    x, y = _checked(rows, reference)
    difference = x.mean(0) - y.mean(0)
    first, second = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    root = _root(first)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return max(0.0, float(difference @ difference + np.trace(first) + np.trace(second) - 2 * cross))


def kernel_distance(rows: Rows, reference: Rows, bandwidth: float | None = None) -> float:
    """Squared maximum mean discrepancy of two sets of embeddings (n, size), Gaussian kernel, without bias.

    Around 0 for sets of one distribution, and below it by chance; at most 2. `bandwidth` is the median distance within
    the reference by default, as in the kernel audio distance (Chung et al., arXiv:2502.15602). Raises `UsageError` for
    fewer than two rows.
    """
    x, y = _checked(rows, reference)
    within, between, own = _squares(y, y), _squares(x, y), _squares(x, x)
    if bandwidth is None:
        bandwidth = float(np.sqrt(np.median(within[np.triu_indices(len(y), 1)])))
    scale = 2 * max(bandwidth, 1e-12) ** 2

    def mean_of_others(squares: Rows) -> float:
        return float((np.exp(-squares / scale).sum() - len(squares)) / (len(squares) * (len(squares) - 1)))

    return mean_of_others(own) + mean_of_others(within) - 2 * float(np.exp(-between / scale).mean())


class Spread(NamedTuple):
    """Mean of a number over draws, and the range that holds 95 % of them."""

    mean: float
    low: float
    high: float


def halves(distance: Callable[[Rows, Rows], float], real: Rows, draws: int = 50, seed: int = 0) -> Spread:
    """What `distance` gives between random halves of real sound: no maker can be asked for less."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(real)) for _ in range(draws)]
    values = [distance(real[order[: len(real) // 2]], real[order[len(real) // 2 :]]) for order in orders]
    return Spread(float(np.mean(values)), *(float(v) for v in np.percentile(values, [2.5, 97.5])))


def nearest(rows: Rows, reference: Rows) -> NDArray[np.float64]:
    """Distance (n,) of each embedding to the nearest of the reference: near 0 where something was copied."""
    return np.asarray(np.sqrt(_squares(rows, reference).min(1)), np.float64)


class Diversity(NamedTuple):
    """Mean distance between two different outputs, and how many outputs are distinct."""

    pairwise: float
    distinct: int


def diversity(rows: Rows, least: float) -> Diversity:
    """How unlike one another outputs with these embeddings (n, size) are.

    An output counts as distinct if no other that was counted before lies nearer than `least`, say a tenth of the mean
    distance between real sounds.
    """
    distances = np.sqrt(_squares(rows, rows))
    kept: list[int] = []
    for place in range(len(rows)):
        if not kept or distances[place, kept].min() >= least:
            kept.append(place)
    pairs = distances[np.triu_indices(len(rows), 1)]
    return Diversity(float(pairs.mean()) if len(pairs) else 0.0, len(kept))


def log_mel(samples: Samples, rate: int) -> NDArray[np.float32]:
    """The picture (64 bands, frames) in dB that the measures below look at, cut 80 dB below its loudest value."""
    return power_to_db(mel_spectrogram(samples, rate, FFT, HOP, BANDS), span=SPAN)


def onset_strength(samples: Samples, rate: int) -> NDArray[np.float64]:
    """How much louder the bands get from frame to frame (frames - 1,), in dB."""
    return np.asarray(np.maximum(np.diff(log_mel(samples, rate), axis=1), 0).mean(0), np.float64)


def periodicity(samples: Samples, rate: int) -> float:
    """How regular the beat is, 0..1: the greatest autocorrelation of onset strength at 0.23 to 3 s.

    A steady drum loop has 0.5 and more, noise near 0. Sound too short for half a second of common time gives 0.
    """
    onsets = onset_strength(samples, rate)
    onsets = onsets - onsets.mean() if len(onsets) else onsets
    energy = float(onsets @ onsets)
    lags = range(round(0.23 * rate / HOP), min(round(3 * rate / HOP), len(onsets) - round(0.5 * rate / HOP)) + 1)
    if energy < 1e-9 or not lags:
        return 0.0
    padded = np.fft.rfft(onsets, 2 * len(onsets))
    correlation = np.fft.irfft(np.abs(padded) ** 2)[lags.start : lags.stop]
    return float(np.clip(correlation.max() / energy, 0, 1))


def temporal_novelty(samples: Samples, rate: int, seconds: float = 0.5) -> float:
    """How much each half second differs from whatever came before it, in dB: near 0 for sound that stands still.

    The mean over stretches of the root mean square difference to the most similar earlier one.
    """
    picture, width = log_mel(samples, rate), max(1, round(seconds * rate / HOP))
    count = picture.shape[1] // width
    if count < 2:
        return 0.0
    stretches = picture[:, : count * width].reshape(BANDS, count, width).transpose(1, 0, 2).reshape(count, -1)
    squares = _squares(stretches, stretches) / stretches.shape[1]
    return float(np.mean([np.sqrt(squares[place, :place].min()) for place in range(1, count)]))


STILL = 0.5
"""Decibels; what moves less over two seconds is nobody's, and is neither copied nor a copy."""


class Copy(NamedTuple):
    """The place of the training sound most like a stretch that was made, and how like it is, up to 1."""

    correlation: float
    work: str
    at: float
    """Seconds from the begin of the work."""
    made_at: float


SAME = 0.9
"""Correlation from which a stretch is a copy: 19 recordings put through Griffin-Lim have 0.95 to 1.0, unlike ones
up to 0.75."""


def copies(samples: Samples, rate: int, training: Mapping[str, Samples], seconds: float = 2.0) -> Copy | None:
    """The stretch of `seconds` of made sound that comes nearest to one of `training`; see `nearest_copies`."""
    return nearest_copies([samples], rate, training.items(), seconds)[0]


def nearest_copies(
    sounds: Sequence[Samples], rate: int, training: Iterable[tuple[str, Samples]], seconds: float = 2.0
) -> list[Copy | None]:
    """For each made sound that stretch of `seconds` which comes nearest to one of `training` (names and samples).

    Compared are log-mel spectrograms, since a copy that went through a spectrogram has other phases: correlation over
    all bands and frames, each band without its mean, at any offset. It counts as a copy from `SAME` on. None where the
    sound or all of training is shorter than that, or stands still. Training is gone through once.
    """
    width = round(seconds * rate / HOP)
    patches = [(number, start, patch) for number, s in enumerate(sounds) for start, patch in _stretches(s, rate, width)]
    best: list[Copy | None] = [None] * len(sounds)
    spectra: dict[int, NDArray[np.complexfloating]] = {}
    for work, sound in training:
        picture = log_mel(sound, rate)
        if picture.shape[1] < width or not patches:
            continue
        size = 1 << (picture.shape[1] + width).bit_length()
        if size not in spectra:  # frequencies first, so that all patches are compared in one product
            spectra[size] = np.stack([np.fft.rfft(patch, size).conj().T for _, _, patch in patches], 1)
        spectrum, norms = np.fft.rfft(picture, size).T, _window_norms(picture, width)
        products = np.fft.irfft((spectra[size] @ spectrum[:, :, None])[..., 0].T)[:, : len(norms)]
        still = norms < STILL * (BANDS * width) ** 0.5  # where next to nothing moves, rounding would decide
        correlations = np.where(still, 0.0, products / np.maximum(norms, 1e-9))
        for row, (number, start, _) in zip(correlations, patches, strict=True):
            place, known = int(row.argmax()), best[number]
            if known is None or row[place] > known.correlation:
                best[number] = Copy(float(row[place]), work, place * HOP / rate, start * HOP / rate)
    return best


def _stretches(samples: Samples, rate: int, width: int) -> Iterator[tuple[int, Rows]]:
    """Stretches of `width` frames, half overlapping, of norm 1 with each band's mean away, and where they start."""
    picture = log_mel(samples, rate)
    for start in range(0, picture.shape[1] - width + 1, max(1, width // 2)):
        patch = _without_mean(picture[:, start : start + width])
        norm = float(np.linalg.norm(patch))
        if norm > STILL * patch.size**0.5:
            yield start, patch / norm


SEAM = 2.0
"""Step across the seam that is heard: of 17 loops that musicians made 15 have 0.6 to 1.6, cut songs 4 and more."""


@dataclass(frozen=True)
class Health:
    """What may be wrong with a sound.

    `peak` of full scale; `offset`, its mean (DC); shares of samples at full scale (`clipped`) and of time more than
    60 dB below the loudest moment (`silent`); `movement` in dB, how much bands change in the course of it; `seam`, how
    big the step from the end back to the begin is, over the 95th percentile of the sound's own steps.
    """

    finite: bool
    peak: float
    offset: float
    clipped: float
    silent: float
    movement: float
    seam: float

    def faults(self, loop: bool = False) -> list[str]:
        """What is wrong, in words; nothing for a sound that is well. `loop` asks for a seam that can't be heard."""
        checks = {
            "holds values that are no numbers": not self.finite,
            f"clips: {self.clipped:.2%} of its samples, peak {self.peak:.2f}": self.clipped > 1e-4 or self.peak > 1,
            f"is off centre by {self.offset:+.4f}": abs(self.offset) > 1e-3,
            f"is silent for {self.silent:.0%} of its time": self.silent > 0.5,
            f"stands still: its bands change by {self.movement:.1f} dB": self.movement < 1.0 and self.silent < 1,
            f"has a seam {self.seam:.1f} times its own steps": loop and self.seam > SEAM,
        }
        return [words for words, wrong in checks.items() if wrong]


def health(samples: Samples, rate: int) -> Health:
    """Look over one sound, mono (n,) or channels (c, n)."""
    sound = np.atleast_2d(np.asarray(samples, np.float32))
    finite = bool(np.isfinite(sound).all())
    sound = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    if not sound.size or not sound.any():
        return Health(finite, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    mono = sound.mean(0)
    frames = mono[: len(mono) // HOP * HOP].reshape(-1, HOP) if len(mono) >= HOP else mono[None]
    power = (frames**2).mean(1)
    full = np.abs(sound) >= 0.999
    picture = log_mel(mono, rate)
    return Health(
        finite,
        peak=float(np.abs(sound).max()),
        offset=float(sound.mean(1)[np.abs(sound.mean(1)).argmax()]),
        clipped=float((full[:, 1:] & full[:, :-1]).mean()) if sound.shape[1] > 1 else 0.0,
        silent=float((power < power.max() * 1e-6).mean()),
        movement=_movement(picture, max(1, round(0.25 * rate / HOP))),
        seam=_seam(mono, rate),
    )


def _movement(picture: Rows, width: int) -> float:
    """Mean over bands of the deviation in time of quarter-second means: noise and hum have little."""
    count = picture.shape[1] // width
    if count < 2:
        return float(picture.std(1).mean())
    return float(picture[:, : count * width].reshape(len(picture), count, width).mean(2).std(1).mean())


def _seam(mono: Samples, rate: int) -> float:
    """The step of the log-mel spectrogram from the end round to the begin, over the 95th percentile of all steps."""
    around = log_mel(np.concatenate([mono[-2 * FFT :], mono[: 2 * FFT]]), rate)
    inner = np.sqrt((np.diff(log_mel(mono, rate)[:, 2:-2]) ** 2).mean(0))  # the ends look into the padding
    if len(inner) < 4:
        return 0.0
    middle = min(2 * FFT, len(mono)) // HOP
    steps = np.sqrt((np.diff(around) ** 2).mean(0))[middle - 2 : middle + 2]
    return float(steps.max() / max(float(np.percentile(inner, 95)), 1e-6))


def _without_mean(patch: Rows) -> Rows:
    return np.asarray(patch - patch.mean(1, keepdims=True))


def _window_norms(picture: Rows, width: int) -> NDArray[np.float64]:
    """Norms of all stretches of `width` frames, each band without its mean: (frames - width + 1,)."""
    padded = np.pad(np.asarray(picture, np.float64), ((0, 0), (1, 0)))
    sums, squares = padded.cumsum(1), (padded**2).cumsum(1)
    total, square = sums[:, width:] - sums[:, :-width], squares[:, width:] - squares[:, :-width]
    return np.asarray(np.sqrt(np.maximum((square - total**2 / width).sum(0), 0)), np.float64)


def _checked(rows: Rows, reference: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(rows, np.float64), np.asarray(reference, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise UsageError(f"wants two sets of two embeddings or more, of one size; got {x.shape} and {y.shape}")
    return x, y


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _squares(x: Rows, y: Rows) -> NDArray[np.float64]:
    """Squared distances (n, m) of rows (n, size) to rows (m, size)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T
    return np.asarray(np.maximum(squares, 0))
