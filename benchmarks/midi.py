"""Rates of MIDI: reading, writing, tokens, rolls and rendering, of performances like those of MAESTRO."""

from collections.abc import Callable

import numpy as np
from measure import Bar, Figure, Plan, in_turn, ratios

from partita.events import Control, Note, Tempo, Track, columns
from partita.midi import Score
from partita.render import render
from partita.rolls import roll
from partita.tokens import decode, encode

NOTES, CONTROLS = 5_500, 8_800
"""Of one piece, as in MAESTRO on average."""


def performance(seed: int, tempos: int = 1) -> Score:
    """Ten minutes of piano at 10 notes a second, with half-pedalled pedal curves and a tempo map."""
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.exponential(96, NOTES)).astype(int)
    notes = columns(
        Note,
        tick=onset,
        duration=rng.geometric(1 / 200, NOTES),
        pitch=np.clip(rng.normal(64, 14, NOTES), 21, 108).astype(int),
        velocity=np.clip(rng.normal(63, 17, NOTES), 1, 127).astype(int),
    )
    controls = columns(
        Control,
        tick=np.sort(rng.integers(0, onset[-1], CONTROLS)),
        number=rng.choice([64, 64, 64, 67], CONTROLS),
        value=rng.integers(0, 128, CONTROLS),
    )
    changes = np.linspace(0, onset[-1], tempos).astype(int)
    beats = rng.integers(400_000, 600_000, tempos)
    pace = [Tempo(int(tick), int(beat)) for tick, beat in zip(changes, beats, strict=True)]
    return Score([Track(notes, controls)], 480, pace)


def rates(plan: Plan) -> list[Figure]:
    """Notes a second of each way in and out."""
    from symusic import core

    pieces = 10 if plan.quick else 60
    scores = [performance(seed) for seed in range(pieces)]
    files = [score.to_bytes() for score in scores]
    mapped = [performance(seed, tempos=700) for seed in range(pieces)]
    tokens = [encode(score) for score in scores]
    count = pieces * NOTES

    def symusic() -> None:
        for data in files:
            for track in core.ScoreTick.from_midi(data, True).tracks:
                track.notes.numpy(), track.controls.numpy()

    calls: dict[str, Callable[[], object]] = {
        "read": lambda: [Score.from_bytes(data) for data in files],
        "symusic": symusic,
        "write": lambda: [score.to_bytes() for score in scores],
        "encode": lambda: [encode(score) for score in scores],
        "mapped": lambda: [encode(score) for score in mapped],
        "decode": lambda: [decode(part) for part in tokens],
        "roll": lambda: [roll(score) for score in scores],
        "render": lambda: render(scores[0], soundfont="plain"),
    }
    taken = in_turn(calls, plan.repeats)

    def rate(what: str, name: str, bar: float | None = None, remark: str = "") -> Figure:
        limit = None if bar is None else Bar(bar, at_most=False)
        return Figure(what, [count / 1e6 / cpu for cpu in taken[name]], "M notes/s", limit, remark)

    return [
        rate("MIDI file to Score", "read", 5, f"{NOTES} notes and {CONTROLS} controls a file"),
        rate("  symusic alone", "symusic", remark="the same columns, without channels and checks"),
        Figure("  Score over symusic alone", ratios(taken["read"], taken["symusic"]), "times"),
        rate("Score to MIDI file", "write"),
        rate("Score to tokens", "encode", 1, f"{sum(map(len, tokens)) / count:.2f} tokens a note"),
        rate("  with a tempo map of 700 changes", "mapped", 1),
        rate("tokens to Score", "decode"),
        rate("Score to piano roll of 50 ms", "roll"),
        Figure(
            "Score to sound, plain piano",
            [scores[0].seconds / cpu for cpu in taken["render"]],
            "x real time",
            remark=f"44.1 kHz stereo, {NOTES / scores[0].seconds:.0f} notes a second",
        ),
    ]
