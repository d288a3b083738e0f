"""Piano rolls: the file's form, the baselines' figures, a likelihood that is one, and the command that measures it."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from partita import data
from partita.checkpoint import read_card, save, shipped
from partita.cli import main
from partita.data.synthetic_rolls import piece
from partita.errors import DataError, UsageError
from partita.example import KEYS, Example, KeyRoll
from partita.metrics import symbolic
from partita.models import model_class
from partita.models.chord_transformer import ChordTransformer, ChordTransformerConfig, spell
from partita.tasks.evaluate import evaluate
from partita.tasks.train import train
from partita.training import fit

Write = Callable[..., Path]


@pytest.fixture
def archive(tmp_path: Path) -> Write:
    """Write pieces by part in the benchmark's form; `changed` arrays replace those of that name."""

    def write(parts: dict[str, list[np.ndarray]], **changed: np.ndarray) -> Path:
        arrays = {}
        for part, pieces in parts.items():
            arrays[part] = np.packbits(np.concatenate(pieces), axis=1)
            arrays[f"{part}_lengths"] = np.array([len(cells) for cells in pieces])
        np.savez(tmp_path / "rolls.npz", **(arrays | changed))
        return tmp_path / "rolls.npz"

    return write


@pytest.mark.parametrize("parts", [("train", "valid", "test"), ("train", "valid"), ("test",), ("valid",)])
def test_a_file_gives_back_its_pieces_whatever_parts_it_holds(archive: Write, parts: tuple[str, ...]) -> None:
    made = {part: [piece(number, seed) for number in range(3)] for seed, part in enumerate(parts)}
    dataset = data.load(f"polyphonic:{archive(made)}")
    assert set(dataset.splits) == set(parts)
    assert dataset.labels == ()
    for part, pieces in made.items():
        for example, cells in zip(dataset.split(part), pieces, strict=True):
            assert np.array_equal(example.roll.cells, cells)


def test_files_of_another_form_are_refused(archive: Write, tmp_path: Path) -> None:
    good = {"valid": [piece(0), piece(1)]}
    steps = len(piece(0)) + len(piece(1))
    for changed, words in (
        ({"valid_lengths": np.array([3, 4])}, f"sum to the {steps} rows"),
        ({"valid_lengths": np.array([steps + 1, -1])}, "1 or more"),
        ({"valid_lengths": np.array([float(steps)])}, "integers"),
        ({"valid": np.zeros((steps, 88), np.uint8)}, r"must be uint8 \(steps, 11\)"),
        ({"valid": np.zeros((steps, 11), bool)}, "must be uint8"),
    ):
        with pytest.raises(DataError, match=words):
            data.load(f"polyphonic:{archive(good, **changed)}")
    with pytest.raises(DataError, match="holds no part"):
        data.load(f"polyphonic:{archive({'other': [piece(0)]})}")
    (tmp_path / "text.npz").write_text("no")
    for path in ("", "absent.npz", tmp_path / "text.npz"):
        with pytest.raises(DataError, match="npz archive"):
            data.load(f"polyphonic:{path}")


def test_a_roll_is_content_and_no_sound() -> None:
    rolls = [Example("a", KeyRoll(cells), "", "a") for cells in (piece(0), piece(0).copy(), piece(0)[:, ::-1])]
    assert rolls[0].content == rolls[1].content != rolls[2].content
    with pytest.raises(UsageError, match="is a piano roll"):
        model_class("genre-linear").tiny().prepare(rolls[0])
    with pytest.raises(UsageError, match="is no piano roll"):
        ChordTransformer.tiny().prepare(data.load("synthetic:1").examples[0])


def test_baselines_are_likelihoods_that_know_more_the_more_they_count() -> None:
    pieces = [piece(number) for number in range(12)]
    models = [
        symbolic.uniform,
        symbolic.KeyFrequency.fit(pieces).nats,
        symbolic.KeyChain.fit(pieces).nats,
    ]
    figures = [symbolic.per_step([nats(cells) for cells in pieces]) for nats in models]
    assert figures[0] == pytest.approx(61.0, abs=0.005)
    assert figures == sorted(figures, reverse=True)
    few = [cells[:, 40:44] for cells in pieces]
    chords = np.array(list(product((False, True), repeat=4)))
    for before, model in product(chords, (symbolic.KeyFrequency.fit(few), symbolic.KeyChain.fit(few, tied=True))):
        nats = [model.nats(np.stack([before, chord]))[1] for chord in chords]
        assert np.exp(-np.array(nats)).sum() == pytest.approx(1)


def test_the_figure_weighs_steps_and_its_interval_holds_it() -> None:
    nats = [np.full(30, 2.0), np.full(10, 6.0)] * 8
    assert symbolic.per_step(nats) == pytest.approx(3.0)
    low, high = symbolic.per_step_interval(nats)
    assert 2 < low < 3 < high < 5


CHORDS = st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6)


@given(chords=CHORDS)
def test_spelling_tells_chords_apart_and_ends_each(chords: list[list[bool]]) -> None:
    now = torch.tensor(chords).float()
    spelling = spell(now, torch.zeros_like(now))
    again = torch.zeros(len(chords), 6)
    again[spelling.step, spelling.target] = 1
    assert torch.equal(again[:, :5], now)
    assert again[:, 5].all()
    assert (spelling.last < spelling.target).all()
    for step in range(len(chords)):
        own = spelling.step == step
        assert spelling.number[own].tolist() == list(range(int(own.sum())))
        assert spelling.last[own].tolist() == [-1, *spelling.target[own].tolist()[:-1]]


