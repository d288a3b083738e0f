"""The search: the same seed gives the same trials, interruptions cost one trial, the best can be trained as it says."""

import csv
import json
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita import data, tune
from partita.checkpoint import read_card
from partita.cli import main
from partita.data.gtzan import GENRES
from partita.errors import CheckpointError, UsageError
from partita.models import MODELS, model_class
from partita.models.space import Choice, Real, Space, Whole, bound, joined, parse_space
from partita.search import Study, claimed
from partita.settings import Plan
from partita.tasks import tune as task

every_model = pytest.mark.parametrize("name", MODELS)
SMALL: dict[str, Any] = {
    "data": "synthetic:4",
    "settings": {"filters": "4,4,4", "heard": 22_050, "steps": 6, "validate_every": 3, "level": "rms"},
    "space": ["learning_rate=1e-4..1e-2:log", "dropout=0..0.5"],
}
PLACES = {"x": Real(0, 1), "k": Whole(1, 9), "kind": Choice(("a", "b"))}
OWN = {"x": 0.9, "k": 9, "kind": "a"}


def study(folder: Path, **options: Any) -> Study:
    folder.mkdir(exist_ok=True)
    given = {"about": {"data": "d"}, "maximise": False, "seed": 3, "prune": True, **options}
    found = Study(folder, PLACES, OWN, **given)
    found.tidy()
    return found


def bowl(settings: dict[str, Any], told: Callable[[float], None]) -> list[float]:
    """A known optimum at x = 0.3, k = 4."""
    value = (settings["x"] - 0.3) ** 2 + 0.01 * (settings["k"] - 4) ** 2
    for _ in range(3):
        told(value)
    return [value - 0.1, value + 0.1]


def settings_of(found: Study) -> list[dict[str, Any]]:
    return [trial.drawn for trial in found.trials()]


@every_model
def test_every_models_space_holds_settings_that_it_has(name: str) -> None:
    plan = Plan.of(name, GENRES)
    places = bound(plan.kind.space, {**plan.recipe.__dict__, **plan.config.__dict__})
    assert places
    low = {place: values.options[0] if isinstance(values, Choice) else values.low for place, values in places.items()}
    plan.changed(joined(low))


def test_the_space_of_the_aaa_report_has_its_4672_networks(tmp_path: Path) -> None:
    layers, units = (model_class("aaa-lstm").space[name] for name in ("layers", "units"))
    assert isinstance(layers, Whole)
    assert isinstance(units, Whole)
    widths = range(units.low, units.high + 1, units.step)
    assert sum(len(widths) ** count for count in range(layers.low, layers.high + 1)) == 4672
    fixed = {"lag": 8, "rows": 24, "steps": 2, "batch": 4, "units": "4,4,4,4"}
    found = tune(
        "aaa-lstm", data="synthetic-scores:6", out=tmp_path, trials=2, settings=fixed, space=["layers=2..4"],
        device="cpu",
    )  # fmt: skip
    assert found.objective == "loss"
    assert found.best is not None
    assert found.best.value == pytest.approx(np.mean(found.best.songs), abs=1e-4)
    assert found.own is not None
    assert found.own.drawn == {"layers": 2}
    with pytest.raises(UsageError, match="objective of aaa-lstm is loss"):
        tune("aaa-lstm", data="synthetic-scores:6", out=tmp_path, objective="nll")


def test_the_space_of_the_dilated_report() -> None:
    space = model_class("dilated-cnn").space
    ends = {name: (v.low, v.high) for name, v in space.items() if not isinstance(v, Choice)}
    assert ends == {"kernels": (3, 11), "filters": (8, 256), "dropout": (0, 0.3), "batch": (16, 64), "epochs": (1, 40)}


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 99), min_size=1, max_size=4)))
def test_places_join_to_the_settings_that_they_were_cut_from(settings: dict[str, list[int]]) -> None:
    space: Space = dict.fromkeys(settings, Whole(0, 99))
    places = bound(space, {name: tuple(values) for name, values in settings.items()})
    drawn = {name: settings[name[0]][int(name[2:]) - 1] for name in places}
    assert joined(drawn) == {name: ",".join(map(str, values)) for name, values in settings.items()}


