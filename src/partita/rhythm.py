"""Where the beats are: onset strength, tempo, beats by dynamic programming, bars of four.

Onset strength is how much louder mel bands get from frame to frame. Its autocorrelation, weighed towards 120 beats a
minute, gives the tempo; the chain of onsets that keeps to it best gives the beats (Ellis, Journal of New Music Research
36, 2007). A bar is taken to have four beats and to begin where the bass is struck.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partita.features import Array, mel_spectrogram, power_to_db

Curve = NDArray[np.float64]

RATE = 22_050
"""Hz; what is listened to here is resampled to this rate first."""
FFT, HOP, MELS = 1024, 256, 64
FRAMES_PER_SECOND = RATE / HOP
LOW, HIGH = 6, 36
"""Bands below `LOW` reach to about 270 Hz, bands from `HIGH` on begin at about 2.2 kHz."""
USUAL_TEMPO, TEMPO_OCTAVES = 120.0, 0.9
"""Centre and deviation of the prior of tempo, in beats a minute and octaves."""
SLOWEST, FASTEST = 45.0, 220.0
TIGHTNESS = 100.0
"""How much a beat off its tempo costs, in deviations of onset strength per squared natural logarithm (Ellis)."""
BEATS_PER_BAR = 4
OCTAVE = 2**0.5


@dataclass(frozen=True, eq=False)
class Rhythm:
    """A recording's beats.

    `beats` are seconds, rising, from before its begin to after its end; `downbeat` (0 to 3) is the first of them that
    begins a bar; `clarity` 0..1 is the autocorrelation of onset strength at a beat: below about 0.1 there is none.
    `onsets` (3, frames) is the strength of low, middle and high bands, `FRAMES_PER_SECOND` of them a second.
    """

    tempo: float
    beats: Curve
    downbeat: int
    clarity: float
    onsets: Curve

    @property
    def strength(self) -> Curve:
        """Onset strength of all bands (frames,)."""
        return np.asarray(self.onsets.sum(0))

    def at_octave(self, tempo: float) -> "Rhythm":
        """The same with beats halved or doubled until they are no more than a factor of 1.41 from a tempo.

        What counts as a beat is half a matter of taste, so two songs are compared at the octave that suits both.
        """
        beats, downbeat, own = self.beats, self.downbeat, self.tempo
        while own < tempo / OCTAVE:
            beats = np.interp(np.arange(2 * len(beats) - 1) / 2, np.arange(len(beats)), beats)
            own, downbeat = 2 * own, 2 * downbeat
        while own > tempo * OCTAVE and len(beats) > 2 * BEATS_PER_BAR:
            beats, downbeat, own = beats[downbeat % 2 :: 2], downbeat // 2, own / 2
        return replace(self, tempo=own, beats=np.asarray(beats, np.float64), downbeat=downbeat % BEATS_PER_BAR)

    def position(self, seconds: Curve) -> Curve:
        """Beats since a bar's begin, 0 up to 4, at these times."""
        count = np.interp(seconds, self.beats, np.arange(len(self.beats)))
        return np.asarray((count - self.downbeat) % BEATS_PER_BAR)


def listen(samples: Array) -> Rhythm:
    """The rhythm of mono `samples` (n,) at 22,050 Hz. Without any beat it is an even grid of a usual tempo."""
    onsets = onset_strength(samples)
    strength = onsets.sum(0)
    tempo, clarity = find_tempo(strength)
    period = 60 / tempo * FRAMES_PER_SECOND
    frames = find_beats(strength, period)
    seconds = len(samples) / RATE
    beats = _covering(frames / FRAMES_PER_SECOND, 60 / tempo, seconds)
    return Rhythm(tempo, beats, _downbeat(onsets, beats), clarity, onsets)


def onset_strength(samples: Array) -> Curve:
    """Rise of low, middle and high mel bands (3, 1 + n // 256) in dB, each relative to its size in the recording."""
    db = power_to_db(mel_spectrogram(samples, RATE, FFT, HOP, MELS), span=60.0)
    rise = np.maximum(np.diff(db, axis=1, prepend=db[:, :1]), 0)
    bands = np.stack([rise[:LOW].mean(0), rise[LOW:HIGH].mean(0), rise[HIGH:].mean(0)]).astype(np.float64)
    return np.asarray(bands / max(float(bands.sum(0).std()), 1e-9))


