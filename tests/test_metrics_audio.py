"""Measures of made sound: laws of distances, and sounds that are known to be regular, still, copied or ill."""

import numpy as np
import pytest

from partita.errors import UsageError
from partita.metrics import audio

RATE = 22_050


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def clicks(seconds: float = 6.0, every: float = 0.5, jitter: float = 0.0) -> np.ndarray:
    """Bursts of noise at a steady or an unsteady beat over a soft floor."""
    rng = np.random.default_rng(1)
    sound = 1e-3 * rng.normal(size=int(seconds * RATE))
    for beat in np.arange(0.1, seconds - 0.2, every):
        start = int((beat + jitter * rng.uniform(-1, 1)) * RATE)
        start = max(start, 0)
        burst = rng.normal(size=2000) * np.exp(-np.arange(2000) / 400)
        sound[start : start + 2000] += 0.2 * burst[: len(sound) - start]
    return sound.astype(np.float32)


@pytest.mark.parametrize("distance", [audio.frechet_distance, audio.kernel_distance])
def test_distances_grow_with_what_differs(distance, rng) -> None:
    real, same = rng.normal(size=(2, 200, 5))
    shifted = [distance(same + step, real) for step in (0.0, 0.5, 1.0, 2.0)]
    assert sorted(shifted) == shifted
    assert shifted[0] < 0.2 * shifted[1]
    assert distance(real * 3, real) > 5 * abs(distance(same, real))
    assert distance(real, same) == pytest.approx(distance(same, real), rel=0.2, abs=0.01)


def test_frechet_distance_of_normal_distributions_is_what_theory_says(rng) -> None:
    x, y = rng.normal(size=(2, 40_000, 3))
    # |difference of means|^2 + sum of (difference of deviations)^2 for independent parts
    assert audio.frechet_distance(2 * x + 1, y) == pytest.approx(3 * 1 + 3 * 1, rel=0.05)
    assert audio.frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert audio.frechet_distance(x @ turn + 1, y @ turn) == pytest.approx(audio.frechet_distance(x @ turn + 1, y), 0.1)


