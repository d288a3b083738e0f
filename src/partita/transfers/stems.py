"""stems: genre transfer by parts, the default. No network, no inversion, seconds of work.

Both recordings are taken apart into tones and beats and listened to for their rhythm. The style's own drums are laid on
the content's beats (after Hockman et al., DAFx 2008), the content's tones take the levels of the style's bands, their
course over the bar and a part of its sounds (a mosaic), the style's own tones join in on the content's chords, drums
and tones take the style's balance, and the whole its long-term spectrum. What is done to the content is a gain on its
complex spectrogram, so phases and melody stay.

A Gram matrix, the usual style of a network, holds no rhythm and can't do this (Huzaifah and Wyse, arXiv:1901.10240).
Drums and accompaniment heard are the style recording's sound, so the rights of both recordings apply to the result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from partita import rhythm
from partita.alterations import stretched
from partita.audio import Audio
from partita.errors import UsageError
from partita.features import Array
from partita.rhythm import Rhythm
from partita.separation import edited, frame_sizes, separate
from partita.training import Progress
from partita.transfers.accompaniment import Chords, accompany, pitch_classes
from partita.transfers.base import Transfer, as_loud_as
from partita.transfers.drums import TimeMap, follow, map_time
from partita.transfers.timbre import (
    Mosaic,
    Timbre,
    band_gain,
    band_power,
    band_weights,
    bar_gain,
    describe,
    levels,
    long_term,
    mosaic_gain,
    powers,
)

MOSAIC_SHARE = 0.9
"""Of the mosaic in the tones at full timbre."""
COMPING_DEPTH = 0.9
"""Of the style's course over the bar in the tones at full comping."""
ACCOMPANIMENT_SHARE = 0.9
"""Of the tones' power that is the style's own playing at full comping."""
STYLE_SECONDS = 60.0
"""The middle of a longer style is listened to."""


PIECE_SECONDS, FADE_SECONDS = 300.0, 0.05
"""A longer content is changed piece by piece, each with beats of its own."""


@dataclass(frozen=True)
class StemsConfig:
    """How much of the style is taken, 0 to 1 each: `strength` of everything, and of its parts.

    `drums` (up to 2: louder), `timbre` of the tones, `comping`: the style's own playing on the content's chords, and
    the tones' course over its bar. `tempo` is the content's, or the style's: then the content is stretched and the
    result is longer or shorter.
    """

    strength: float = 1.0
    drums: float = 1.0
    timbre: float = 1.0
    comping: float = 1.0
    tempo: Literal["content", "style"] = "content"

    def __post_init__(self) -> None:
        for field in fields(self):
            value, most = getattr(self, field.name), 2 if field.name == "drums" else 1
            if field.name != "tempo" and not 0 <= value <= most:
                raise UsageError(f"{field.name} is a number from 0 to {most}, not {value}")
        if self.tempo not in ("content", "style"):
            raise UsageError(f"tempo is content or style, not {self.tempo!r}")


