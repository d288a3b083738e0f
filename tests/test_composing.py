"""Where new music goes, and what guards make of music that goes wrong: planted loops, silences and crowds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import SCORES, performance

from partita.composing import Event, Key, Limits, Place, Stream, Watch, Wishes
from partita.errors import PartitaError, UnusableMidiError, UsageError
from partita.events import DRUMS, Control, Note, Tempo, Track
from partita.midi import Score
from partita.models.composer import Composer
from partita.sampling import Sampling

EVENTS = [
    Control(0, 64, 127),
    Note(100, 900, 60, 80),
    Note(400, 5000, 64, 70),
    Control(1500, 64, 0),
    Note(1990, 10, 67),
]


def outside(track: Track, begin: int, end: int) -> tuple[list[object], ...]:
    tables = (track.notes, track.controls, track.bends)
    return tuple(table[(table["tick"] < begin) | (table["tick"] >= end)].tolist() for table in tables)


def test_a_continuation_keeps_the_piece_and_lasts_to_the_tick() -> None:
    score = performance()
    place = Place.after_all(score, 2.0)
    longer = place.filled(EVENTS)
    assert longer.tracks[:-1] == score.tracks
    assert replace(longer, tracks=score.tracks) == score
    assert (longer.tracks[-1].channel, longer.tracks[-1].program, longer.tracks[-1].name) == (0, 0, "partita")
    tick = float(np.diff(score.seconds_at([place.end - 1, place.end]))[0])
    assert abs(longer.seconds - (place.begin_seconds + 2.0)) <= tick / 2
    assert Score.from_bytes(longer.to_bytes()) == longer


def test_new_notes_are_where_and_as_long_as_they_were_said_to_be() -> None:
    place = Place.after_all(performance(), 2.0)
    part = place.part(EVENTS)
    np.testing.assert_allclose(part.notes()["tick"], [100, 400, 1990], atol=2)
    np.testing.assert_allclose(part.notes()["duration"], [900, 1600, 10], atol=2)  # the second is cut at the end
    assert part.notes()["velocity"].tolist() == [80, 70, 64]
    np.testing.assert_allclose([part.pedals()["tick"][0], part.pedals()["duration"][0]], [0, 1500], atol=2)


@settings(max_examples=60, deadline=None)
@given(SCORES, st.floats(0, 1), st.floats(0, 1))
def test_filling_a_span_touches_nothing_outside(score: Score, low: float, high: float) -> None:
    begin, end = sorted((low * score.seconds, high * score.seconds))
    try:
        place = Place.inside(score, begin, end)
    except PartitaError:
        return
    filled = place.filled([event for event in EVENTS if event.tick < 1000 * place.seconds])
    assert [filled.tempos.tolist(), filled.ticks_per_beat] == [score.tempos.tolist(), score.ticks_per_beat]
    kept = [track for track in score.tracks if outside(track, place.begin, place.end) != ([], [], [])]
    for track in kept:
        assert outside(track, place.begin, place.end) in [
            outside(other, place.begin, place.end) for other in filled.tracks
        ]
    for track in filled.tracks:
        if track.channel != DRUMS and track.name != "partita":
            inside = (track.notes["tick"] >= place.begin) & (track.notes["tick"] < place.end)
            assert not inside.any()
    new = filled.tracks[-1] if filled.tracks and filled.tracks[-1].name == "partita" else Track()
    assert (new.notes["tick"] + new.notes["duration"] <= place.end).all()
    assert (new.notes["tick"] >= place.begin).all()


def test_the_pedal_is_where_it_was_behind_a_filled_span() -> None:
    pedals = [Control(1000, 64, 127), Control(3000, 64, 0), Control(5000, 64, 90), Control(7000, 64, 0)]
    notes = [Note(tick, 400, 60) for tick in range(0, 8000, 500)]
    score = Score([Track(notes, pedals)], ticks_per_beat=500)
    place = Place.inside(score, 2.0, 6.0)
    filled = place.filled(EVENTS)
    spans = [(1000, 1000), (2000, 1500), (6000, 1000)]  # as before; the new one; down again where it was down
    assert filled.pedals().tolist() == spans
    assert filled.tracks[-1].controls.tolist()[-1] == (6000, 64, 90)


def test_a_key_that_is_still_held_is_not_struck() -> None:
    score = Score([Track([Note(0, 3000, 60), Note(0, 500, 64), Note(5000, 500, 60)])], ticks_per_beat=500)
    place = Place.inside(score, 1.0, 5.0)
    struck = place.filled([Note(500, 100, 60), Note(500, 100, 64), Note(2500, 100, 60)]).tracks[-1].notes
    assert struck[["tick", "pitch"]].tolist() == [(1500, 64), (3500, 60)]


def test_new_music_sounds_as_the_busiest_pitched_track() -> None:
    few, many = Track([Note(0, 9, 60)], program=40, channel=2), Track([Note(0, 9, 50), Note(9, 9, 50)], program=33)
    drums = Track([Note(tick, 9, 38) for tick in range(9)], channel=DRUMS)
    track = Place.after_all(Score([few, many, drums]), 1.0).filled([Note(0, 9, 70)]).tracks[-1]
    assert (track.program, track.channel) == (33, 0)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (Score(), "no notes to go on from"),
        (Score([Track([Note(0, 9, 36)], channel=DRUMS)]), "only drums"),
        (Score([Track([Note(2**28 - 10, 5, 60)])]), "no room behind"),
    ],
)
def test_what_can_not_be_continued_is_said(score: Score, reason: str) -> None:
    with pytest.raises(UnusableMidiError, match=reason):
        Place.after_all(score, 1.0)


@pytest.mark.parametrize("span", [(2.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1e6), (float("nan"), 1.0)])
def test_a_span_that_is_none_is_said(span: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="no span"):
        Place.inside(performance(), *span)


def test_a_coarse_clock_is_told() -> None:
    notes = [Track([Note(0, 1, 60)])]
    assert Place.after_all(Score(notes, ticks_per_beat=24), 1.0).coarseness == pytest.approx(0.5 / 24)
    assert Place.after_all(Score(notes, 480, tempos=[Tempo(0, 500_000)]), 1.0).coarseness == 0


Writes = Callable[[Score | None, float, Sampling, np.random.Generator], Iterator[Event]]


@dataclass(frozen=True)
class NoConfig:
    """Nothing to set."""


class Scripted(Composer):
    """A composer that a test writes."""

    name = "scripted"
    Config = NoConfig

    def __init__(self, writes: Writes) -> None:
        super().__init__(NoConfig())
        self.writes = writes
        self.temperatures: list[float] = []

    def compose(
        self,
        prompt: Score | None,
        seconds: float,
        sampling: Sampling,
        rng: np.random.Generator,
        until: Score | None = None,
    ) -> Iterator[Event]:
        self.temperatures.append(sampling.temperature)
        yield from (event for event in self.writes(prompt, seconds, sampling, rng) if event.tick < 1000 * seconds)


def wander(prompt: Score | None, seconds: float, sampling: Sampling, rng: np.random.Generator) -> Iterator[Event]:
    """Notes that never repeat for long, three a second."""
    for tick in range(0, round(1000 * seconds), 333):
        yield Note(tick, 300, int(rng.integers(40, 90)))


def first_then_well(fault: Writes) -> Writes:
    """A model that goes wrong at the temperature it was asked for and well at any other."""
    return lambda *given: (fault if given[2].temperature == 1.0 else wander)(*given)


def loops(*_: object) -> Iterator[Event]:
    return (Note(250 * i, 200, (60, 64, 67, 72)[i % 4]) for i in range(10_000))


def pauses(*_: object) -> Iterator[Event]:
    return iter([Note(0, 300, 60), Note(1000, 300, 62), Note(12_000, 300, 64)])


def stops(*_: object) -> Iterator[Event]:
    return iter([Note(0, 300, 60)])


def crowds(*_: object) -> Iterator[Event]:
    return (Note(10 * i, 50, 30 + 7 * i % 61) for i in range(10_000))


USUAL = Limits()


def stream(writes: Writes, seconds: float = 30.0, limits: Limits | None = USUAL) -> Stream:
    return Stream(Scripted(writes), Place.empty(seconds), Sampling(), (0, 0), limits)


@pytest.mark.parametrize(
    ("fault", "kind"), [(loops, "loop"), (pauses, "silence"), (stops, "silence"), (crowds, "density")]
)
def test_planted_faults_are_found_told_and_written_again(fault: Writes, kind: str) -> None:
    left = stream(fault, limits=None)
    assert any(map(Watch(USUAL).take, left)) or Watch(USUAL, left).rest(30_000)
    mended = stream(first_then_well(fault))
    notes = list(mended)
    watch = Watch(USUAL)
    assert not any(map(watch.take, notes))
    assert watch.rest(30_000) is None
    assert {repair.fault for repair in mended.repairs} == {kind}
    assert mended.unmended is None
    heated = [repair.temperature for repair in mended.repairs]
    assert all(temperature < 1 if kind == "density" else temperature > 1 for temperature in heated)
    assert [note.tick for note in notes] == sorted(note.tick for note in notes)


def test_after_a_repair_the_temperature_is_as_asked_for_again() -> None:
    mended = stream(first_then_well(stops))
    list(mended)
    assert mended.model.temperatures[:3] == [1.0, pytest.approx(1.1), 1.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", [loops, pauses, crowds])
def test_a_model_that_only_goes_wrong_comes_to_an_end_and_is_said_to(fault: Writes) -> None:
    hopeless = stream(fault)
    assert len(list(hopeless)) > 2
    assert hopeless.unmended is not None
    assert len(hopeless.repairs) == 8


def test_what_was_given_out_is_never_taken_back() -> None:
    def late(prompt: Score | None, seconds: float, sampling: Sampling, rng: np.random.Generator) -> Iterator[Event]:
        good = 25_000 if sampling.temperature == 1.0 else 100_000
        for tick in range(0, round(1000 * seconds), 250):
            yield Note(tick, 200, int(rng.integers(30, 100)) if tick < good else 60)

    seen = list(stream(late, 60.0))
    ticks = [event.tick for event in seen]
    assert ticks == sorted(set(ticks))
    assert seen == list(stream(late, 60.0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_the_seed_decides_and_sound_music_passes_untouched(seed: int, guarded: bool) -> None:
    limits = Limits() if guarded else None
    streams = [Stream(Scripted(wander), Place.empty(20.0), Sampling(), (seed, 1), limits) for _ in range(2)]
    first, second = map(list, streams)
    assert first == second
    assert streams[0].repairs == []
    rng = np.random.default_rng([seed, 1, 0])
    assert first == [event for event in wander(None, 20.0, Sampling(), rng) if event.tick < 20_000]


def test_a_composer_is_shown_what_it_wrote_before() -> None:
    shown: list[Score | None] = []

    def looking(prompt: Score | None, *rest: object) -> Iterator[Event]:
        shown.append(prompt)
        return stops() if len(shown) == 1 else wander(prompt, *rest)  # type: ignore[arg-type]

    before = Score([Track([Note(0, 2000, 50)])], ticks_per_beat=500)
    list(Stream(Scripted(looking), Place.after_all(before, 10.0), Sampling(), (0, 0), USUAL))
    assert [score.seconds for score in shown if score] == [2.0, 3.0]
    assert shown[1] is not None
    assert shown[1].notes()[["tick", "pitch"]].tolist() == [(0, 50), (2000, 60)]


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("tonic", range(12))
def test_a_prelude_is_as_wished(tonic: int, minor: bool) -> None:
    key = Key(tonic, minor)
    prelude = Wishes(key, tempo=90, density=7.0).prelude(np.random.default_rng(tonic))
    assert Key.found(prelude) == key == Key.named(str(key))
    assert len(prelude.notes()) / prelude.seconds == pytest.approx(7, rel=0.05)
    assert prelude.seconds == pytest.approx(16 * 60 / 90, abs=0.05)
    assert -6 <= key.sharps <= 6


def test_signatures_are_those_of_the_circle_of_fifths() -> None:
    names = ("Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#")
    assert [Key.named(name).sharps for name in names] == [*range(-5, 7)]
    assert all(Key.named(f"{name}m").sharps == Key(Key.named(name).tonic + 3, False).sharps for name in "ADGBE")
    assert Key.named("Cb") == Key.named("b major")
    assert Key.found(Score()) is None


def test_a_prelude_is_shown_and_not_written() -> None:
    shown: list[Score | None] = []

    def looking(prompt: Score | None, *rest: object) -> Iterator[Event]:
        shown.append(prompt)
        return wander(prompt, *rest)  # type: ignore[arg-type]

    place = Place.empty(10.0, Wishes(Key(2, False)))
    written = list(Stream(Scripted(looking), place, Sampling(), (0, 0), USUAL))
    assert shown == [place.prelude]
    assert place.filled(written).seconds == 10
    assert len(place.filled(written).notes()) == len(written)
