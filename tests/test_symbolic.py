"""Measures of symbolic music: what must not change them, what they say of known music, and two flaws not repeated."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import SCORES, performance

from partita.events import Note, Tempo, TimeSignature, Track
from partita.metrics.symbolic import Passage, TokenFrequency, bits, bits_difference, bits_interval, groove_consistency
from partita.metrics.symbolic import pieces as measures
from partita.metrics.symbolic.sets import frechet, measure, overlap
from partita.metrics.symbolic.structure import LONG, MIDDLE, SHORT, structureness
from partita.midi import Score
from partita.tokens import FIELDS, VOCABULARY, encode


def passage(seed: int = 0, notes: int = 120, seconds: float = 30.0) -> Passage:
    """Notes at random, two octaves of C major around middle C."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, seconds - 1, notes))
    pitch = 48 + 12 * rng.integers(0, 2, notes) + rng.choice(measures.MAJOR, notes)
    return Passage(onset, rng.uniform(0.05, 1, notes), pitch, rng.integers(30, 100, notes), seconds)


def line(pitches: list[int], step: float = 0.25) -> Passage:
    """A tune of equal notes."""
    n = len(pitches)
    return Passage(step * np.arange(n), np.full(n, step), np.array(pitches), np.full(n, 64), step * n)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999), st.integers(-24, 24), st.floats(0.25, 4))
def test_what_key_and_tempo_leave_alone(seed: int, shift: int, tempo: float) -> None:
    here = passage(seed)
    there = replace(here, pitch=here.pitch + shift)
    for feature in (
        measures.pitch_class_entropy,
        measures.scale_consistency,
        measures.pitch_count,
        measures.pitch_range,
    ):
        assert feature(here) == pytest.approx(feature(there))
    for name, feature in measures.FEATURES.items():
        if name not in ("pitch classes", "pitch-class transitions"):
            np.testing.assert_allclose(feature(here), feature(there))
    stretched = replace(here, onset=tempo * here.onset, duration=tempo * here.duration, seconds=tempo * here.seconds)
    assert measures.polyphony(here) == pytest.approx(measures.polyphony(stretched))
    assert measures.polyphony_rate(here) == pytest.approx(measures.polyphony_rate(stretched))
    assert measures.density(here) == pytest.approx(tempo * measures.density(stretched))


def test_known_music() -> None:
    scale = line([60, 62, 64, 65, 67, 69, 71, 72])
    assert measures.scale_consistency(scale) == 1
    assert measures.polyphony(scale) == pytest.approx(1)
    assert measures.polyphony_rate(scale) == pytest.approx(0)
    assert measures.density(scale) == pytest.approx(4)
    assert measures.mean_inter_onset(scale) == pytest.approx(0.25)
    assert measures.pitch_class_entropy(line([60, 72, 48])) == 0
    assert measures.pitch_class_entropy(line(list(range(12)))) == pytest.approx(np.log2(12))
    assert measures.scale_consistency(line(list(range(12)))) == pytest.approx(7 / 12)
    assert measures.pitch_count(scale) == 8
    assert measures.pitch_range(scale) == 12
    chords = Passage(np.repeat([0.0, 2.0], 2), np.ones(4), np.array([60, 64, 60, 64]), np.full(4, 64), 4.0)
    assert measures.polyphony(chords) == 2
    assert measures.polyphony_rate(chords, 2) == 0.5  # a chord of two at threshold two counts
    assert measures.inter_onsets(chords)[0] == pytest.approx(2 / 3)
    struck_twice = Passage(np.array([0.0, 0.5]), np.array([1.0, 0.5]), np.array([60, 60]), np.full(2, 64), 1.0)
    assert measures.polyphony(struck_twice) == 1


@settings(deadline=None, max_examples=20)
@given(SCORES)
def test_any_score_can_be_measured(score: Score) -> None:
    whole = Passage.of(score)
    for part in (whole, whole.cut(0, 5.0)):
        for feature in measures.FEATURES.values():
            assert np.isfinite(feature(part)).all()
        for feature in (measures.inter_onsets, measures.durations, measures.pitch_classes):
            assert feature(part).sum() in (0, pytest.approx(1))
    assert 0 <= measures.polyphony_rate(whole) <= 1 + 1e-9