@dataclass(frozen=True, eq=False)
class Parts:
    """A recording taken apart: stems (channels, n), chords, power (48 bands, frames) of the tones and of the whole."""

    harmonic: Array
    percussive: Array
    chords: Chords
    tones: Array
    whole: Array
    timbre: Timbre

    @property
    def rhythm(self) -> Rhythm:
        """Its beats."""
        return self.chords.rhythm


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Long-term levels in dB (48 bands, 1) of the tones and of the whole."""

    tones: Array
    whole: Array

    @classmethod
    def of(cls, recordings: Sequence[Parts]) -> Self:
        """The mean of recordings, in dB, each as loud as any other."""

        def mean(powers: Iterable[Array]) -> Array:
            return np.asarray(np.mean([db - db.mean() for db in map(long_term, powers)], 0), np.float32)

        return cls(mean(parts.tones for parts in recordings), mean(parts.whole for parts in recordings))


class Stems(Transfer):
    """Tones of the content, drums and timbre of the style.

    `spectrum` is that of a style of several recordings, of which one is the donor of everything else; without it the
    style has its own.
    """

    name = "stems"
    Config = StemsConfig
    config: StemsConfig

    def __init__(self, config: StemsConfig | None = None, spectrum: Spectrum | None = None) -> None:
        super().__init__(config)
        self.spectrum = spectrum

    def make(self, content: Audio, style: Audio, seed: int, progress: Progress) -> Array:
        """The content piece by piece in the style, whose parts are those of its middle minute."""
        if self.config.strength == 0:
            return content.samples
        theirs = take_apart(at_rate(middle(style, STYLE_SECONDS), content.rate))
        if self.config.tempo == "style":
            content = stretched_to(content, theirs.rhythm.tempo)
        return self.in_pieces(content, theirs, seed, progress)

    def in_pieces(self, content: Audio, theirs: Parts, seed: int, progress: Progress) -> Array:
        """As `combine`, for a content of any length: equal pieces that fade into one another, to keep memory flat."""
        frames, fade = content.samples.shape[1], round(FADE_SECONDS * content.rate)
        made = np.zeros_like(content.samples)
        rise = np.linspace(0, 1, fade, dtype=np.float32)
        count = max(1, int(np.ceil(content.seconds / PIECE_SECONDS)))
        edges = np.linspace(0, frames, count + 1).astype(int)
        for number, (start, end) in enumerate(pairwise(edges.tolist())):
            piece = replace(content, samples=content.samples[:, start : end + fade])
            progress(2 * number, 2 * count, "taking it apart")
            ours = take_apart(piece)
            progress(2 * number + 1, 2 * count, "putting it together")
            part = self.combine(piece, ours, theirs, seed)
            if start:
                part[:, :fade] *= rise
                made[:, start : start + fade] *= 1 - rise
            made[:, start : end + fade] += part
        progress(2 * count, 2 * count, "")
        return made

    def combine(self, content: Audio, ours: Parts, theirs: Parts, seed: int) -> Array:
        """The content in the style, from both taken apart: (channels, frames)."""
        config, rate = self.config, content.rate
        times = map_time(ours.rhythm, theirs.rhythm)
        tones = self._tones(ours, theirs, rate, times, np.random.default_rng(seed))
        drums = follow(theirs.percussive, rate, times, content.samples.shape[1])
        drums = in_channels(drums, len(content.samples))
        drums *= np.float32(config.strength * config.drums * _drum_level(tones, drums, theirs))
        kept = np.float32(1 - config.strength * min(1.0, config.drums))
        made = tones + drums + kept * ours.percussive
        return as_loud_as(with_spectrum(made, rate, self._spectrum(theirs).whole, config.strength), content)

    def _spectrum(self, theirs: Parts) -> Spectrum:
        return self.spectrum or Spectrum.of([theirs])

    def _tones(self, ours: Parts, theirs: Parts, rate: int, times: TimeMap, rng: np.random.Generator) -> Array:
        """The content's tones in the style's timbre (channels, n)."""
        config = self.config
        timbre, comping = config.strength * config.timbre, config.strength * config.comping * COMPING_DEPTH
        mosaic = Mosaic(theirs.harmonic, rate, rng) if timbre else None
        weights, loudest = band_weights(rate), float(ours.tones.max())
        seconds_per_frame = frame_sizes(rate)[1] / rate

        def edit(spectra: NDArray[np.complexfloating], first: int) -> NDArray[np.complexfloating]:
            magnitude = np.abs(spectra.mean(0))
            seconds = (first + np.arange(magnitude.shape[1])) * seconds_per_frame
            db = levels(band_power(magnitude, rate), loudest)
            gain = timbre * band_gain(db, ours.timbre, theirs.timbre)
            positions = ours.rhythm.position(seconds), times.style_position(seconds)
            gain += comping * bar_gain(ours.timbre, theirs.timbre, *positions)
            factors = 10 ** (weights.T @ gain / 20)
            if mosaic is not None:
                shaped = magnitude * factors
                factors *= mosaic_gain(shaped, mosaic.render(shaped), timbre * MOSAIC_SHARE)
            return spectra * factors

        joined = self._accompanied(edited(ours.harmonic, rate, edit), ours, theirs, rate)
        return with_spectrum(joined, rate, self._spectrum(theirs).tones, timbre)

    def _accompanied(self, tones: Array, ours: Parts, theirs: Parts, rate: int) -> Array:
        """Tones of the content (channels, n) with the style's own playing beside them, as loud together as alone."""
        share = self.config.strength * self.config.comping * ACCOMPANIMENT_SHARE
        if not share:
            return tones
        played = in_channels(accompany(ours.chords, theirs.chords, theirs.harmonic, rate, tones.shape[1]), len(tones))
        played *= np.float32(np.sqrt(_power(tones) / max(_power(played), 1e-20)))
        return np.asarray(np.sqrt(1 - share) * tones + np.sqrt(share) * played, np.float32)


