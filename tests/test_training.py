"""The loop: the same seed gives the same bytes, also when the process is killed on the way."""

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from partita.errors import CheckpointError, UsageError
from partita.features import summary
from partita.models.base import Recipe
from partita.models.genre_cnn import GenreCNN
from partita.training import STATE, batch_indices, fit, rate_factor, read_history


def item(number: int) -> dict[str, np.ndarray]:
    """Noise whose level tells its label."""
    levels = np.random.default_rng(number).integers(0, 256, (128, 40)).astype(np.uint8) // (1 + number % 2)
    return {
        "levels": levels,
        "summaries": np.stack([summary(levels[:, :32]), summary(levels[:, 8:])]),
        "windows": np.array([40]),
        "label": np.array(number % 2),
    }


ITEMS = [item(number) for number in range(12)]
RECIPE = Recipe(steps=12, batch=4, warmup=2, validate_every=4, ema=0.9)

SCRIPT = """
import sys, os, signal, torch
sys.path.insert(0, {tests!r})
torch.set_num_threads(1)
from pathlib import Path
from test_training import ITEMS, RECIPE, tiny
from partita.checkpoint import save
from partita.training import fit
folder, victim = Path(sys.argv[1]), int(sys.argv[2])
def progress(done, total, words):
    if done == victim:
        os.kill(os.getpid(), signal.SIGKILL)
model = tiny()
fit(model, ITEMS, ITEMS[:4], RECIPE, folder=folder, seed=3, progress=progress)
save(model, folder, {{}})
"""


def tiny() -> GenreCNN:
    return GenreCNN.new(GenreCNN.tiny().config, 3)


def train_in_a_process(folder: Path, victim: int) -> int:
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    return subprocess.run([sys.executable, "-c", script, str(folder), str(victim)], check=False).returncode


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("victim", [2, 4, 7, 11], ids=lambda step: f"step {step}")
def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path, victim: int) -> None:
    assert train_in_a_process(tmp_path / "whole", -1) == 0
    assert train_in_a_process(tmp_path / "killed", victim) == -signal.SIGKILL, victim
    assert (tmp_path / "killed" / STATE).exists() == (victim >= RECIPE.validate_every)
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    assert train_in_a_process(tmp_path / "killed", -1) == 0
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1], f"killed at step {victim}"
    losses = [[row["loss"] for row in read_history(tmp_path / name)] for name in ("whole", "killed")]
    assert losses[0] == losses[1]


def test_another_seed_gives_other_weights() -> None:
    models = [tiny() for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        fit(model, ITEMS, [], RECIPE, seed=seed)
    weights = [torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_run_with_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    fit(tiny(), ITEMS, [], RECIPE, folder=tmp_path)
    with pytest.raises(CheckpointError, match="other settings"):
        fit(tiny(), ITEMS, [], Recipe(steps=20), folder=tmp_path)


def test_a_run_on_other_data_is_not_gone_on_with(tmp_path: Path) -> None:
    fit(tiny(), ITEMS, [], RECIPE, folder=tmp_path)
    with pytest.raises(CheckpointError, match="other settings or data"):
        fit(tiny(), ITEMS[:8], [], RECIPE, folder=tmp_path)


def test_a_damaged_state_says_so(tmp_path: Path) -> None:
    fit(tiny(), ITEMS, [], RECIPE, folder=tmp_path)
    (tmp_path / STATE).write_bytes(b"no")
    with pytest.raises(CheckpointError, match="can't be read"):
        fit(tiny(), ITEMS, [], RECIPE, folder=tmp_path)


@pytest.mark.parametrize("valid", [ITEMS[:4], []], ids=["validated", "not"])
@pytest.mark.parametrize("ema", [0.9, 0.0])
def test_an_interrupt_keeps_the_state(tmp_path: Path, ema: float, valid: list[dict[str, np.ndarray]]) -> None:
    recipe = replace(RECIPE, ema=ema)

    def interrupt(done: int, total: int, words: str) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), ITEMS, valid, recipe, folder=tmp_path, progress=interrupt)
    resumed, whole = tiny(), tiny()
    fit(resumed, ITEMS, valid, recipe, folder=tmp_path)
    fit(whole, ITEMS, valid, recipe)
    for key, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], tensor), key


@pytest.mark.parametrize("ema", [0.9, 0.0])
def test_the_weights_of_least_validation_loss_are_kept(ema: float) -> None:
    flipped = [{**item, "label": 1 - item["label"]} for item in ITEMS]
    model = tiny()
    run = fit(model, ITEMS, flipped, replace(RECIPE, steps=40, ema=ema, learning_rate=0.01))
    assert run.best_step < 40
    assert model.validate(flipped)["loss"] == pytest.approx(run.best_loss)


def test_training_stops_when_validation_no_longer_improves() -> None:
    recipe = Recipe(steps=400, batch=4, validate_every=4, patience=3, learning_rate=0.01)
    flipped = [{**item, "label": 1 - item["label"]} for item in ITEMS]
    run = fit(tiny(), ITEMS, flipped, recipe)
    assert run.step < 400
    assert run.step == run.best_step + 12


def test_divergence_is_an_error_with_advice() -> None:
    with pytest.raises(UsageError, match="lower learning rate"):
        fit(tiny(), ITEMS, [], Recipe(steps=50, batch=4, warmup=0, learning_rate=1e30, weight_decay=0))


def test_nothing_to_train_on() -> None:
    with pytest.raises(UsageError, match="empty"):
        fit(tiny(), [], [], RECIPE)


@given(count=st.integers(1, 30), batch=st.integers(1, 40), seed=st.integers(0, 9))
def test_every_example_comes_once_an_epoch(count: int, batch: int, seed: int) -> None:
    steps = [batch_indices(count, batch, step, seed) for step in range(count)]  # `batch` epochs in all
    assert all(len(indices) == batch for indices in steps)
    assert set(Counter(i for indices in steps for i in indices).values()) == {batch}


def test_rate_warms_up_and_falls_to_zero() -> None:
    recipe = Recipe(steps=100, warmup=10)
    rates = [rate_factor(recipe, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1, abs=1e-3)
    assert rates[100] == pytest.approx(0)
    assert rate_factor(Recipe(schedule="constant", warmup=1), 5000) == 1


def test_history_is_json_lines(tmp_path: Path) -> None:
    fit(tiny(), ITEMS, ITEMS[:4], RECIPE, folder=tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [4, 8, 12]
    assert {"loss", "valid_loss", "valid_accuracy", "seconds"} <= rows[0].keys()
