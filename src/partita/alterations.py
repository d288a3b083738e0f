"""Changes of a recording that leave its genre as it was: whoever listens to music answers the same after them.

After Sturm (IEEE Transactions on Multimedia 16, 2014), who tells with such changes whether a classifier is a horse,
that is, right for a wrong reason. Each is made of the sound; those that can be said of a log-mel spectrogram are also
made of rows of the GTZAN archive. What is random is drawn from the recording's content, so it is the same every time.
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partita.audio import Audio
from partita.features import GTZAN_RATE, hann, hz_to_mel, mel_filters, mel_to_hz

if TYPE_CHECKING:
    import av

Array = NDArray[np.float32]
Levels = NDArray[np.uint8]
Column = NDArray[np.float64]

FFT, HOP = 2048, 512
BANDS = 128
SPAN = 80.0
"""dB between a row's least and greatest level, as the archive's transform has it for all but the flattest clips."""
EQUALISER_DB = 3.0
BIT_RATE = 64_000


@dataclass(frozen=True)
class Alteration:
    """`sound` alters audio, `picture` the levels (128, columns) of a row of the GTZAN archive.

    `picture` is None where a row can't show it, and then `why`.
    """

    words: str
    sound: Callable[[Audio], Audio]
    picture: Callable[[Levels], Levels] | None
    why: str = ""


# of sound ------------------------------------------------------------------------------------------------------------


def louder(audio: Audio, db: float) -> Audio:
    """Every sample times a factor; nothing is clipped."""
    return replace(audio, samples=audio.samples * np.float32(10 ** (db / 20)))


def filtered(audio: Audio, gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Audio:
    """A zero-phase filter: `gain` gives the factor at each frequency in Hz."""
    frames = audio.samples.shape[1]
    factors = gain(np.asarray(np.fft.rfftfreq(frames, 1 / audio.rate), np.float64)).astype(np.float32)
    rows = [np.fft.irfft(np.fft.rfft(channel) * factors, frames) for channel in audio.samples]
    return replace(audio, samples=np.array(rows, np.float32))


def stretched(samples: Array, speed: float) -> Array:
    """Mono samples (n,) at another tempo and the same pitch: about n / speed samples, by a phase vocoder.

    Between the two frames around each moment the magnitude is interpolated. The phase of a peak goes on by as much as
    it went on between them (Flanagan and Golden, Bell System Technical Journal 45, 1966); the bins around it keep their
    phase beside it, which keeps level and attacks (Laroche and Dolson, IEEE TSAP 7, 1999).
    """
    window = hann(FFT)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, FFT), FFT)[::HOP]
    spectra = np.fft.rfft(frames * window).astype(np.complex64)
    moments = np.arange(0, len(spectra) - 1, speed)
    before, part = moments.astype(int), (moments % 1).astype(np.float32)[:, None]
    magnitude = (1 - part) * np.abs(spectra[before]) + part * np.abs(spectra[before + 1])
    heard = np.angle(spectra)
    expected = (2 * np.pi * HOP / FFT) * np.arange(FFT // 2 + 1)
    turned = heard[before + 1] - heard[before] - expected
    turned = expected + turned - 2 * np.pi * np.rint(turned / (2 * np.pi))
    phase = heard[before]
    for moment in range(1, len(moments)):
        ahead = phase[moment - 1] + turned[moment - 1] - phase[moment]
        phase[moment] += ahead[_peaks(magnitude[moment])]
    parts = np.fft.irfft(magnitude * np.exp(1j * phase), FFT).astype(np.float32) * window
    total = np.zeros((len(parts) + FFT // HOP - 1, HOP), np.float32)
    for piece in range(FFT // HOP):  # overlapping frames are added a hop at a time
        total[piece : piece + len(parts)] += parts[:, piece * HOP : (piece + 1) * HOP]
    sound = total.ravel() / 1.5  # what four overlapping squared Hann windows add up to
    start = round(FFT / 2 * (1 + 1 / speed))  # where the first sample has gone
    return sound[start : start + round(len(samples) / speed)]


def _peaks(magnitude: Array) -> NDArray[np.intp]:
    """For every bin the nearest one that is greater than its two neighbours on either side; itself without any."""
    middle = magnitude[2:-2]
    is_peak = (
        (middle > magnitude[1:-3]) & (middle > magnitude[3:-1]) & (middle > magnitude[:-4]) & (middle > magnitude[4:])
    )
    peaks = np.flatnonzero(is_peak) + 2
    bins = np.arange(len(magnitude))
    return bins if not len(peaks) else peaks[np.searchsorted((peaks[1:] + peaks[:-1]) / 2, bins)]


def faster(audio: Audio, speed: float) -> Audio:
    """Another tempo at the same pitch, channel by channel."""
    return replace(audio, samples=np.array([stretched(channel, speed) for channel in audio.samples]))


def higher(audio: Audio, semitones: float) -> Audio:
    """Another pitch at the same tempo: stretched in time, then played at another speed."""
    import soxr

    factor = 2 ** (semitones / 12)
    longer = faster(audio, 1 / factor)
    rows = [soxr.resample(channel, audio.rate * factor, audio.rate) for channel in longer.samples]
    return replace(audio, samples=np.array(rows, np.float32))


def coded(audio: Audio) -> Audio:
    """There and back through MP3 at 64 kbit/s, in memory; rates that MP3 has not go to the next that it has."""
    import av

    kept = audio if audio.rate in (22_050, 24_000, 44_100, 48_000) else _at_rate(audio, 44_100)
    stereo = len(kept.samples) > 1
    samples = kept.samples[:2] if stereo else kept.samples
    layout = "stereo" if stereo else "mono"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.clip(samples, -1, 1)), format="fltp", layout=layout)
    frame.sample_rate, frame.time_base, frame.pts = kept.rate, Fraction(1, kept.rate), 0
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as output:
        stream = output.add_stream("libmp3lame", rate=kept.rate, layout=layout)
        stream.bit_rate = BIT_RATE
        fifo = av.AudioFifo()
        fifo.write(frame)
        size = stream.codec_context.frame_size
        while part := fifo.read(size) or fifo.read(0, partial=True):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as source:
        decoded = np.concatenate([_planes(part) for part in source.decode(audio=0)], axis=1)
    wanted = samples.shape[1]
    decoded = np.pad(decoded[:, :wanted], ((0, 0), (0, max(0, wanted - decoded.shape[1]))))
    return _at_rate(replace(kept, samples=decoded), audio.rate)


def _planes(frame: "av.AudioFrame") -> Array:
    return np.asarray(frame.to_ndarray(), np.float32)


def _at_rate(audio: Audio, rate: int) -> Audio:
    import soxr

    if rate == audio.rate:
        return audio
    rows = [soxr.resample(channel, audio.rate, rate) for channel in audio.samples]
    return replace(audio, samples=np.array(rows, np.float32), rate=rate)


def noisy(audio: Audio, ratio_db: float) -> Audio:
    """White noise added, `ratio_db` below the recording's mean power."""
    power = float(np.mean(np.square(audio.samples, dtype=np.float64)))
    noise = _generator(audio.samples).normal(0, np.sqrt(power * 10 ** (-ratio_db / 10)), audio.samples.shape)
    return replace(audio, samples=(audio.samples + noise).astype(np.float32))


