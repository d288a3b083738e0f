"""Wishes for a new piece: key, tempo, density; how a composer is brought to them, and what came out.

Composers go on as what they are shown went. So a piece with wishes starts from a prelude that is made to them, four
bars of broken chords on I, IV, V and I, which is shown to the composer and then left out. That settles how dense the
piece is, but neither key nor tempo; so composers of decisions also lean towards the key's profile (Krumhansl and
Kessler 1982) and the beat's grid while they draw (`decision_composer.Lean`). What came out is measured.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partita.errors import UsageError
from partita.events import DRUMS, SUSTAIN, Control, KeySignature, Note, Tempo, Track
from partita.midi import Score
from partita.models.decision_composer import Lean

NAMES = (
    ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
)
"""Tonics of major and of minor keys."""

USUAL_TEMPO, USUAL_DENSITY = 100.0, 6.0
"""Beats a minute and notes a second of a prelude where they are not wished for."""

PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""How well each pitch class, counted from the tonic, fits into major and into minor (Krumhansl and Kessler 1982)."""

OUTSIDE = 1.5
"""Nats by which a pitch outside the scale of a wished key is made less likely, beside what its profile says."""

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10, 11))
"""Steps above the tonic of major, and of minor with both of its sevenths."""

BARS = ((0, (0, 4, 7)), (5, (0, 4, 7)), (7, (0, 4, 7)), (0, (0, 4, 7)))
"""Roots above the tonic, and chords on them, of a prelude in major; in minor the dominant alone keeps its third."""


@dataclass(frozen=True)
class Key:
    """A key: `tonic` 0..11 (0 is C), in minor or in major."""

    tonic: int
    minor: bool

    @classmethod
    def named(cls, name: str) -> "Key":
        """The key of a name such as "D", "F# minor", "bb major" or "Am".

        Raises `UsageError` for anything else.
        """
        found = re.fullmatch(r"([A-Ga-g])([#b]?)\s*(?:(minor|min|m)|major|maj)?", name.strip())
        if not found:
            raise UsageError(f"no key {name!r}; a key is such as D, 'F# minor' or Bbm")
        letter, accidental, minor = found.groups()
        step = {"#": 1, "b": -1, "": 0}[accidental]
        return cls((NAMES[0].index(letter.upper()) + step) % 12, bool(minor))

    @classmethod
    def found(cls, score: Score) -> "Key | None":
        """The key whose profile fits best to how long each pitch class of a score sounds; None without notes."""
        sounds = np.zeros(12)
        for track in score.tracks:
            if track.channel != DRUMS:
                np.add.at(sounds, track.notes["pitch"] % 12, track.notes["duration"])
        if not sounds.any():
            return None
        fits = [[np.corrcoef(np.roll(profile, tonic), sounds)[0, 1] for tonic in range(12)] for profile in PROFILES]
        minor, tonic = divmod(int(np.nan_to_num(np.ravel(fits), nan=-1).argmax()), 12)
        return cls(tonic, bool(minor))

    def __str__(self) -> str:
        return f"{NAMES[self.minor][self.tonic]} {'minor' if self.minor else 'major'}"

    def lean(self) -> tuple[float, ...]:
        """Nats to add to pitch classes 0..11 so that music leans towards the key: its profile, and less outside."""
        profile = np.log(PROFILES[self.minor]) - np.log(np.mean(PROFILES[self.minor]))
        outside = np.isin(np.arange(12), SCALES[self.minor], invert=True)
        return tuple(np.roll(profile - OUTSIDE * outside, self.tonic).tolist())

    @property
    def sharps(self) -> int:
        """Sharps of its signature, flats negative, -5..6."""
        return (7 * (self.tonic + 3 * self.minor) + 5) % 12 - 5


@dataclass(frozen=True)
class Wishes:
    """What a new piece is to be: its key, beats a minute, notes a second; None where it does not matter."""

    key: Key | None = None
    tempo: float | None = None
    density: float | None = None

    def __post_init__(self) -> None:
        if self.tempo is not None and not 20 <= self.tempo <= 300:
            raise UsageError(f"tempo is 20 to 300 beats a minute, not {self.tempo:g}")
        if self.density is not None and not 0.5 <= self.density <= 30:
            raise UsageError(f"density is 0.5 to 30 notes a second, not {self.density:g}")

    def __bool__(self) -> bool:
        return any(wish is not None for wish in (self.key, self.tempo, self.density))

    def score(self) -> Score:
        """The empty score to write into: its grid of beats is that of the tempo, its signature that of the key."""
        tempos = [Tempo(0, round(60e6 / self.tempo))] if self.tempo else []
        keys = [KeySignature(0, self.key.sharps, int(self.key.minor))] if self.key else []
        return Score(ticks_per_beat=500, tempos=tempos, key_signatures=keys, name="new piece")

    def lean(self) -> Lean | None:
        """What a composer's decisions are drawn to for key and tempo; None where neither is wished for."""
        if self.key is None and self.tempo is None:
            return None
        return Lean(self.key.lean() if self.key else (), 60 / self.tempo if self.tempo else 0.0)

    def prelude(self, rng: np.random.Generator) -> Score:
        """Four bars of four beats, of 1 ms ticks, as wished; a key is drawn where none is."""
        key = self.key or Key(int(rng.integers(12)), bool(rng.integers(2)))
        beat = 60_000 / (self.tempo or USUAL_TEMPO)
        wanted = (self.density or USUAL_DENSITY) * beat / 1000
        slots = int(np.clip(np.ceil(wanted / 2), 1, 8))  # to a beat; one or two notes in each
        notes, pedal = [], []
        for place in range(16 * slots):
            bar, inside = divmod(place, 4 * slots)
            pitches = _pitches(key, bar)
            tick = round(place * beat / slots) + int(rng.integers(0, 12))
            first, last = (int(np.ceil(count * wanted / slots)) for count in (place, place + 1))
            notes += [
                Note(tick, round(beat / slots), int(pitches[voice % len(pitches)]), int(rng.integers(50, 75)))
                for voice in range(first, last)
            ]
            if not inside:
                pedal += [
                    Control(round(4 * bar * beat), SUSTAIN, 0),
                    Control(round((4 * bar + 0.1) * beat), SUSTAIN, 127),
                ]
        pedal.append(Control(round(16 * beat), SUSTAIN, 0))
        return Score([Track(notes, pedal)], ticks_per_beat=500, name="prelude")


def _pitches(key: Key, bar: int) -> NDArray[np.int64]:
    """The tones of a bar's chord from the bass upwards."""
    root, chord = BARS[bar]
    third = chord[1] - (key.minor and root != 7)
    above = np.array([chord[0], third, chord[2]])
    bass = 36 + (key.tonic + root) % 12
    return np.concatenate([[bass], bass + 12 + np.concatenate([above, above + 12])])