def test_windows_are_whole_and_go_back_to_scores() -> None:
    whole = Passage.of(performance(900))
    windows = list(whole.windows(10.0))
    assert len(windows) == int(whole.seconds // 10)
    assert sum(map(len, windows)) <= len(whole)
    for window in windows:
        assert (window.onset >= 0).all()
        assert (window.onset + window.duration <= 10 + 1e-9).all()
        again = Passage.of(window.score())
        assert np.array_equal(np.sort(again.pitch), np.sort(window.pitch))
        np.testing.assert_allclose(again.onset + window.onset[0], window.onset, atol=2e-3)
    scattered = windows[0].scattered(np.random.default_rng(0))
    assert (np.abs(scattered.pitch - windows[0].pitch) <= 12).all()
    assert scattered.pitch.min() >= 0
    assert np.array_equal(scattered.onset, windows[0].onset)
    assert list(whole.windows(1e6)) == []


@pytest.mark.parametrize(("numerator", "denominator", "bar"), [(4, 4, 1920), (3, 4, 1440), (6, 8, 1440), (5, 4, 2400)])
def test_equal_bars_have_one_groove(numerator: int, denominator: int, bar: int) -> None:
    """Four identical bars score exactly 1, and not less for an empty one after them."""
    meter = [TimeSignature(0, numerator, denominator)]
    notes = [Note(bar * n + tick, 120, 60) for n in range(4) for tick in (0, 240, 720)]
    assert groove_consistency(Score([Track(notes)], time_signatures=meter)) == 1
    late = [Note(note.tick + 2 * bar, 120, 60) for note in notes]
    assert groove_consistency(Score([Track(late)], time_signatures=meter)) == 1
    early = [Note(max(0, note.tick - 5), 120, 60) for note in notes]
    assert groove_consistency(Score([Track(early)], time_signatures=meter)) == 1
    other = [*notes, Note(4 * bar, 120, 60)]
    assert groove_consistency(Score([Track(other)], time_signatures=meter)) == pytest.approx(1 - 2 / 16 / 4)
    assert np.isnan(groove_consistency(Score([Track(notes[:3])], time_signatures=meter)))
    assert np.isnan(groove_consistency(Score()))


def mgeval_divergence(first: np.ndarray, second: np.ndarray) -> float:
    """The reference implementation: each density on a grid of its own, compared point by point."""

    def density(values: np.ndarray) -> np.ndarray:
        grid = np.linspace(values.min(), values.max(), 1000)
        width = values.std() * len(values) ** -0.2
        return np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(1)

    p, q = density(first), density(second)
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())


def test_divergence_sees_where_two_sets_lie() -> None:
    """N(0, 1) from N(5, 1) is 12.5 nats; two grids make nearly nothing of it."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 5000), rng.normal(5, 1, 5000)
    assert mgeval_divergence(first, second) < 0.1
    assert overlap(first, second).divergence == pytest.approx(12.5, abs=2)
    assert overlap(first, first + 2).divergence == pytest.approx(2, rel=0.3)
    assert overlap(first, rng.normal(0, 1, 5000)).divergence == pytest.approx(0, abs=0.01)


def test_overlap_reaches_beyond_the_samples() -> None:
    """Two normal distributions d apart share erfc(d / 8 ** 0.5); what lies beyond the extremes counts as well."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 5000), rng.normal(1, 1, 5000)
    assert overlap(first, second).area == pytest.approx(0.617, abs=0.02)
    few, others = np.array([0.0, 1.0]), np.array([0.2, 0.9])  # most of their densities lies beyond 0..1
    assert overlap(few, few).area == pytest.approx(1, abs=0.01)
    assert overlap(few, others).area > 0.75
    assert overlap(few, others) == pytest.approx(overlap(10 * few + 5, 10 * others + 5), rel=1e-6)
    assert overlap(few, few + 100).area == pytest.approx(0, abs=0.01)
    same = np.ones(5)
    assert overlap(same, same).area == pytest.approx(1, abs=0.01)


def test_frechet_is_that_of_normal_distributions() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(4000, 3)), 2 * rng.normal(size=(4000, 3)) + [3, 0, 0]
    whole, limit = frechet(ours, theirs)
    assert whole == pytest.approx(9 + 3 * (2 - 1) ** 2, rel=0.05)
    assert limit == pytest.approx(whole, rel=0.02)
    few, limit = frechet(rng.normal(size=(60, 17)), rng.normal(size=(60, 17)))
    assert few > 3  # of the same distribution
    assert abs(limit) < few / 3


