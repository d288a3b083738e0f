"""Scores as sound, without system packages: with a soundfont, or with a plain piano made of partials.

The soundfont is a file of the user's, or the one that the wheel of pretty_midi carries (TimGM6mb, GPL-2; installed with
`pip install partita[soundfont]`). It is played by numpy: symusic's synthesiser takes no heed of pedal, velocity and
volume, and plays that font out of tune (a piano's A at 440 Hz came out strongest at 1,650).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partita.audio import Audio
from partita.errors import UnusableMidiError
from partita.events import DRUMS, Table
from partita.midi import Score
from partita.soundfont import Region, SoundFont

TAIL = 1.5
"""Seconds that the last sounds have to fade."""

MOST_SECONDS = 3600.0
"""Length of the longest score that is rendered, since a rendering is held in memory: 1.3 GB an hour."""

LONGEST = 60.0
"""Seconds after which a note is silent, however long it is held."""

PEAK = 0.95
"""Full scale is 1; what is louder than this is turned down as a whole."""

VOLUME, EXPRESSION = 7, 11
"""Controllers that scale a channel: 100 and 127 are usual."""


@dataclass(frozen=True)
class _Part:
    """The notes of one track: onset and end in seconds, pitch, and amplitude (1 is velocity 127 at usual volume)."""

    onset: NDArray[np.float64]
    end: NDArray[np.float64]
    pitch: NDArray[np.uint8]
    velocity: NDArray[np.uint8]
    amplitude: NDArray[np.float64]
    program: int
    drums: bool


def render(score: Score, rate: int = 44_100, soundfont: str | Path | SoundFont | None = None) -> Audio:
    """The sound of a score in stereo, `TAIL` seconds longer than it, pedal, velocity and volume honoured.

    `soundfont` is the path of an .sf2 file, or one that was read, or "plain" for a synthesised piano (whatever the
    programs), or None for pretty_midi's where it is installed and else "plain". Pitch bends are not heard. Raises
    `UnusableMidiError` for a score without notes or of more than an hour, `UsageError` for what is no soundfont.
    """
    if not any(len(track.notes) for track in score.tracks):
        raise UnusableMidiError(score.name, "has no notes, so there is nothing to hear")
    if score.seconds > MOST_SECONDS:
        raise UnusableMidiError(score.name, f"{score.seconds / 60:.0f} minutes; up to 60 are rendered")
    path = installed_soundfont() if soundfont is None else soundfont
    font = path if isinstance(path, SoundFont) else None if path in (None, "plain") else SoundFont.read(path)
    frames = round((score.seconds + TAIL) * rate)
    samples = _mix(_parts(score), frames, rate, font)
    fade = min(frames, round(0.05 * rate))
    samples[:, frames - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    peak = float(np.abs(samples).max())
    if peak > PEAK:
        samples *= PEAK / peak
    return Audio(samples, rate, score.name)


def installed_soundfont() -> Path | None:
    """The soundfont in pretty_midi's wheel, or None where it is not installed."""
    package = find_spec("pretty_midi")
    fonts = sorted(Path(package.origin).parent.glob("*.sf2")) if package and package.origin else []
    return fonts[0] if fonts else None


def _parts(score: Score) -> list[_Part]:
    """The notes of each track, as long as the pedal holds them, as loud as velocity and channel make them."""
    parts = []
    for track in score.sustained().tracks:
        notes = track.notes
        if not len(notes):
            continue
        controls = np.concatenate([t.controls for t in score.tracks if t.channel == track.channel])
        level = notes["velocity"] / 127
        for number, usual in ((VOLUME, 100), (EXPRESSION, 127)):
            level = level * _value_at(controls[controls["number"] == number], notes["tick"], usual) / usual
        ticks = notes["tick"].astype(np.int64)
        onset, end = score.seconds_at(ticks), score.seconds_at(ticks + notes["duration"])
        parts.append(
            _Part(onset, end, notes["pitch"], notes["velocity"], level**2, track.program, track.channel == DRUMS)
        )
    return parts