def test_spaces_are_read_by_the_settings_types() -> None:
    settings = {"dropout": 0.2, "batch": 32, "filters": (8, 8), "level": "rms", "rate": 0.1}
    read = parse_space(["dropout=0..0.5", "batch=16..64:16", "filters=4..8", "level=rms,as is", "rate=1e-4..1:log"],
                       settings)  # fmt: skip
    assert read == {
        "dropout": Real(0, 0.5), "batch": Whole(16, 64, 16), "filters": Whole(4, 8),
        "level": Choice(("rms", "as is")), "rate": Real(1e-4, 1, log=True),
    }  # fmt: skip
    for bad in ("dropout", "dropout=", "batch=1..x", "batch=9..1", "batch=1..4:2", "rate=0..1:log", "rate=0..1:2"):
        with pytest.raises(UsageError):
            parse_space([bad], settings)
    with pytest.raises(UsageError, match="no setting 'depth'"):
        bound({"depth": Whole(1, 2)}, settings)
    with pytest.raises(UsageError, match="can't take real numbers"):
        bound({"batch": Real(1, 2)}, settings)


def test_it_finds_a_known_optimum_and_starts_from_the_models_own_settings(tmp_path: Path) -> None:
    found = study(tmp_path, prune=False)
    for _ in range(30):
        found.attempt(bowl)
    trials = found.trials()
    assert trials[0].drawn == OWN
    best = min(trial.value for trial in trials if trial.value is not None)
    assert best < 0.03 < trials[0].value  # type: ignore[operator]
    importance = found.importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert min(importance, key=importance.__getitem__) == "kind", "which changes nothing"


def test_interrupted_and_gone_on_with_is_the_same_search(tmp_path: Path) -> None:
    whole, broken = study(tmp_path / "whole"), study(tmp_path / "broken")
    for _ in range(12):
        whole.attempt(bowl)

    def interrupted(settings: dict[str, Any], told: Callable[[float], None]) -> list[float]:
        raise KeyboardInterrupt

    for number in range(12):
        if number in (0, 5, 11):
            with pytest.raises(KeyboardInterrupt):
                broken.attempt(interrupted)
            if number == 5:
                broken._study.ask()  # what a killed process leaves under way
            broken = study(tmp_path / "broken")
        broken.attempt(bowl)
    assert settings_of(broken) == settings_of(whole)
    assert [trial.state for trial in broken.trials()] == [trial.state for trial in whole.trials()]
    other = study(tmp_path / "other", seed=4)
    for _ in range(3):
        other.attempt(bowl)
    assert settings_of(other)[1:] != settings_of(whole)[1:3]


def test_what_promises_little_is_pruned_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    found = study(tmp_path)
    for _ in range(6):
        found.attempt(lambda settings, told: [told(0.1) or 0.1 for _ in range(3)])
    reached = []

    def hopeless(settings: dict[str, Any], told: Callable[[float], None]) -> list[float]:
        for number in range(1, 9):
            reached.append(number)
            told(5.0)
        return [5.0, 5.0]

    def impossible(settings: dict[str, Any], told: Callable[[float], None]) -> list[float]:
        raise UsageError("too few samples")

    found.attempt(hopeless)
    found.attempt(impossible)
    assert reached == [1, 2], "the first validation never prunes"
    assert [trial.state for trial in found.trials()][-2:] == ["pruned", "infeasible"]
    assert found.trials()[-1].reason == "too few samples"
    assert found.trials()[-2].value is None


def test_another_search_is_refused(tmp_path: Path) -> None:
    study(tmp_path)
    with pytest.raises(CheckpointError, match="another data"):
        study(tmp_path, about={"data": "e"})
    with claimed(tmp_path), pytest.raises(UsageError, match="at work here"), claimed(tmp_path):
        pass
    with claimed(tmp_path):
        pass


