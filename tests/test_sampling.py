"""The laws of drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.errors import UsageError
from partita.sampling import Sampling, draw, probabilities

LOGITS = st.lists(st.floats(-30, 30) | st.just(-np.inf), min_size=1, max_size=30).filter(lambda row: max(row) > -np.inf)
SHARE = st.floats(0.01, 1)


def softmax(logits: list[float]) -> np.ndarray:
    weights = np.exp(np.array(logits) - max(logits))
    return weights / weights.sum()


@given(LOGITS, st.floats(0, 5), st.integers(0, 9), SHARE, st.floats(0, 1))
def test_what_is_drawn_from_is_a_distribution_over_what_is_allowed(
    logits: list[float], temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    p = probabilities(logits, Sampling(temperature, top_k, top_p, min_p))
    assert p.sum() == pytest.approx(1)
    assert (p >= 0).all()
    assert not p[np.isneginf(logits)].any()
    assert p[int(np.argmax(logits))] > 0


@given(LOGITS)
def test_without_settings_it_is_the_models_own(logits: list[float]) -> None:
    np.testing.assert_allclose(probabilities(logits), softmax(logits), atol=1e-12)


@given(LOGITS, SHARE)
def test_top_p_keeps_the_least_set_that_reaches_p(logits: list[float], top_p: float) -> None:
    kept = probabilities(logits, Sampling(top_p=top_p)) > 0
    model = softmax(logits)
    assert model[kept].sum() >= top_p - 1e-9
    assert model[kept].sum() - model[kept].min() < top_p + 1e-9  # without the least of them it would not
    assert model[kept].min() >= model[~kept].max(initial=0) - 1e-12


@given(LOGITS, SHARE, st.lists(st.floats(0, 9), max_size=20))
def test_min_p_is_free_of_scale(logits: list[float], min_p: float, tail: list[float]) -> None:
    kept = probabilities(logits, Sampling(min_p=min_p)) > 0
    model = softmax(logits)
    sure = np.abs(model - min_p * model.max()) > 1e-12
    assert (kept == (model >= min_p * model.max()))[sure].all()
    # unlikely tokens that are added take their share of all, and change nothing of who is kept
    with_tail = probabilities([*logits, *(max(logits) - below for below in tail)], Sampling(min_p=min_p)) > 0
    assert (with_tail[: len(logits)] == kept)[sure].all()


@given(LOGITS, st.integers(1, 40))
def test_top_k_keeps_the_k_likeliest(logits: list[float], top_k: int) -> None:
    kept = probabilities(logits, Sampling(top_k=top_k)) > 0
    assert kept.sum() <= top_k
    assert softmax(logits)[kept].min() >= softmax(logits)[~kept].max(initial=0)


@given(LOGITS, st.floats(-100, 100))
def test_a_constant_changes_nothing(logits: list[float], constant: float) -> None:
    moved = [value + constant for value in logits]
    np.testing.assert_allclose(probabilities(logits, Sampling(0.7)), probabilities(moved, Sampling(0.7)), atol=1e-9)


@given(LOGITS)
def test_temperature_to_zero_is_argmax(logits: list[float]) -> None:
    best = int(np.argmax(logits))
    assert draw(logits, np.random.default_rng(0), Sampling(0)) == best
    assert probabilities(logits, Sampling(0))[best] == 1
    others = np.delete(np.array(logits), best)
    if len(others) == 0 or logits[best] - others.max() > 1e-3:
        assert probabilities(logits, Sampling(1e-5))[best] == pytest.approx(1)
        assert probabilities(logits, Sampling(1e-320))[best] == 1


def test_temperature_sharpens_and_flattens() -> None:
    logits = [0.0, 1.0, 2.0]
    likeliest = [probabilities(logits, Sampling(temperature))[2] for temperature in (0.25, 0.5, 1, 2, 4)]
    assert likeliest == sorted(likeliest, reverse=True)


@given(st.integers(0, 2**32), st.floats(0, 2))
@settings(max_examples=30)
def test_seeds_repeat_and_batches_are_rows(seed: int, temperature: float) -> None:
    logits = np.random.default_rng(seed).normal(size=(3, 4, 7))
    first = draw(logits, np.random.default_rng(seed), Sampling(temperature))
    assert first.shape == (3, 4)
    assert (first == draw(logits, np.random.default_rng(seed), Sampling(temperature))).all()
    rng = np.random.default_rng(seed)
    one_by_one = [int(draw(row, rng, Sampling(temperature))) for row in logits.reshape(-1, 7)]
    assert first.ravel().tolist() == one_by_one


def test_frequencies_are_the_probabilities() -> None:
    logits = np.array([0.0, -np.inf, 1.0, -1.0, 2.0, -np.inf])
    drawn = draw(np.tile(logits, (20_000, 1)), np.random.default_rng(0), Sampling(0.9, min_p=0.1))
    expected = probabilities(logits, Sampling(0.9, min_p=0.1))
    counts = np.bincount(drawn, minlength=6)
    assert not counts[expected == 0].any()
    spread = np.sqrt(expected * (1 - expected) * 20_000)
    assert (np.abs(counts - 20_000 * expected) <= 4 * spread).all()


@pytest.mark.parametrize(
    "settings",
    [{"temperature": -1}, {"temperature": np.nan}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"min_p": -0.1}],
)
def test_settings_out_of_range(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="temperature"):
        Sampling(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("logits", [[-np.inf, -np.inf], [0.0, np.nan], [np.inf, 0.0]])
def test_logits_that_allow_nothing(logits: list[float]) -> None:
    with pytest.raises(UsageError, match="nothing can be drawn"):
        probabilities(logits)
