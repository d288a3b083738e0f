"""The judge of transfers: what it must not depend on, and that it tells sounds apart, on sounds made from seeds."""

from pathlib import Path

import numpy as np
import pytest

from partita.audio import Audio
from partita.errors import UsageError
from partita.transfers import judge
from partita.transfers.descriptors import GROUPS, RATE, SIZE, describe, stretches


def sound(kind: str, seed: int, seconds: float = 7.0, rate: int = RATE) -> Audio:
    """A chord, or bursts of noise, different for every seed."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    root, period = rng.uniform(110, 440), rng.uniform(0.3, 0.6)
    chord = sum(np.sin(2 * np.pi * root * ratio * t) for ratio in (1, 1.26, 1.5))
    bursts = rng.normal(size=len(t)) * np.exp(-(t % period) / 0.03)
    wave = {"chords": 0.1 * chord + 0.01 * bursts, "bursts": 0.01 * chord + 0.2 * bursts}[kind]
    return Audio(wave[None].astype(np.float32), rate, f"{kind} {seed}")


@pytest.fixture(scope="module")
def fitted() -> judge.Judge:
    own = [(kind, seed) for kind in ("chords", "bursts") for seed in range(4)]
    return judge.fit({f"{kind}.{seed}": (kind, judge.listen(sound(kind, seed))) for kind, seed in own})


@pytest.mark.parametrize("kind", ["chords", "bursts"])
def test_it_knows_sounds_that_it_never_heard(fitted: judge.Judge, kind: str) -> None:
    for seed in (10, 11):
        heard = fitted.probabilities(sound(kind, seed))
        assert sum(heard.values()) == pytest.approx(1)
        assert max(heard, key=heard.__getitem__) == kind


def test_loudness_channels_and_rate_hardly_matter(fitted: judge.Judge) -> None:
    loud = sound("bursts", 20, rate=44_100)
    faint = Audio(np.repeat(loud.samples * np.float32(0.05), 2, axis=0), 44_100)
    assert fitted.probabilities(faint)["bursts"] == pytest.approx(fitted.probabilities(loud)["bursts"], abs=0.02)


def test_a_short_sound_is_repeated_and_a_long_one_heard_in_overlapping_stretches() -> None:
    assert len(list(stretches(np.ones(RATE, np.float32)))) == 1
    assert len(list(stretches(np.ones(12 * RATE, np.float32)))) == 3
    assert sum(GROUPS.values()) == SIZE == len(describe(np.zeros(6 * RATE, np.float32)))
    assert np.isfinite(describe(np.zeros(6 * RATE, np.float32))).all()


def test_it_is_the_same_after_saving(fitted: judge.Judge, tmp_path: Path) -> None:
    fitted.save(tmp_path / "judge.safetensors")
    again = judge.read(tmp_path / "judge.safetensors")
    for kind in ("chords", "bursts"):
        assert again.probabilities(sound(kind, 30)) == pytest.approx(fitted.probabilities(sound(kind, 30)))


def test_too_few_songs_are_refused(fitted: judge.Judge) -> None:
    rows = judge.listen(sound("chords", 0))
    with pytest.raises(UsageError, match="two songs"):
        judge.fit({"a": ("chords", rows), "b": ("bursts", rows)})


def test_the_shipped_judge_says_how_often_it_is_right() -> None:
    shipped = judge.shipped()
    assert len(shipped.labels) == 10
    assert shipped.held_out / shipped.heard >= 0.65
    assert set(shipped.probabilities(sound("chords", 0))) == set(shipped.labels)
