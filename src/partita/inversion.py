"""From magnitudes back to sound: phases by the gradient of the magnitude, then fast Griffin-Lim.

A magnitude spectrogram says how loud every frequency is at every moment, and its own slope says how the phases move:
along time by the slope in frequency, along frequency by the slope in time (Prusa, Balazs and Sondergaard, IEEE/ACM
TASLP 25, 2017). Those phases are a start that Griffin and Lim's iteration with momentum (Perraudin, Balazs and
Sondergaard, WASPAA 2013) makes consistent. An edited recording has a better one where the edit is slight: its own.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from partita.errors import UsageError
from partita.features import Array, istft, mel_filters, stft

Start = Literal["auto", "gradient", "content", "random"]
Spectra = NDArray[np.complex64]

MOMENTUM = 0.99
HANN_RATIO = 0.25645
"""Time-frequency ratio of the Gaussian nearest to a Hann window, in squared window lengths (Prusa et al.)."""
FAINTEST = 1e-8
"""Of the greatest magnitude: below it slopes say nothing any more."""


def invert(
    magnitude: Array,
    hop: int,
    *,
    phase: Start = "auto",
    content: NDArray[np.complexfloating] | None = None,
    iterations: int = 64,
    length: int | None = None,
    seed: int = 0,
) -> Array:
    """Samples whose `stft` has this `magnitude` (..., bins, frames), as near as may be: float32 (..., length).

    Frames are Hann windows of 2 (bins - 1) samples centred on multiples of `hop`. `content` is the complex spectrogram
    that was edited, if there is one. `phase` is what to start from: the phases of the content, those of the magnitude's
    gradient, or random ones drawn from `seed`; "auto" takes the content's or the gradient's, whichever is nearer to a
    sound. Channels are inverted one by one. Raises `UsageError` where shapes or values make no spectrogram.
    """
    magnitude = np.asarray(magnitude, np.float32)
    if magnitude.ndim < 2 or magnitude.shape[-2] < 2 or not magnitude.shape[-1] or iterations < 0:
        raise UsageError(f"wants magnitudes (..., bins, frames) and iterations from 0 up, not {magnitude.shape}")
    fft = 2 * (magnitude.shape[-2] - 1)
    if not 0 < hop <= fft // 2:
        raise UsageError(f"a hop of {hop} samples leaves gaps between windows of {fft}; at most {fft // 2}")
    if not (np.isfinite(magnitude).all() and (magnitude >= 0).all()):
        raise UsageError("magnitudes are finite and not negative; pass them, neither decibels nor complex values")
    if content is not None and content.shape != magnitude.shape:
        raise UsageError(f"the content has the shape {content.shape}, its edited magnitude {magnitude.shape}")
    if phase == "content" and content is None:
        raise UsageError("phase='content' wants the content's complex spectrogram")
    length = hop * (magnitude.shape[-1] - 1) if length is None else length
    channels = magnitude.reshape(-1, *magnitude.shape[-2:])
    contents = [None] * len(channels) if content is None else content.reshape(channels.shape)
    sounds = []
    for channel, own in zip(channels, contents, strict=True):
        started = _start(channel, hop, phase, own, length, seed)
        sounds.append(griffin_lim(channel, started, hop, iterations, length))
    return np.stack(sounds).reshape(*magnitude.shape[:-2], length)


def griffin_lim(magnitude: Array, spectra: Spectra, hop: int, iterations: int, length: int) -> Array:
    """Fast Griffin-Lim from `spectra` (bins, frames), which have this magnitude: float32 (length,).

    Each round makes a sound, hears its spectrogram, goes on a little in the direction of the change, and puts the
    wanted magnitude back.
    """
    momentum = np.float32(MOMENTUM / (1 + MOMENTUM))
    fft = 2 * (len(magnitude) - 1)
    before: Spectra | None = None
    for _ in range(iterations):
        heard = stft(istft(spectra, hop, length), fft, hop)[:, : magnitude.shape[1]]
        if heard.shape != magnitude.shape:  # more frames than the length holds
            heard = np.pad(heard, ((0, 0), (0, magnitude.shape[1] - heard.shape[1])))
        spectra = heard if before is None else heard - momentum * before
        spectra = with_magnitude(spectra, magnitude)
        before = heard
    return istft(spectra, hop, length)


def with_magnitude(spectra: NDArray[np.complexfloating], magnitude: Array) -> Spectra:
    """The phases of `spectra` with another `magnitude`, both (bins, frames)."""
    power = spectra.real**2 + spectra.imag**2
    return np.asarray(spectra * (magnitude / np.sqrt(np.maximum(power, np.float32(1e-30)))), np.complex64)


def spectral_convergence(samples: Array, magnitude: Array, hop: int) -> float:
    """How far the spectrogram of `samples` is from the magnitude (bins, frames) wanted, relative to it, in dB."""
    heard = np.abs(stft(samples, 2 * (len(magnitude) - 1), hop))[:, : magnitude.shape[1]]
    missing = float(np.linalg.norm(heard - magnitude[:, : heard.shape[1]]))
    return float(20 * np.log10(max(missing, 1e-12) / max(float(np.linalg.norm(magnitude)), 1e-12)))


def gradient_phase(magnitude: Array, hop: int) -> NDArray[np.float64]:
    """Phases (bins, frames) in radians from the slopes of the log magnitude (bins, frames), frame by frame.

    The integration follows the loudest path, as a heap would order it (real-time PGHI: Prusa and Sondergaard, DAFx
    2016): every bin takes its phase from that bin of the frame before from which the faintest cell on the way is
    loudest. Which one that is depends on magnitudes alone, so one sweep up and one down the bins find it for all frames
    at once, and no heap is needed.
    """
    bins, frames = magnitude.shape
    fft = 2 * (bins - 1)
    ratio = HANN_RATIO * fft**2
    log = np.log(np.maximum(magnitude, max(FAINTEST * float(magnitude.max()), 1e-30)).astype(np.float64))
    by_bin = np.gradient(log, axis=0)
    by_frame = np.gradient(log, axis=1) if frames > 1 else np.zeros_like(log)
    along_time = (2 * np.pi * hop / fft) * np.arange(bins)[:, None] + (hop * fft / ratio) * by_bin
    along_bins = -ratio / (hop * fft) * by_frame - np.pi  # windows start half a window before their centre
    risen = np.zeros((bins, frames))  # from bin 0, by trapezoids
    risen[1:] = np.cumsum((along_bins[1:] + along_bins[:-1]) / 2, axis=0)
    phase = np.empty((frames, bins))
    phase[0] = risen[:, 0]
    if frames > 1:
        source = _sources(magnitude)
        step = (along_time[:, 1:] + along_time[:, :-1]) / 2
        turned = np.take_along_axis(step, source, 0) + risen[:, 1:] - np.take_along_axis(risen[:, 1:], source, 0)
        for frame, (came_from, by) in enumerate(zip(source.T, turned.T, strict=True), 1):
            phase[frame] = phase[frame - 1][came_from] + by
    return phase.T


def _sources(magnitude: Array) -> NDArray[np.intp]:
    """For each cell from the second frame on the bin of the frame before that its phase comes from."""
    before, now = magnitude[:, :-1], magnitude[:, 1:]
    loudness, source = [], []
    for order in (slice(None), slice(None, None, -1)):  # from below, then from above
        reached = before[order].copy()
        origin = np.broadcast_to(np.arange(len(before))[order, None], before.shape).copy()
        on_the_way = now[order]
        for place in range(1, len(before)):
            through = np.minimum(reached[place - 1], on_the_way[place - 1])
            better = through > reached[place]
            reached[place] = np.where(better, through, reached[place])
            origin[place] = np.where(better, origin[place - 1], origin[place])
        loudness.append(reached[order])
        source.append(origin[order])
    return np.where(loudness[0] >= loudness[1], source[0], source[1])


def linear_from_mel(mel: Array, rate: int, fft: int, iterations: int = 60) -> Array:
    """A linear magnitude (1 + fft // 2, frames) whose Slaney mel bands are `mel` (mels, frames), nowhere negative."""
    return linear_from_bands(mel, mel_filters(rate, fft, len(mel)), iterations)


def linear_from_bands(bands: Array, filters: Array, iterations: int = 60) -> Array:
    """A linear magnitude (bins, frames), nowhere negative, of which `filters` (bands, bins) make `bands`.

    From the least-squares answer with what is negative cut off, by multiplicative updates (Lee and Seung, NIPS 2000).
    """
    bands = np.asarray(bands, np.float32)
    floor = np.float32(1e-6 * max(float(bands.max(initial=0.0)), 1e-9))
    linear = np.maximum(np.linalg.pinv(filters) @ bands, floor)
    wanted = filters.T @ bands
    for _ in range(iterations):
        linear *= wanted / np.maximum(filters.T @ (filters @ linear), np.float32(1e-20))
    return np.asarray(linear, np.float32)


def _start(
    magnitude: Array, hop: int, phase: Start, content: NDArray[np.complexfloating] | None, length: int, seed: int
) -> Spectra:
    """The spectra (bins, frames) that the iteration starts from."""
    if phase == "random":
        turn = np.random.default_rng(seed).uniform(-np.pi, np.pi, magnitude.shape)
        return np.asarray(magnitude * np.exp(1j * turn), np.complex64)
    if content is not None and phase == "content":
        return with_magnitude(content, magnitude)
    gradient = np.asarray(magnitude * np.exp(1j * gradient_phase(magnitude, hop)), np.complex64)
    if content is None or phase == "gradient":
        return gradient
    starts = [with_magnitude(content, magnitude), gradient]
    return min(starts, key=lambda spectra: spectral_convergence(istft(spectra, hop, length), magnitude, hop))