def test_kernel_distance_is_unbiased_at_small_numbers(rng) -> None:
    values = [audio.kernel_distance(*rng.normal(size=(2, 6, 4)), bandwidth=2.0) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


@pytest.mark.parametrize("distance", [audio.frechet_distance, audio.kernel_distance])
@pytest.mark.parametrize("rows", [np.zeros((1, 3)), np.zeros((5, 2)), np.zeros(5)])
def test_sets_that_do_not_compare_are_refused(distance, rows) -> None:
    with pytest.raises(UsageError, match="two embeddings"):
        distance(rows, np.zeros((5, 3)))


def test_halves_of_one_set_are_the_floor(rng) -> None:
    real = rng.normal(size=(60, 4))
    floor = audio.halves(audio.frechet_distance, real)
    assert floor.low <= floor.mean <= floor.high
    assert floor.high < audio.frechet_distance(real[:30] + 2, real[30:])
    assert floor == audio.halves(audio.frechet_distance, real)


def test_spectral_errors_are_zero_for_equals_and_count_decibels(rng) -> None:
    reference = rng.uniform(0.1, 1, (20, 30))
    assert audio.spectral_convergence(reference, reference) == -np.inf
    assert audio.spectral_convergence(1.1 * reference, reference) == pytest.approx(-20)
    assert audio.log_spectral_distance(reference, reference) == 0
    assert audio.log_spectral_distance(10 * reference, reference) == pytest.approx(20)
    assert audio.log_spectral_distance(1e-9 * reference, 1e-8 * reference, span=0) == pytest.approx(0)


def test_diversity_counts_what_differs(rng) -> None:
    rows = np.repeat(10 * rng.normal(size=(4, 6)), 3, axis=0) + 1e-3 * rng.normal(size=(12, 6))
    assert audio.diversity(rows, 1.0).distinct == 4
    assert audio.diversity(rows, 1e-6).distinct == 12
    assert audio.diversity(rows[:1], 1.0) == (0.0, 1)
    assert audio.nearest(rows[:1], rows[1:]) < 0.1
    assert audio.nearest(rows[:3], rows[3:]).min() > 1


def test_a_steady_beat_is_periodic_and_noise_is_not(rng) -> None:
    noise = rng.normal(0, 0.1, 6 * RATE).astype(np.float32)
    steady, unsteady = clicks(), clicks(jitter=0.2)
    assert audio.periodicity(steady, RATE) > 0.6
    assert audio.periodicity(unsteady, RATE) < 0.6 * audio.periodicity(steady, RATE)
    assert audio.periodicity(noise, RATE) < 0.2
    assert audio.periodicity(steady * 0.1, RATE) == pytest.approx(audio.periodicity(steady, RATE), abs=0.05)
    for short in (np.zeros(0, np.float32), np.zeros(RATE, np.float32), steady[:5000]):
        assert audio.periodicity(short, RATE) == 0


def test_novelty_is_low_for_what_repeats() -> None:
    time = np.arange(6 * RATE) / RATE
    still = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    sweep = np.sin(2 * np.pi * (200 + 300 * time) * time).astype(np.float32)
    assert audio.temporal_novelty(still, RATE) < 0.2 * audio.temporal_novelty(sweep, RATE)
    assert audio.temporal_novelty(still[:100], RATE) == 0


def test_a_copy_is_found_at_its_place_and_only_it(rng) -> None:
    training = {"a": clicks(8, 0.4, 0.15), "b": clicks(8, 0.31, 0.1)[::-1].copy()}
    made = (rng.normal(0, 0.01, 5 * RATE)).astype(np.float32)
    made[2 * RATE :] += 0.5 * training["b"][RATE : 4 * RATE]
    found = audio.copies(made, RATE, training)
    assert found is not None
    assert found.work == "b"
    assert found.correlation > 0.5
    exact = audio.copies(training["a"][RATE : 4 * RATE], RATE, training)
    assert exact is not None
    assert exact.correlation > audio.SAME
    assert exact.at == pytest.approx(1 + exact.made_at, abs=0.03)
    other = audio.copies(clicks(4, 0.47, 0.2), RATE, {"b": training["b"]})
    assert other is not None
    assert other.correlation < audio.SAME
    assert audio.copies(made[:1000], RATE, training) is None


def test_a_sound_that_is_well_has_no_faults() -> None:
    assert audio.health(clicks(), RATE).faults() == []


@pytest.mark.parametrize(
    ("ill", "words"),
    [
        (lambda sound: np.where(np.arange(len(sound)) == 9, np.nan, sound), "no numbers"),
        (lambda sound: np.clip(40 * sound, -1, 1), "clips"),
        (lambda sound: sound + 0.01, "off centre"),
        (lambda sound: sound * (np.arange(len(sound)) < 2000), "silent"),
        (lambda sound: 0 * sound, "silent"),
        (lambda sound: 0.1 * np.sin(0.1 * np.arange(len(sound))), "stands still"),
        (lambda sound: np.random.default_rng(0).normal(0, 0.1, len(sound)), "stands still"),
    ],
)
def test_each_fault_is_named(ill, words) -> None:
    faults = audio.health(np.asarray(ill(clicks()), np.float32), RATE).faults()
    assert any(words in fault for fault in faults)


def test_a_loop_is_told_from_a_cut() -> None:
    time = np.arange(4 * RATE) / RATE
    loop = (0.3 * np.sin(2 * np.pi * 220 * time) * (1.2 + np.sin(2 * np.pi * time))).astype(np.float32)
    assert audio.health(loop, RATE).faults(loop=True) == []
    assert any("seam" in fault for fault in audio.health(loop[: 3 * RATE + 777], RATE).faults(loop=True))
    stereo = audio.health(np.stack([loop, loop]), RATE)
    assert stereo.faults() == []


def test_silence_in_training_is_no_copy() -> None:
    made, training = clicks(4.0), np.concatenate([clicks(4.0, every=0.37), np.zeros(6 * RATE, np.float32)])
    found = audio.copies(made, RATE, {"with a rest": training})
    assert found is not None
    assert -1 <= found.correlation < audio.SAME
