"""SoundFont 2 files: which recordings sound for a note, and how they do (SoundFont Technical Specification 2.04).

A preset (such as a piano) has zones for ranges of pitch and velocity; each names an instrument, whose zones name the
recordings, their root pitch, loop, loudness, place and envelope. Filters and modulators are left out.
"""

import struct
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partita.errors import UsageError

DRUM_BANK = 128

PAN, ATTENUATION, COARSE, FINE, SCALE, LOOPS, ROOT = 17, 48, 51, 52, 56, 54, 58
ATTACK, HOLD, DECAY, SUSTAIN, RELEASE = 34, 35, 36, 37, 38
INSTRUMENT, SAMPLE, PITCHES, VELOCITIES = 41, 53, 43, 44
"""Numbers of generators, as the specification calls the settings of a zone."""

OFFSETS = {"start": (0, 4), "end": (1, 12), "loop_start": (2, 45), "loop_end": (3, 50)}
"""Generators that move the places of a recording, by samples and by 32,768 samples."""

USUAL = {SCALE: 100, ROOT: -1, ATTACK: -12000, HOLD: -12000, DECAY: -12000, RELEASE: -12000}
"""Settings that are not 0 where no zone says them; times are in 1200ths of an octave of a second."""

Settings = dict[int, int]


@dataclass(frozen=True, eq=False)
class Region:
    """One recording as a zone uses it."""

    samples: NDArray[np.int16]
    settings: Settings
    rate: int
    root: float
    loop: tuple[int, int] | None
    """Where the loop begins and ends in samples, or None."""

    @property
    def release(self) -> float:
        """Seconds in which the sound falls by 100 decibels once the note has ended."""
        return min(_seconds(self.settings[RELEASE]), 10.0)

    def wave(self, pitch: int, frames: int, rate: int) -> NDArray[np.float32]:
        """The sound at a pitch for as long as it is held, float32 (2, up to `frames`), full scale 1."""
        cents = (pitch - self.root) * self.settings[SCALE] + 100 * self.settings[COARSE] + self.settings[FINE]
        place = np.arange(frames) * (self.rate / rate * 2 ** (cents / 1200))
        if self.loop is None:
            place = place[: np.searchsorted(place, len(self.samples) - 1)]
        else:
            begin, end = self.loop
            place = np.where(place < end, place, begin + (place - begin) % (end - begin))
        left = place.astype(np.int64)
        one, other = self.samples[left], self.samples[np.minimum(left + 1, len(self.samples) - 1)]
        mono = (one + (place - left) * (other.astype(np.float64) - one)) / 32768 * self._envelope(len(place), rate)
        # attenuation counts 0.4 of what it says, as on the synthesisers that soundfonts are made for
        gain = 10 ** (-0.4 * max(self.settings[ATTENUATION], 0) / 200)
        right = np.clip(self.settings[PAN] / 1000 + 0.5, 0, 1)
        angle = right * np.pi / 2
        return (np.stack([np.cos(angle) * mono, np.sin(angle) * mono]) * gain).astype(np.float32)

    def _envelope(self, frames: int, rate: int) -> NDArray[np.float64]:
        """Rise in a line, hold, then fall in decibels to the level that a held note stays at."""
        attack, hold, decay = (_seconds(self.settings[number]) for number in (ATTACK, HOLD, DECAY))
        time = np.arange(frames) / rate
        falling = np.clip((time - attack - hold) / decay * 100, 0, min(max(self.settings[SUSTAIN] / 10, 0), 100))
        return np.asarray(np.minimum(time / attack, 1) * 10 ** (-falling / 20))