def take_apart(audio: Audio) -> Parts:
    """Stems, rhythm and timbre of a recording."""
    harmonic, percussive = separate(audio.samples, audio.rate)
    heard = rhythm.listen(audio.mono(rhythm.RATE))
    tones, whole = powers(harmonic, audio.rate), powers(audio.samples, audio.rate)
    seconds = np.arange(tones.shape[1]) * frame_sizes(audio.rate)[1] / audio.rate
    chords = Chords(heard, pitch_classes(harmonic, audio.rate))
    return Parts(harmonic, percussive, chords, tones, whole, describe(tones, heard.position(seconds)))


def with_spectrum(samples: Array, rate: int, wanted: Array, strength: float) -> Array:
    """Samples (channels, n) with long-term levels of bands as `wanted` (48, 1), in dB, whatever their loudness."""
    gain = wanted - long_term(powers(samples, rate))
    gain = np.clip(gain - gain.mean(), -20, 20) * strength
    factors = 10 ** (band_weights(rate).T @ gain / 20)
    return edited(samples, rate, lambda spectra, first: spectra * factors)


def _drum_level(tones: Array, drums: Array, style: Parts) -> float:
    """The factor that gives drums the level beside these tones that the style's have beside its own."""
    ratio = _power(style.percussive) / max(_power(style.harmonic), 1e-20)
    return float(np.sqrt(min(ratio, 100.0) * _power(tones) / max(_power(drums), 1e-20)))


def _power(samples: Array) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def at_rate(audio: Audio, rate: int) -> Audio:
    """A recording at another rate, all channels."""
    import soxr

    if audio.rate == rate:
        return audio
    rows = [soxr.resample(channel, audio.rate, rate) for channel in audio.samples]
    return replace(audio, samples=np.array(rows, np.float32), rate=rate)


def middle(audio: Audio, seconds: float) -> Audio:
    """The middle of a recording that is longer."""
    spare = audio.samples.shape[1] - round(seconds * audio.rate)
    if spare <= 0:
        return audio
    return replace(audio, samples=audio.samples[:, spare // 2 : spare // 2 + round(seconds * audio.rate)])


def in_channels(samples: Array, channels: int) -> Array:
    """Sound for another number of channels: the mean for one, else the first two, or the one, in front."""
    if channels == 1:
        return np.asarray(samples.mean(0, keepdims=True), np.float32)
    front = samples[:2] if len(samples) > 1 else np.repeat(samples, 2, axis=0)
    rest = np.zeros((channels - 2, samples.shape[1]), np.float32)
    return np.concatenate([front, rest]).astype(np.float32)


def stretched_to(content: Audio, tempo: float) -> Audio:
    """The content at a tempo in beats a minute, or at its half or double where that is nearer; pitch stays."""
    speed = tempo / rhythm.listen(content.mono(rhythm.RATE)).tempo
    speed *= 2.0 ** -np.rint(np.log2(speed))
    return replace(content, samples=np.stack([_in_pieces(channel, float(speed)) for channel in content.samples]))


def _in_pieces(samples: Array, speed: float) -> Array:
    """Mono samples (n,) stretched half a million at a time, which fade into one another, so that memory stays flat."""
    piece, fade = 1 << 19, 2048
    made = np.zeros(round(len(samples) / speed), np.float32)
    rise = np.linspace(0, 1, fade, dtype=np.float32)
    for start in range(0, len(samples), piece):
        part = stretched(samples[start : start + piece + 2 * fade], speed)
        place = round(start / speed)
        part = part[: len(made) - place]
        if start and len(part) >= fade:
            made[place : place + fade] *= 1 - rise
            part[:fade] *= rise
            made[place : place + fade] += part[:fade]
            part, place = part[fade:], place + fade
        made[place : place + len(part)] = part
    return made