def test_sets_are_alike_or_not() -> None:
    real = [passage(seed) for seed in range(40)]
    alike = measure([passage(seed) for seed in range(100, 130)], real)
    rng = np.random.default_rng(0)
    floor = measure([p.scattered(rng) for p in real[:30]], real)
    other = measure([passage(seed, notes=30, seconds=30.0) for seed in range(30)], real)
    assert alike.area.value > 0.9 > floor.area.value > other.area.value
    assert alike.area.interval.low < alike.area.value < alike.area.interval.high
    assert alike.area.value == pytest.approx(np.mean([one.area for one in alike.features.values()]))
    assert floor.features["pitch classes"].area < 0.5 < floor.features["velocities"].area
    assert 10 * alike.frechet_unbiased < min(floor.frechet_unbiased, other.frechet_unbiased)
    assert alike.frechet_unbiased < alike.frechet


def test_structure_is_found_at_its_length() -> None:
    rng = np.random.default_rng(0)
    tune = rng.integers(40, 80, 20).tolist()  # five seconds
    repeated, aimless = line(tune * 6), line(rng.integers(40, 80, 120).tolist())
    assert structureness(repeated, SHORT) > 0.5 > 2 * structureness(aimless, SHORT)
    assert structureness(repeated, MIDDLE) > 0.5 > 2 * structureness(aimless, MIDDLE)
    assert structureness(line(tune), LONG) == 0
    assert structureness(replace(repeated, pitch=repeated.pitch + 5), SHORT) == pytest.approx(
        structureness(repeated, SHORT)
    )
    assert 0 <= structureness(aimless, LONG) <= structureness(repeated, LONG) <= 1


def test_bits_per_note_and_their_interval() -> None:
    rng = np.random.default_rng(0)
    pieces = [
        {"time": (float(nats), 10 * n), "pitch": (2.0 * nats, 10 * n)}
        for n, nats in zip(range(1, 21), rng.uniform(50, 150, 20), strict=True)
    ]
    whole = sum(bits(pieces).values())
    low, high = bits_interval(pieces)
    assert low < whole < high
    better = [{name: (0.9 * nats, notes) for name, (nats, notes) in piece.items()} for piece in pieces]
    difference, (low, high) = bits_difference(pieces, better)
    assert difference == pytest.approx(0.1 * whole)
    assert 0 < low < difference < high


def test_the_token_one_gram_is_a_likelihood() -> None:
    scores = [performance(80, seed) for seed in range(4)]
    model = TokenFrequency.fit(scores[:3])
    assert len(model.nats) == VOCABULARY
    free = [token for field in ("time", "pitch", "pedal", "mark") for token in FIELDS[field]]
    for tokens in (free, FIELDS["velocity"], FIELDS["duration"]):
        assert np.exp(-model.nats[list(tokens)]).sum() == pytest.approx(1)
    split = model.field_nats(scores[3])
    tokens = encode(scores[3])[1:]
    assert sum(nats for nats, _ in split.values()) == pytest.approx(model.nats[tokens].sum())
    assert {notes for _, notes in split.values()} == {len(set(zip(*_onsets(scores[3]), strict=True)))}
    assert sum(bits([split]).values()) > sum(bits([TokenFrequency.fit(scores[3:]).field_nats(scores[3])]).values())


def _onsets(score: Score) -> tuple[list[int], list[int]]:
    notes = score.notes()
    return np.rint(100 * score.seconds_at(notes["tick"])).astype(int).tolist(), notes["pitch"].tolist()


def test_a_tempo_map_makes_seconds() -> None:
    notes = [Note(480 * n, 240, 60 + n) for n in range(4)]
    whole = Passage.of(Score([Track(notes)], tempos=[Tempo(0, 1_000_000), Tempo(960, 250_000)]))
    np.testing.assert_allclose(whole.onset, [0, 1, 2, 2.25])
    np.testing.assert_allclose(whole.duration, [0.5, 0.5, 0.125, 0.125])
    assert whole.seconds == 2.375
