"""Measures against hand-made cases and published figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.metrics import classification as measure
from partita.metrics.comparison import compare, mcnemar

TRUTH = np.array([0, 0, 1, 1, 2])
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])


@pytest.mark.parametrize(
    ("right", "n", "low", "high"), [(45, 50, 0.786, 0.957), (149, 200, 0.680, 0.800), (48, 56, 0.743, 0.926)]
)
def test_wilson_gives_the_known_intervals(right: int, n: int, low: float, high: float) -> None:
    interval = measure.wilson(right, n)
    assert interval == pytest.approx((low, high), abs=6e-4)


@given(n=st.integers(1, 500), data=st.data())
def test_wilson_holds_the_share_inside_zero_and_one(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    low, high = measure.wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1


def test_confusion_recall_and_f1() -> None:
    counts = measure.confusion(PROBABILITIES, TRUTH)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 2, 0], [0, 0, 1]])
    recall, precision, f1 = measure.recall_precision_f1(counts)
    np.testing.assert_allclose(recall, [0.5, 1, 1])
    np.testing.assert_allclose(precision, [1, 2 / 3, 1])
    assert measure.macro_f1(counts) == pytest.approx((2 / 3 + 0.8 + 1) / 3)
    assert f1[2] == 1
    assert measure.accuracy(PROBABILITIES, TRUTH) == 0.8


def test_a_label_absent_from_the_truth_does_not_lower_macro_f1() -> None:
    assert measure.macro_f1(np.array([[3, 0, 0], [0, 3, 0], [0, 0, 0]])) == 1


def test_likelihood_and_brier_of_ignorance() -> None:
    flat = np.full((4, 10), 0.1)
    truth = np.array([0, 3, 5, 9])
    assert measure.nll(flat, truth) == pytest.approx(np.log(10))
    assert measure.brier(flat, truth) == pytest.approx(0.9)


def test_calibration_error_of_right_and_wrong_confidence() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 20_000)
    honest = np.stack([confidence, 1 - confidence], 1)
    truth = (rng.uniform(size=20_000) > confidence).astype(int)
    assert measure.ece(honest, truth) < 0.02
    boastful = np.stack([np.full(20_000, 0.99), np.full(20_000, 0.01)], 1)
    assert measure.ece(boastful, truth) == pytest.approx(0.99 - (truth == 0).mean(), abs=1e-9)
    low, high = measure.ece_interval(honest[:200], truth[:200])
    assert low <= high


@given(st.floats(0.2, 5))
def test_temperature_is_recovered(temperature: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 4))
    scaled = np.exp(scores / temperature)
    scaled /= scaled.sum(1, keepdims=True)
    truth = (rng.uniform(size=(4000, 1)) > scaled.cumsum(1)).sum(1).clip(max=3)
    assert measure.fit_temperature(scores, truth) == pytest.approx(temperature, rel=0.12)


@given(first=st.integers(0, 12), second=st.integers(0, 12))
def test_mcnemar_is_symmetric_and_counts_all_ways_to_fall(first: int, second: int) -> None:
    n, gap = first + second, abs(first - second)
    as_uneven = sum(abs(2 * ways.bit_count() - n) >= gap for ways in range(2 ** min(n, 12)))
    assert mcnemar(first, second) == mcnemar(second, first)
    if n <= 12:
        assert mcnemar(first, second) == pytest.approx(as_uneven / 2**n)


def test_mcnemar_of_many_songs_stays_a_number() -> None:
    assert mcnemar(4000, 4000) == 1
    assert 0 < mcnemar(4000, 4400) < 1e-4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_a_comparison_the_other_way_round_is_its_mirror(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    there, back = compare(first, second), compare(second, first)
    assert (there.only_first, there.p) == (back.only_second, back.p)
    assert there.difference == pytest.approx(first.mean() - second.mean())
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert there.interval[0] <= there.difference <= there.interval[1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_bootstrap_holds_its_point(right: list[bool]) -> None:
    low, high = measure.song_bootstrap(np.array(right))
    assert 0 <= low <= np.mean(right) <= high <= 1


@given(order=st.permutations(range(5)))
def test_answering_all_songs_risks_the_error_whatever_their_order(order: list[int]) -> None:
    curve = measure.risk_coverage(PROBABILITIES[order], TRUTH[order])
    np.testing.assert_allclose(curve, measure.risk_coverage(PROBABILITIES, TRUTH))
    assert curve[-1, :2] == pytest.approx((1, 1 - measure.accuracy(PROBABILITIES, TRUTH)))


def test_abstaining_by_confidence_that_knows_costs_least() -> None:
    truth = np.array([0] * 80 + [1] * 20)
    sure, unsure = np.linspace(0.8, 0.9, 80), np.linspace(0.6, 0.7, 20)
    knowing = np.concatenate([sure, unsure])
    misled = np.concatenate([unsure.repeat(4), sure[:20]])
    areas = [measure.aurc(measure.risk_coverage(np.stack([c, 1 - c], 1), truth)) for c in (knowing, misled)]
    flat = measure.risk_coverage(np.tile([0.7, 0.3], (100, 1)), truth)
    assert areas[0] < measure.aurc(flat) < areas[1]
    np.testing.assert_allclose(flat[:, 1], 0.2)