def find_tempo(strength: Curve) -> tuple[float, float]:
    """Beats a minute, and the autocorrelation of onset strength (frames,) at a beat, 0..1."""
    centred = strength - strength.mean()
    energy = float(centred @ centred)
    if energy < 1e-9:
        return USUAL_TEMPO, 0.0
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred)] / energy
    lags = np.arange(int(60 / FASTEST * FRAMES_PER_SECOND), int(60 / SLOWEST * FRAMES_PER_SECOND) + 1)
    lags = lags[lags < len(centred) - 1]
    if not len(lags):
        return USUAL_TEMPO, 0.0
    octaves = np.log2(60 * FRAMES_PER_SECOND / lags / USUAL_TEMPO) / TEMPO_OCTAVES
    smooth = np.maximum(np.convolve(correlation, [0.25, 0.5, 0.25], "same"), 0)
    best = int(lags[np.argmax(smooth[lags] * np.exp(-0.5 * octaves**2))])
    a, b, c = correlation[best - 1 : best + 2]
    bend = a - 2 * b + c
    offset = float(np.clip((a - c) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
    return 60 * FRAMES_PER_SECOND / (best + offset), float(np.clip(correlation[best], 0, 1))


def find_beats(strength: Curve, period: float) -> Curve:
    """Frames of the beats: the chain of onsets of greatest strength whose steps keep to `period` frames."""
    width = np.arange(-round(period), round(period) + 1)
    score = np.convolve(strength / max(float(strength.std()), 1e-9), np.exp(-0.5 * (width * 32 / period) ** 2), "same")
    score = score[: len(strength)] if len(score) > len(strength) else score
    back = np.arange(max(1, round(period / 2)), round(2 * period) + 1)
    cost = TIGHTNESS * np.log(back / period) ** 2
    total, source = score.copy(), np.full(len(score), -1)
    for frame in range(back[0], len(score)):
        steps = back[: np.searchsorted(back, frame, "right")]
        chains = total[frame - steps] - cost[: len(steps)]
        best = int(chains.argmax())
        if chains[best] > 0:
            total[frame] += chains[best]
            source[frame] = frame - steps[best]
    last = max(0, len(score) - round(period))
    chain = [last + int(total[last:].argmax())]
    while source[chain[-1]] >= 0:
        chain.append(int(source[chain[-1]]))
    return np.array(chain[::-1], np.float64)


def _covering(beats: Curve, period: float, seconds: float) -> Curve:
    """Beats in seconds, gone on with evenly from before 0 to after the end."""
    before = beats[0] - period * np.arange(int(beats[0] / period) + 1, 0, -1)
    after = beats[-1] + period * np.arange(1, int(max(0.0, seconds - beats[-1]) / period) + 2)
    return np.concatenate([before, beats, after])


def accents(rhythm_onsets: Curve, beats: Curve) -> Curve:
    """Greatest onset strength of each band within 60 ms of each beat: (bands, beats)."""
    reach = round(0.06 * FRAMES_PER_SECOND)
    padded = np.pad(rhythm_onsets, ((0, 0), (reach, reach)))
    frames = np.clip(np.rint(beats * FRAMES_PER_SECOND).astype(int), 0, rhythm_onsets.shape[1] - 1)
    return np.asarray(np.stack([padded[:, frame : frame + 2 * reach + 1].max(1) for frame in frames], axis=1))


def _downbeat(onsets: Curve, beats: Curve) -> int:
    """Which of the first four beats begins a bar: the one of the strongest bass, other bands counting half."""
    struck = np.array([1.0, 0.5, 0.0]) @ accents(onsets, beats)
    return int(np.argmax([struck[beat::BEATS_PER_BAR].mean() if len(struck) > beat else 0.0 for beat in range(4)]))