def test_tune_writes_a_report_goes_on_and_trains_what_it_found(tmp_path: Path) -> None:
    out = tmp_path / "search"
    tune("bach", **SMALL, out=out, trials=2, objective="accuracy")
    found = tune("bach", **SMALL, out=out, trials=4, objective="accuracy")
    assert [trial.number for trial in found.trials] == [0, 1, 2, 3]
    assert found.own == found.trials[0]
    assert found.best is not None
    assert found.best.value == max(trial.value for trial in found.trials if trial.value is not None)
    rows = list(csv.DictReader((out / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert [float(row["accuracy"]) for row in rows] == [trial.value for trial in found.trials]
    assert json.loads((out / "tune.json").read_text())["best"]["drawn"] == found.best.drawn
    assert (out / "search.png").stat().st_size > 10_000
    assert "4 trials: 4 finished" in found.words[0]
    assert "optimistic" in found.words[-1]
    words = shlex.split(found.train.replace("FOLDER", str(tmp_path / "made")))
    assert main(words[1:]) == 0
    card = read_card(tmp_path / "made")
    assert card["metrics"]["valid"]["accuracy"] == pytest.approx(found.best.value)
    again = tune("bach", **SMALL, out=tmp_path / "again", trials=2, objective="accuracy")
    assert [(trial.drawn, trial.value) for trial in again.trials] == [(t.drawn, t.value) for t in found.trials[:2]]


def test_a_network_is_tuned_by_its_validations(tmp_path: Path) -> None:
    found = tune(
        "dilated-cnn",
        data="synthetic:4",
        out=tmp_path,
        trials=4,
        objective="accuracy",
        settings={"samples": 2205, "filters": "4,4,4", "steps": 4, "validate_every": 2, "batch": 8},
        space=["kernels=9..400:391", "learning_rate=1e-4..1e-2:log"],
    )
    states = Counter(trial.state for trial in found.trials)
    assert states["infeasible"] == sum("400" in trial.settings["kernels"] for trial in found.trials) > 0
    assert found.best is None or 0 <= found.best.value <= 1  # type: ignore[operator]


def test_processes_share_the_trials(tmp_path: Path) -> None:
    found = tune("bach", **SMALL, out=tmp_path, trials=3, jobs=2)
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert len({trial.drawn["dropout"] for trial in found.trials}) == 3, "no two draw the same"


def test_an_interrupt_leaves_a_report_and_a_search_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def progress(done: int, total: int, words: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune("bach", **SMALL, out=tmp_path, trials=4, progress=progress)
    assert len(json.loads((tmp_path / "tune.json").read_text())["trials"]) == 2
    assert len(tune("bach", **SMALL, out=tmp_path, trials=3).trials) == 3


@pytest.mark.parametrize(("options", "message"), [
    ({"trials": 0}, "from 1 up"),
    ({"objective": "luck"}, "nll or accuracy"),
    ({"settings": {"copies": 1}}, "both fixed and varied"),
    ({"space": ["learning_rate=0.1..1"]}, "closed form"),
    ({"data": "synthetic:0"}, "synthetic:N"),
])  # fmt: skip
def test_wrong_requests_are_answered(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tune("genre-linear", **{"data": "synthetic:4", **options}, out=tmp_path)


def test_songs_can_be_left_out_and_training_is_told_so(tmp_path: Path) -> None:
    listed = tmp_path / "leave-out.txt"
    listed.write_text(f"{min(example.id for example in data.load('synthetic:8').split('valid'))}\n")
    options: dict[str, Any] = {"data": "synthetic:8", "trials": 1, "space": ["copies=0,1"]}
    whole = tune("genre-linear", **options, out=tmp_path / "whole")
    found = tune("genre-linear", **options, out=tmp_path / "less", leave_out=listed)
    assert found.songs == whole.songs - 1
    assert f"--leave-out {listed}" in found.train


def test_without_optuna_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partita.search.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"partita\[tune\]"):
        tune("bach", **SMALL, out=tmp_path)


def test_trials_that_differ_by_chance_are_told_from_those_that_do_not() -> None:
    rng = np.random.default_rng(0)
    songs = rng.normal(1, 0.5, 200)
    trials = [
        task.Trial(number, "finished", float(values.mean()), {}, songs=values.tolist())
        for number, values in enumerate((songs, songs + rng.normal(0, 0.1, 200), songs + 0.1))
    ]
    assert task._alike(trials[0], trials[1])
    assert not task._alike(trials[0], trials[2])