def small(keys: int) -> ChordTransformer:
    """A network of random weights, large enough that what it sees matters."""
    model = ChordTransformer.new(
        ChordTransformerConfig(
            context=8, width=16, heads=2, layers=1, copies=2, recent=2, decision=32, transpose=2, keys=keys
        ),
        0,
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model


def test_the_chances_of_all_chords_sum_to_one() -> None:
    model = small(keys=6)
    rng = np.random.default_rng(0)
    for length in (1, 5, 8, 13):
        past = rng.random((length - 1, 6)) < 0.4
        nats = [
            model.nats({"cells": np.concatenate([past, [chord]])})[-1] for chord in product((False, True), repeat=6)
        ]
        assert np.exp(-np.array(nats)).sum() == pytest.approx(1, abs=1e-5)


def test_no_step_knows_what_follows_and_each_knows_what_went_before() -> None:
    model = small(keys=KEYS)
    cells = np.random.default_rng(1).random((21, KEYS)) < 0.05
    whole = model.nats({"cells": cells})
    assert len(whole) == len(cells)
    for end in (1, 7, 8, 9, 12, 20):
        np.testing.assert_allclose(model.nats({"cells": cells[:end]}), whole[:end], rtol=1e-4, err_msg=str(end))
        changed = cells.copy()
        changed[end - 1] ^= True
        np.testing.assert_allclose(model.nats({"cells": changed})[: end - 1], whole[: end - 1], rtol=1e-4)
        assert abs(model.nats({"cells": changed})[end] - whole[end]) > 1e-3


def test_stretches_for_training_come_from_the_piece_with_the_steps_before_them() -> None:
    model = ChordTransformer.tiny()
    cells = np.arange(40)[:, None] * 2 + 2 > np.arange(KEYS)  # step t sounds keys below 2t + 2, so that it can be told
    pieces = model.pieces({"cells": cells})
    for seed in range(20):
        batch = model.batch(pieces, np.random.default_rng(seed))
        before = torch.cat([torch.zeros_like(batch["now"][:, :1]), batch["now"][:, :-1]], 1)
        assert torch.equal(batch["past"][:, 1:], before[:, 1:])
        counts = batch["now"].sum(-1) - batch["past"].sum(-1)
        assert ((counts == 2) | (batch["clock"] == 0)).all()
        assert (batch["past"][:, 0].any(-1) == (batch["clock"][:, 0] > 0)).all()


def test_evaluate_measures_a_test_part_alone(
    archive: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ChordTransformer.tiny()
    pieces = [piece(number) for number in range(4)]
    folder = save(model, tmp_path / "saved", {})
    file = archive({"test": pieces})
    assert main(["evaluate", str(folder), "--data", f"polyphonic:{file}", "--split", "test", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["nll_per_step"] == pytest.approx(model.validate([{"cells": cells} for cells in pieces])["loss"])
    assert result["n_steps"] == sum(map(len, pieces))
    assert result["exact"] is True
    assert result["baselines"] == {"uniform": pytest.approx(61, abs=0.01)}
    low, high = result["interval"]
    assert low <= result["nll_per_step"] <= high
    assert main(["evaluate", str(folder), "--data", "synthetic-rolls:9", "--split", "test"]) == 2, "locked elsewhere"
    assert main(["evaluate", str(folder), "--data", "synthetic-rolls:9"]) == 0
    assert "Markov chain of each key" in capsys.readouterr().out


def test_training_makes_a_card_and_classifiers_refuse_rolls(tmp_path: Path) -> None:
    settings = {"context": 16, "width": 16, "layers": 1, "decision": 16, "steps": 4, "batch": 2}
    trained = train("chord-transformer", data="synthetic-rolls:8", out=tmp_path / "out", settings=settings)
    assert not trained.classifies
    card = read_card(trained.folder)
    assert card["metrics"]["valid"]["exact"] is True
    assert card["metrics"]["valid"]["nll_per_step"] == pytest.approx(trained.run.best_loss)
    with pytest.raises(UsageError, match="has no labels"):
        train("genre-linear", data="synthetic-rolls:8", out=tmp_path / "no")
    with pytest.raises(UsageError, match="context is even"):
        train("chord-transformer", data="synthetic-rolls:8", out=tmp_path / "no", settings={"context": 3})


def test_it_learns_to_copy_what_counting_can_not_know() -> None:
    rng = np.random.default_rng(0)
    items = []
    for _ in range(24):
        phrase = rng.random((8, KEYS)) < np.where((np.arange(KEYS) > 30) & (np.arange(KEYS) < 50), 0.15, 0)
        items.append({"cells": np.concatenate([phrase, phrase, phrase])})
    model = ChordTransformer.new(
        ChordTransformerConfig(context=24, width=32, heads=2, layers=1, decision=32, dropout=0, roll_dropout=0), 0
    )
    fit(model, items[:20], [], type(model.recipe)(steps=100, batch=10, warmup=10, learning_rate=5e-3, ema=0.9))
    nats = np.mean([model.nats(item) for item in items[20:]], axis=0)
    assert nats[16:].mean() < 0.5 * nats[:8].mean()


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("chord-transformer-")])
def test_shipped_figures_are_reproduced(name: str, real_data: Path) -> None:
    files = {"jsb": "jsb_chorales", "piano-midi": "piano_midi"}
    part = name.removeprefix("chord-transformer-")
    result = evaluate(name, data=f"polyphonic:{real_data / 'polyphonic' / files.get(part, part)}.npz").json()
    told = read_card(name)["metrics"]["valid"]
    assert result["nll_per_step"] == pytest.approx(told["nll_per_step"], rel=1e-5)
    assert result["n_steps"] == told["n_steps"]