@dataclass(frozen=True, eq=False)
class SoundFont:
    """The presets and recordings of a file."""

    path: Path
    _tables: dict[bytes, bytes] = field(repr=False)
    _regions: dict[tuple[int, int], Region] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str | Path) -> "SoundFont":
        """Read an .sf2 file.

        Raises `UsageError` for what is none.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: can't be opened ({error.strerror}); a soundfont is an .sf2 file") from None
        try:
            if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
                raise ValueError("no sfbk")
            tables: dict[bytes, bytes] = {}
            for kind, body in _chunks(data[12:]):
                if kind == b"LIST":
                    tables.update(_chunks(body[4:]))
            font = cls(Path(path), tables)
            recordings = len(tables[b"shdr"]) // 46 - 1
            zones = [zone for part in font.instruments for zone in part]
            if not font.presets or any(not 0 <= zone[SAMPLE] < recordings for zone in zones):
                raise ValueError("recordings are missing")
            outer = [zone[INSTRUMENT] for part in font.presets.values() for zone in part]
            if any(not 0 <= number < len(font.instruments) for number in outer) or not len(font.samples):
                raise ValueError("instruments are missing")
        except (ValueError, KeyError, IndexError, struct.error):
            raise UsageError(f"{path}: not a soundfont; wants an uncompressed .sf2 file") from None
        return font

    @cached_property
    def samples(self) -> NDArray[np.int16]:
        """All recordings end to end."""
        return np.frombuffer(self._tables[b"smpl"], "<i2")

    @cached_property
    def presets(self) -> dict[tuple[int, int], list[Settings]]:
        """The zones of each (bank, program)."""
        headers = list(struct.iter_unpack("<20sHHHIII", self._tables[b"phdr"]))
        zones = self._zones(b"pbag", b"pgen", [header[3] for header in headers], INSTRUMENT)
        return {(header[2], header[1]): part for header, part in zip(headers, zones, strict=False)}

    @cached_property
    def instruments(self) -> list[list[Settings]]:
        """The zones of each instrument."""
        headers = list(struct.iter_unpack("<20sH", self._tables[b"inst"]))
        return self._zones(b"ibag", b"igen", [header[1] for header in headers], SAMPLE)

    def regions(self, program: int, drums: bool, pitch: int, velocity: int) -> tuple[Region, ...]:
        """The recordings that sound together for a note; none where the font has nothing for it.

        A program that the font has not is played by its first.
        """
        bank = DRUM_BANK if drums else 0
        key = next((k for k in ((bank, program), (bank, 0), (0, 0)) if k in self.presets), next(iter(self.presets)))
        return tuple(
            self._region(outer, inner)
            for outer in self.presets[key]
            if _covers(outer, pitch, velocity)
            for inner in self.instruments[outer[INSTRUMENT]]
            if _covers(inner, pitch, velocity)
        )

    def _region(self, outer: Settings, inner: Settings) -> Region:
        """The region of an instrument's zone in a preset's, whose settings add to it; made once."""
        key = (id(outer), id(inner))
        if key not in self._regions:
            ranges = {PITCHES, VELOCITIES, INSTRUMENT, SAMPLE, LOOPS, ROOT}
            numbers = {*USUAL, *inner, *outer, PAN, ATTENUATION, COARSE, FINE, LOOPS, SUSTAIN}
            settings = {
                number: inner.get(number, USUAL.get(number, 0)) + (0 if number in ranges else outer.get(number, 0))
                for number in numbers
            }
            head = struct.unpack_from("<20sIIIIIBbHH", self._tables[b"shdr"], 46 * inner[SAMPLE])
            moved = [
                place + settings.get(fine, 0) + 32768 * settings.get(coarse, 0)
                for place, (fine, coarse) in zip(head[1:5], OFFSETS.values(), strict=False)
            ]
            start, end, loop_start, loop_end = moved
            samples = self.samples[start:end]
            looped = settings[LOOPS] in {1, 3} and 0 <= loop_start - start < loop_end - start <= len(samples)
            root = (settings[ROOT] if settings[ROOT] >= 0 else head[6]) - head[7] / 100
            loop = (loop_start - start, loop_end - start) if looped else None
            self._regions[key] = Region(samples, settings, head[5], root, loop)
        return self._regions[key]

    def _zones(self, bags: bytes, generators: bytes, first: list[int], target: int) -> list[list[Settings]]:
        """The zones of presets or instruments, each with the settings of the global one, which has no target."""
        bag = [begin for begin, _ in struct.iter_unpack("<HH", self._tables[bags])]
        settings = list(struct.iter_unpack("<Hh", self._tables[generators]))
        result = []
        for begin, end in pairwise(first):
            common: Settings = {}
            zones = []
            for place in range(begin, end):
                zone = dict(settings[bag[place] : bag[place + 1]])
                if target in zone:
                    zones.append({**common, **zone})
                elif place == begin:
                    common = zone
            result.append(zones)
        return result


def _covers(zone: Settings, pitch: int, velocity: int) -> bool:
    """Whether a zone's ranges, two bytes each, hold a note."""
    ranges = [zone.get(number, 127 << 8) & 0xFFFF for number in (PITCHES, VELOCITIES)]
    return all(span & 0xFF <= value <= span >> 8 for span, value in zip(ranges, (pitch, velocity), strict=True))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The kinds and bodies of RIFF chunks."""
    found, place = [], 0
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        found.append((kind, data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    return found


def _seconds(timecents: int) -> float:
    """A time of 1200ths of an octave of a second, at least a millisecond."""
    return float(max(2 ** (min(timecents, 8000) / 1200), 0.001))