def widened(audio: Audio, factor: float) -> Audio:
    """What differs between two channels times `factor`: 0 gives mono; other numbers of channels stay as they are."""
    if len(audio.samples) != 2:
        return audio
    middle, side = audio.samples.mean(0), (audio.samples[0] - audio.samples[1]) / 2 * np.float32(factor)
    return replace(audio, samples=np.array([middle + side, middle - side]))


# frequency curves, for both ------------------------------------------------------------------------------------------


def high_pass(hz: NDArray[np.float64], edge: float = 30.0) -> NDArray[np.float64]:
    """The factor at each frequency of a fourth-order Butterworth high-pass: 24 dB an octave below its edge."""
    ratio = (np.maximum(hz, 1e-9) / edge) ** 4
    return np.asarray(ratio / np.sqrt(1 + ratio**2))


def low_pass(hz: NDArray[np.float64], edge: float = 8000.0) -> NDArray[np.float64]:
    """1 up to the edge, from there along half a cosine to 0 within 500 Hz."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((hz - edge) / 500, 0, 1)))


def equaliser(rng: np.random.Generator) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """A gentle equaliser drawn at random: up to 3 dB up or down at eight points an octave apart, straight between."""
    points = 62.5 * 2.0 ** np.arange(8)
    db = rng.uniform(-EQUALISER_DB, EQUALISER_DB, len(points))
    return lambda hz: np.asarray(10 ** (np.interp(np.log2(np.maximum(hz, 1.0)), np.log2(points), db) / 20))


def _generator(content: NDArray[np.generic]) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(np.ascontiguousarray(content).tobytes()))


# of rows of the GTZAN archive ----------------------------------------------------------------------------------------


def band_centres() -> NDArray[np.float64]:
    """The centres of the archive's mel bands in Hz."""
    ends = hz_to_mel(np.array([0.0, GTZAN_RATE / 2]))
    return mel_to_hz(np.linspace(ends[0], ends[1], BANDS + 2)[1:-1])


def _shown(db: NDArray[np.floating]) -> Levels:
    """Levels of altered dB, normalised anew as the archive does: least to greatest, at most 80 dB apart, as 0..255."""
    db = np.maximum(db, db.max() - SPAN)
    scaled = (db - db.min()) * (255 / max(float(db.max() - db.min()), 1e-6))
    return np.asarray(np.rint(scaled), np.uint8)


