"""Generated scores: a strategy for property tests, and a piece of any size."""

import numpy as np
from hypothesis import strategies as st

from partita.events import Bend, Control, KeySignature, Note, Tempo, TimeSignature, Track, columns
from partita.midi import Score

TICKS = st.integers(0, 5_000) | st.integers(0, 2**27)

NOTES = st.builds(Note, TICKS, st.integers(0, 4_000), st.integers(0, 127), st.integers(1, 127))
CONTROLS = st.builds(Control, TICKS, st.sampled_from([1, 7, 64, 66, 67, 119]), st.integers(0, 127))
BENDS = st.builds(Bend, TICKS, st.integers(-8192, 8191))

TRACKS = st.builds(
    Track,
    st.lists(NOTES, max_size=12),
    st.lists(CONTROLS, max_size=8),
    st.lists(BENDS, max_size=3),
    st.integers(0, 127),
    st.integers(0, 15),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200),
)

SCORES = st.builds(
    Score,
    st.lists(TRACKS, max_size=5),
    st.integers(1, 0x7FFF),
    st.lists(st.builds(Tempo, TICKS, st.integers(1, 2**24 - 1)), max_size=5),
    st.lists(st.builds(TimeSignature, TICKS, st.integers(1, 255), st.sampled_from([1, 2, 4, 8, 16, 128])), max_size=3),
    st.lists(st.builds(KeySignature, TICKS, st.integers(-7, 7), st.integers(0, 1)), max_size=3),
)


def performance(notes: int = 300, seed: int = 0, tempos: int = 20, gap: int = 60) -> Score:
    """A pianist's score: two hands on one channel, the pedal in one of them, a tempo map, 480 ticks a beat."""
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.integers(0, gap, notes))
    table = columns(
        Note,
        tick=onset,
        duration=rng.integers(1, 900, notes),
        pitch=rng.integers(21, 109, notes),
        velocity=rng.integers(1, 128, notes),
    )
    presses = np.cumsum(rng.integers(200, 900, notes // 8 + 1))
    lifts = presses + rng.integers(20, 190, len(presses))
    pedal = [
        Control(int(tick), 64, value)
        for pair in zip(presses, lifts, strict=True)
        for tick, value in zip(pair, (127, 0), strict=True)
    ]
    return Score(
        [Track(table[::2], name="right"), Track(table[1::2], pedal, name="left")],
        tempos=[
            Tempo(int(tick), int(beat))
            for tick, beat in zip(
                np.linspace(0, onset[-1], tempos, dtype=int), rng.integers(200_000, 1_500_000, tempos), strict=True
            )
        ],
        time_signatures=[TimeSignature(0, 3, 4)],
        key_signatures=[KeySignature(0, -3, 1)],
    )
