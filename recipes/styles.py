"""Remake the exemplars of styles that come with partita, in about three minutes.

    python recipes/styles.py GROOVE FluidR3_GM.sf2 src/partita/transfers/styles

Drums are human performances of the Groove MIDI Dataset (GROOVE is its folder), bass and chords the arrangements below,
both played on the soundfont FluidR3 GM (MIT). Four or eight bars each, mono at 32 kHz.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from partita.audio import Audio
from partita.events import DRUMS
from partita.midi import Note, Score, Tempo, Track
from partita.render import render
from partita.soundfont import SoundFont

RATE, TICKS, STEP = 32_000, 480, 120
SECONDS = 9
DRUM_BOOST = 25
"""Added to the drums' velocities, which were played for a louder kit."""
DRIVE = 3.0
"""How far a mix is driven into its limiter."""
DRUM_PITCHES = {22: 42, 26: 46, 39: 38, 40: 38, 45: 47, 50: 48, 55: 49, 58: 43, 59: 51}
"""Pitches of the data set's drum kit that General MIDI gives to other drums, or to none that sounds alike."""
CHORDS = {
    "M": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "M7": (0, 4, 7, 11), "5": (0, 7, 12),
    "9": (0, 4, 10, 14),
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """An instrument's bar of sixteenths: `x` is a short chord, `X` one that lasts until the next letter or the end.

    Digits are single notes of the chord's scale: 1 root, 3 third, 5 fifth, 7 sixth, 8 octave.
    """

    program: int
    bar: str
    low: int
    velocity: int = 80


@dataclass(frozen=True)
class Arrangement:
    """`drums` is a file of the data set from the bar `start` on; a chord a bar, as semitones above `root` and kind."""

    drums: str
    start: int
    root: int
    chords: str
    parts: tuple[Part, ...]


BLUES = "0:7 0:7 5:7 0:7"
STYLES: dict[str, tuple[Arrangement, ...]] = {
    "blues": (
        Arrangement("drummer5/session1/17_blues-shuffle_72", 8, 9, BLUES, (
            Part(33, "1..13..35..57..5", 33, 95),
            Part(26, "x..xx..xx..xx..x", 57, 78),
            Part(16, "X.......X.......", 60, 55))),
        Arrangement("drummer5/session1/17_blues-shuffle_72", 40, 4, "0:7 5:7 0:7 7:7", (
            Part(32, "1...3...5...7...", 28, 100),
            Part(0, "x..xx..xX.......", 60, 85),
            Part(22, "8..75..3..1.....", 69, 70))),
    ),
    "country": (
        Arrangement("drummer1/session2/10_country_114", 8, 7, "0:M 5:M 7:M 0:M", (
            Part(32, "1...5...1...5...", 31, 100),
            Part(25, "..x.x.x...x.x.x.", 55, 85),
            Part(105, "1.3.5.8.5.3.1.3.", 67, 65))),
        Arrangement("drummer7/session2/80_country_78", 8, 2, "0:M 0:M 5:M 7:M", (
            Part(32, "1.......5.......", 33, 100),
            Part(25, "X.x.x.x.X.x.x.x.", 54, 85),
            Part(110, "5.......8...7...", 62, 60))),
    ),
    "disco": (
        Arrangement("drummer1/session1/101_dance-disco_120", 8, 9, "0:m7 5:9 10:M7 7:7", (
            Part(33, "1.8.1.8.1.8.1.8.", 33, 105),
            Part(27, "x.xx.xx.x.xx.xx.", 60, 70),
            Part(48, "X...............", 64, 70))),
        Arrangement("drummer8/session2/26_dance-disco_137", 8, 4, "0:m7 0:m7 5:m7 7:m7", (
            Part(38, "1..8..1.1..8..5.", 28, 105),
            Part(61, "..x...x...x.x...", 62, 75),
            Part(48, "X.......X.......", 67, 75))),
    ),
    "hiphop": (
        Arrangement("drummer3/session2/26_hiphop_92", 4, 5, "0:m7 0:m7 8:M7 7:m7", (
            Part(38, "1.....1...1.....", 29, 118),
            Part(4, "X.....x...X.....", 60, 60))),
        Arrangement("drummer7/session1/17_hiphop_100", 4, 0, "0:m 0:m 10:M 8:M", (
            Part(39, "1..1......1..5..", 24, 120),
            Part(45, "x...x...x...x...", 72, 50))),
    ),
    "jazz": (
        Arrangement("drummer1/session1/49_jazz_125", 8, 5, "2:m7 7:7 0:M7 9:7", (
            Part(32, "1...3...5...7...", 29, 100),
            Part(0, "x.....x...X.....", 58, 70),
            Part(66, "5..3..8...7.5...", 62, 75))),
        Arrangement("drummer1/session1/47_jazz_102", 8, 10, "0:M7 9:7 2:m7 7:7", (
            Part(32, "1...5...8...5...", 28, 100),
            Part(26, "..X.....x..x....", 55, 68),
            Part(56, "8...7.5...3..5..", 65, 68))),
    ),
    "metal": (
        Arrangement("drummer1/session3/1_rock-prog_125", 16, 4, "0:5 0:5 1:5 10:5", (
            Part(30, "xxx.xxx.xxx.xxxx", 40, 118),
            Part(30, "xxx.xxx.xxx.xxxx", 52, 105),
            Part(34, "1.1.1.1.1.1.1.1.", 28, 110))),
        Arrangement("drummer1/session2/62_punk_144", 8, 2, "0:5 3:5 5:5 1:5", (
            Part(30, "xxxxxxxxxxxxxxxx", 38, 118),
            Part(29, "X.......X.......", 50, 110),
            Part(34, "1.1.1.1.1.1.1.1.", 26, 112))),
    ),
    "pop": (
        Arrangement("drummer7/session2/103_pop_132", 2, 0, "0:M 7:M 9:m 5:M", (
            Part(33, "1...1.1.1...1.5.", 28, 95),
            Part(0, "x.x.x.x.x.x.x.x.", 60, 75),
            Part(50, "X...............", 64, 70),
            Part(80, "5...8.5.3...5...", 72, 55))),
        Arrangement("drummer7/session2/101_pop_142", 2, 7, "0:M 9:m 5:M 7:M", (
            Part(38, "1.1.1.1.1.1.1.1.", 31, 95),
            Part(25, "X...x.x.X...x.x.", 55, 80),
            Part(89, "X...............", 62, 75),
            Part(81, "8..5..3.8..5..3.", 74, 50))),
    ),
    "reggae": (
        Arrangement("drummer1/session1/184_reggae_78", 8, 9, "0:m 0:m 7:m 5:m", (
            Part(33, "1..15...8..5..3.", 33, 118),
            Part(27, "..x...x...x...x.", 60, 85),
            Part(16, "..xx..xx..xx..xx", 57, 60))),
        Arrangement("drummer1/session1/201_reggae-slow_64", 8, 7, "0:M 5:M 0:M 7:M", (
            Part(33, "1.3.5...1.5.3...", 31, 118),
            Part(0, "..x...x...x...x.", 60, 80),
            Part(27, "..x...x...x...xx", 64, 75))),
    ),
    "rock": (
        Arrangement("drummer1/session2/181_rock_115", 8, 9, "0:5 5:5 3:5 10:5", (
            Part(29, "x.x.x.x.x.x.x.xx", 45, 105),
            Part(29, "X.......X.......", 57, 85),
            Part(34, "1.1.1.1.1.1.1.1.", 33, 105))),
        Arrangement("drummer1/session1/51_rock-shuffle_125", 8, 4, "0:7 5:7 7:7 0:7", (
            Part(29, "x..xx..xx..xx..x", 52, 100),
            Part(33, "1..13..35..57..5", 28, 105),
            Part(18, "X...............", 60, 60))),
    ),
}  # fmt: skip


def played(part: Part, arrangement: Arrangement, bars: int) -> list[Note]:
    """The notes of an instrument."""
    chords = [chord.split(":") for chord in arrangement.chords.split()]
    notes = []
    struck = [step for step, letter in enumerate(part.bar) if letter != "."]
    for bar in range(bars):
        shift, kind = chords[bar % len(chords)]
        chord, root = CHORDS[kind], arrangement.root + int(shift)
        base = part.low + (root - part.low) % 12
        degrees = {"1": 0, "3": chord[1] if kind != "5" else 3, "5": 7, "7": 9, "8": 12}
        for step, following in zip(struck, [*struck[1:], 16], strict=True):
            letter, tick = part.bar[step], (16 * bar + step) * STEP
            long = (following - step) * STEP
            for offset in chord if letter in "xX" else (degrees[letter],):
                folded = base + offset - (12 if letter in "xX" and base + offset > part.low + 16 else 0)
                length = 100 if letter == "x" else round(0.95 * long)
                notes.append(Note(tick, length, folded, part.velocity - 12 * (step % 4 != 0)))
    return notes


def arranged(arrangement: Arrangement, groove: Path) -> tuple[Score, int]:
    """The score, and its bars."""
    (path,) = groove.glob(f"{arrangement.drums}_beat_4-4.mid")
    score = Score.read(path)
    tempo = int(arrangement.drums.rsplit("_", 1)[1])
    bars = 4 * max(1, round(SECONDS * tempo / 960))
    scale = TICKS / score.ticks_per_beat
    first, last = arrangement.start * 16 * STEP, (arrangement.start + bars) * 16 * STEP
    drums = []
    for tick, _, pitch, velocity in score.notes().tolist():
        at = round(tick * scale)
        if first <= at < last:
            drums.append(Note(at - first, STEP, DRUM_PITCHES.get(pitch, pitch), min(127, velocity + DRUM_BOOST)))
    tracks = [Track(drums, channel=DRUMS)]
    tracks += [
        Track(played(part, arrangement, bars), program=part.program, channel=n)
        for n, part in enumerate(arrangement.parts)
    ]
    return Score(tracks, TICKS, [Tempo(0, round(60e6 / tempo))]), bars


def remake(groove: Path, font: SoundFont, out: Path) -> None:
    """Render every arrangement to OUT/STYLE/NUMBER.ogg."""
    for style, arrangements in STYLES.items():
        (out / style).mkdir(parents=True, exist_ok=True)
        for number, arrangement in enumerate(arrangements, start=1):
            score, bars = arranged(arrangement, groove)
            sound = render(score, RATE, font)
            frames = round(float(score.seconds_at(bars * 16 * STEP)) * RATE)
            mono = sound.samples.mean(0, keepdims=True)[:, :frames]
            loud = np.tanh(DRIVE * mono / np.abs(mono).max()).astype(np.float32) * np.float32(0.8)
            Audio(loud, RATE).write(out / style / f"{number}.ogg", {"title": f"{style} {number}"})


if __name__ == "__main__":
    remake(Path(sys.argv[1]), SoundFont.read(Path(sys.argv[2])), Path(sys.argv[3]))