def _db(levels: Levels) -> NDArray[np.float64]:
    return np.asarray(levels, np.float64) * (SPAN / 255)


def shaped_levels(levels: Levels, gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Levels:
    """Levels (128, columns) as after a filter: each band's dB raised by the gain at its centre."""
    return _shown(_db(levels) + 20 * np.log10(np.maximum(gain(band_centres()), 1e-5))[:, None])


def faster_levels(levels: Levels, speed: float) -> Levels:
    """Levels with their columns nearer together or further apart, between columns by interpolation."""
    columns = levels.shape[1]
    places = np.minimum(np.arange(round(columns / speed)) * speed, columns - 1)
    before = np.minimum(places.astype(int), max(columns - 2, 0))
    part = places - before
    after = np.minimum(before + 1, columns - 1)
    return np.asarray(np.rint(levels[:, before] * (1 - part) + levels[:, after] * part), np.uint8)


def higher_levels(levels: Levels, semitones: float) -> Levels:
    """Levels whose every frequency is so many semitones higher: each band takes what was at its frequency before."""
    ends = hz_to_mel(np.array([0.0, GTZAN_RATE / 2]))
    before = hz_to_mel(band_centres() / 2 ** (semitones / 12))
    places = np.clip(before / ends[1] * (BANDS + 1) - 1, 0, BANDS - 1)
    below = np.minimum(places.astype(int), BANDS - 2)
    part = (places - below)[:, None]
    db = _db(levels)
    return _shown(db[below] * (1 - part) + db[below + 1] * part)


def noisy_levels(levels: Levels, ratio_db: float, rng: np.random.Generator) -> Levels:
    """Levels (128, columns) as after white noise: in each cell its power with the scatter that so few bins leave it."""
    height, size, bins = _bands()
    power = 10 ** (_db(levels) / 10)
    # triangles of height 1 add up to 1 in every bin, so bands over their height add up to the power of all bins
    per_bin = (power / height).sum(0).mean() / (FFT // 2 + 1) * 10 ** (-ratio_db / 10)
    return _shown(10 * np.log10(power + per_bin * size * rng.gamma(bins, 1 / bins, levels.shape)))


@cache
def _bands() -> tuple[Column, Column, Column]:
    """Height and sum of each mel band's filter, and how many independent bins it holds: (128, 1) each."""
    filters = mel_filters(GTZAN_RATE, FFT, BANDS).astype(np.float64)
    # a Hann window makes the powers of neighbours alike, by (2/3)^2 and (1/6)^2
    bins = np.maximum(1.0, filters.sum(1) ** 2 / np.square(filters).sum(1) / (1 + 2 * (4 / 9 + 1 / 36)))
    return filters.max(1)[:, None], filters.sum(1)[:, None], bins[:, None]


NORMALISED = "rows are normalised to their loudest value"
NO_CHANNELS = "rows have no channels"

ALTERATIONS = {
    "gain +6 dB": Alteration("twice as loud", lambda a: louder(a, 6), None, NORMALISED),
    "gain -6 dB": Alteration("half as loud", lambda a: louder(a, -6), None, NORMALISED),
    "equaliser": Alteration(
        "a gentle random equaliser, at most 3 dB",
        lambda a: filtered(a, equaliser(_generator(a.samples))),
        lambda levels: shaped_levels(levels, equaliser(_generator(levels))),
    ),
    "tempo +6 %": Alteration("faster, by a phase vocoder", lambda a: faster(a, 1.06), lambda x: faster_levels(x, 1.06)),
    "tempo -6 %": Alteration("slower, by a phase vocoder", lambda a: faster(a, 0.94), lambda x: faster_levels(x, 0.94)),
    "pitch +1": Alteration("a semitone higher", lambda a: higher(a, 1), lambda x: higher_levels(x, 1)),
    "pitch -1": Alteration("a semitone lower", lambda a: higher(a, -1), lambda x: higher_levels(x, -1)),
    "MP3 64 kbit/s": Alteration("through a lossy codec", coded, None, "a codec works on the sound"),
    "high-pass 30 Hz": Alteration(
        "what can't be heard below is gone",
        lambda a: filtered(a, high_pass),
        lambda levels: shaped_levels(levels, high_pass),
    ),
    "band limit 8 kHz": Alteration(
        "what is above is gone",
        lambda a: filtered(a, low_pass),
        lambda levels: shaped_levels(levels, low_pass),
    ),
    "noise 20 dB": Alteration(
        "white noise, 20 dB below",
        lambda a: noisy(a, 20),
        lambda levels: noisy_levels(levels, 20, _generator(levels)),
    ),
    "mono": Alteration("both channels the same", lambda a: widened(a, 0), None, NO_CHANNELS),
    "twice as wide": Alteration("what differs between channels doubled", lambda a: widened(a, 2), None, NO_CHANNELS),
}