def _value_at(controls: Table, ticks: NDArray[np.int32], usual: int) -> NDArray[np.float64]:
    """What a controller stands at when notes begin; `usual` before it is set."""
    controls = controls[np.argsort(controls["tick"], kind="stable")]
    values = np.concatenate([[usual], controls["value"]])
    return np.asarray(values[np.searchsorted(controls["tick"], ticks, "right")], np.float64)


def _mix(parts: list[_Part], frames: int, rate: int, font: SoundFont | None) -> NDArray[np.float32]:
    """The sum of all notes, float32 (2, frames).

    A sound of a pitch is made once, as long as its longest note, and each note takes its beginning and lets it fade.
    """
    mixed = np.zeros((2, frames), np.float32)
    for part in parts:
        begins, ends = np.rint(part.onset * rate).astype(int), np.rint(part.end * rate).astype(int)
        for notes, sound in _voices(part, font):
            release = round(sound.release * rate)
            fading = np.exp(-np.arange(release) * np.log(1e5) / max(release, 1)).astype(np.float32)
            longest = min(int((ends - begins)[notes].max()) + release, round(LONGEST * rate))
            wave = sound.wave(int(part.pitch[notes[0]]), longest, rate)
            for note in notes:
                begin, held = begins[note], ends[note] - begins[note]
                played = wave[:, : min(held + release, frames - begin)] * np.float32(0.8 * part.amplitude[note])
                played[:, held:] *= fading[: max(played.shape[1] - held, 0)]
                mixed[:, begin : begin + played.shape[1]] += played
    return mixed


def _voices(part: _Part, font: SoundFont | None) -> Iterator[tuple[NDArray[np.int64], "Region | _Plain"]]:
    """The sounds of a part, each with the places of the notes of one pitch that have it."""
    for pitch in np.unique(part.pitch).tolist():
        notes = np.flatnonzero(part.pitch == pitch)
        if font is None:
            yield notes, _Plain(part.drums)
            continue
        velocity = part.velocity[notes]
        regions = {v: font.regions(part.program, part.drums, pitch, v) for v in np.unique(velocity).tolist()}
        for region in dict.fromkeys(region for found in regions.values() for region in found):
            yield notes[[region in regions[v] for v in velocity.tolist()]], region


@dataclass(frozen=True)
class _Plain:
    """Every note as a struck string of partials, low ones to the left, or of drums as noise."""

    drums: bool
    release = 0.4

    def wave(self, pitch: int, frames: int, rate: int) -> NDArray[np.float32]:
        """The sound at a pitch, float32 (2, up to `frames`)."""
        mono = (_drum if self.drums else _string)(pitch, frames, rate)
        right = 0.5 if self.drums else 0.35 + 0.3 * pitch / 127
        return np.stack([mono * (1 - right), mono * right]).astype(np.float32)


def _string(pitch: int, frames: int, rate: int) -> NDArray[np.float64]:
    """A struck string that rings: high ones fade faster, and of each the high partials, which lie a little sharp."""
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    fading = 8 * 2 ** (-(pitch - 21) / 20)  # seconds to 1/e
    time = np.arange(min(frames, round(5 * fading * rate))) / rate
    wave, weights = np.zeros(len(time)), 0.0
    for k in range(1, 13):
        partial = hertz * k * np.sqrt((1 + 3e-4 * k * k) / (1 + 3e-4))
        if partial > 0.45 * rate:
            break
        heard = time[: round(5 * fading / (1 + 0.4 * (k - 1)) * rate)]
        weight = k**-1.3
        wave[: len(heard)] += (
            weight * np.sin(2 * np.pi * partial * heard + k * k) * np.exp(-heard * (1 + 0.4 * (k - 1)) / fading)
        )
        weights += weight
    return np.asarray(wave * np.minimum(1, time / 0.004) / max(weights, 1.0))


def _drum(pitch: int, frames: int, rate: int) -> NDArray[np.float64]:
    """A burst of noise, longer for cymbals, or a falling thump for the lowest drums."""
    time = np.arange(min(frames, round(0.6 * rate))) / rate
    if pitch <= 36:
        return np.asarray(np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-time / 0.03)))) * np.exp(-time / 0.12))
    noise = np.random.default_rng(pitch).normal(0, 0.3, len(time))
    return np.asarray(noise * np.exp(-time / (0.2 if pitch >= 49 else 0.07)))
