"""One contract for every registered model."""

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch

from partita import data
from partita.audio import Audio
from partita.checkpoint import load, save
from partita.data import synthetic
from partita.errors import CheckpointError, UnusableAudioError, UsageError
from partita.evaluation import prepare_all
from partita.example import Example, Spectrogram
from partita.metrics.symbolic import KeyFrequency, per_step
from partita.models import MODELS, model_class
from partita.models.base import Item, Model, choose_device
from partita.models.classifier import Classifier
from partita.models.decision_composer import DecisionComposer
from partita.models.decisions import before, moments, pedal_before, shifts_allowed, spelled, whats_allowed
from partita.models.generator import Generator
from partita.models.rolls import RollModel
from partita.models.stretches import chunk_spans, chunk_starts
from partita.settings import Plan
from partita.training import fit

every_model = pytest.mark.parametrize("name", MODELS)
every_classifier = pytest.mark.parametrize(
    "name", [name for name in MODELS if issubclass(model_class(name), Classifier)]
)


def songs(name: str, count: int = 4) -> tuple[Model, Sequence[Item], Sequence[Example]]:
    """A tiny model and prepared examples of the kind it takes: for a classifier, songs of two labels."""
    model = model_class(name).tiny()
    examples = data.load(f"{model.trial_data}:{count}").examples
    changes = {}
    if isinstance(model, Classifier | Generator):
        examples = [example for example in examples if example.label in ("beat", "drone")]
        changes = {"labels": ("beat", "drone")}
    torch.manual_seed(0)
    model = model.set(**changes)
    return model, prepare_all(model, examples).items, examples


def chance(model: Model, items: Sequence[Item]) -> float:
    """The loss of knowing no more than how often each answer comes; of a model of music, that before training."""
    if isinstance(model, Classifier):
        return float(np.log(2))
    if isinstance(model, RollModel):
        pieces = [item["cells"] for item in items]
        return per_step([KeyFrequency.fit(pieces).nats(cells) for cells in pieces])
    if isinstance(model, DecisionComposer):
        pieces = [spelled(moments(item["tokens"])) for item in items]
        return sum(map(uniform, pieces)) / sum(int((rows[:, 1] < 128).sum()) for rows in pieces)
    if isinstance(model, Generator):
        model.start(items, np.random.default_rng(0))
    return model.eval().validate(items)["loss"]


def uniform(rows: np.ndarray) -> float:
    """Nats of a piece where every decision that is allowed is as likely as any other."""
    previous = before(rows)
    counts = shifts_allowed(previous).sum(1), whats_allowed(previous, pedal_before(rows), rows[:, 0]).sum(1)
    return float(sum(np.log(count).sum() for count in counts) + (rows[:, 1] < 128).sum() * np.log(32 * 337))


@every_model
def test_states_its_name_and_a_config_that_survives_json(name: str) -> None:
    model = model_class(name).tiny()
    assert model.name == name
    again = type(model).from_config_json(json.loads(json.dumps(model.config_json())))
    assert again.config == model.config


@every_model
def test_every_parameter_of_every_phase_gets_a_finite_gradient(name: str) -> None:
    model, items, _ = songs(name)
    if model.closed_form:
        pytest.skip("a closed-form model has no gradients")
    model.start(items, np.random.default_rng(0))
    pieces = [piece for item in items for piece in model.pieces(item)][:16]
    model.train()
    touched = set()
    for phase, optimizer in model.phases(model.recipe).items():
        model.zero_grad()
        model.losses(model.batch(pieces, np.random.default_rng(0)), phase)["loss"].backward()
        for parameter in (p for group in optimizer.param_groups for p in group["params"]):
            touched.add(parameter)
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all()
    assert touched == {parameter for parameter in model.parameters() if parameter.requires_grad}


@every_model
def test_batches_come_from_the_generator_alone(name: str) -> None:
    model, items, _ = songs(name)
    if model.closed_form:
        pytest.skip("a closed-form model takes no batches")
    pieces = [piece for item in items for piece in model.pieces(item)][:16]
    torch.manual_seed(1)
    first = model.batch(pieces, np.random.default_rng(3))
    torch.manual_seed(2)
    second = model.batch(pieces, np.random.default_rng(3))
    assert all(torch.equal(first[key], second[key]) for key in first)


@every_model
def test_a_tiny_training_learns(name: str) -> None:
    model, items, _ = songs(name, 6)
    steps = 120 if name == "loop-gan" else 60  # of two networks that learn equally fast, what one gains the other loses
    recipe = type(model.recipe)(steps=steps, batch=8, warmup=5, validate_every=30, learning_rate=3e-3)
    ignorant = chance(model, items)
    run = fit(model, items, items, recipe)
    scores = model.validate(items)
    shares = {"aaa-lstm": 0.75, "aaa-vae": 0.75, "toygan": 0.9}  # reports' own: silence at best, or hardly anything
    assert scores["loss"] < shares.get(name, 0.6) * ignorant
    assert run.history


@every_model
def test_saving_and_loading_is_identity(name: str, tmp_path: "object") -> None:
    model, items, _ = songs(name)
    fit(model, items, [], type(model.recipe)(steps=3, batch=4, validate_every=3))
    again = load(save(model, tmp_path / "saved", {}))  # type: ignore[operator]
    assert again.validate(items) == model.eval().validate(items)
    for key, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key


@every_classifier
def test_classifies_any_length(name: str) -> None:
    model, items, _ = songs(name)
    assert isinstance(model, Classifier)
    fit(model, items, [], type(model.recipe)(steps=3, batch=4, validate_every=3))
    rng = np.random.default_rng(0)
    for seconds in (1.0, 7.3, 30, 41, 95):
        sound = Audio(rng.normal(0, 0.1, (1, int(seconds * 22_050))).astype(np.float32), 22_050)
        prediction = model.classify(sound)
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-4)
        edges = [prediction.segments[0].start, *(segment.end for segment in prediction.segments)]
        assert edges[0] == 0
        assert edges[-1] == pytest.approx(model.heard_seconds(seconds), abs=0.25)
        assert [segment.start for segment in prediction.segments] == edges[:-1], "segments follow one another"


@every_classifier
def test_a_song_says_the_same_prepared_or_streamed(name: str) -> None:
    model, items, examples = songs(name)
    assert isinstance(model, Classifier)
    fit(model, items, [], type(model.recipe)(steps=3, batch=4, validate_every=3))
    beat, drone = synthetic.song("beat", 0, seconds=30), synthetic.song("drone", 0, seconds=47)
    sounds = {"long": [beat, drone], "gap": [drone[:661_500], np.zeros(661_500, np.float32), beat]}
    for title, parts in sounds.items():
        examples = [*examples, Example(name, Audio(np.concatenate(parts)[None], 22_050), "beat", title)]
    prepared = model.probabilities(model.song_log_probabilities(prepare_all(model, examples).items))
    for row, example in zip(prepared, examples, strict=True):
        streamed = list(model.classify(example.media).probabilities.values())
        np.testing.assert_allclose(streamed, row, atol=1e-4, err_msg=example.id)


@every_classifier
def test_silence_and_foreign_spectrograms_are_refused(name: str) -> None:
    model = model_class(name).tiny()
    assert isinstance(model, Classifier)
    with pytest.raises(UnusableAudioError, match="silent"):
        model.classify(Audio(np.zeros((1, 50_000), np.float32), 22_050))
    for bands, front_end in ((128, "gtzan-logmel"), (64, "fma-logmel")):
        own = front_end == model.spectrograms
        error, words = (UnusableAudioError, "silent") if own else (UsageError, f"is a {front_end} spectrogram; ")
        with pytest.raises(error, match=words):
            model.classify(Spectrogram(np.zeros((bands, 90), np.uint8), 0.0774, front_end))


@every_classifier
def test_minutes_of_silence_inside_a_recording_do_not_count(name: str) -> None:
    model, items, _ = songs(name)
    assert isinstance(model, Classifier)
    fit(model, items, [], type(model.recipe)(steps=3, batch=4, validate_every=3))
    sound = np.random.default_rng(0).normal(0, 0.1, 30 * 22_050).astype(np.float32)
    with_gap = np.concatenate([sound, np.zeros(60 * 22_050, np.float32), sound])
    gap, plain = (model.classify(Audio(x[None], 22_050)) for x in (with_gap, sound))
    assert gap.probabilities == pytest.approx(plain.probabilities, abs=1e-3)
    assert not any(30 <= segment.start < 89 for segment in gap.segments)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'genre-linear'"):
        model_class("genre-liner")
    with pytest.raises(UsageError, match="has no setting 'widht'"):
        model_class("genre-linear").tiny().set(widht=3)
    with pytest.raises(CheckpointError, match="does not fit"):
        model_class("genre-linear").from_config_json({"labels": ["a"], "nonsense": 1})


def test_settings_that_only_fit_together_are_set_together() -> None:
    plan = Plan.of("beat-transformer", ("a", "b"), {"width": "180", "heads": "6", "steps": "7"})
    assert (plan.config.width, plan.config.heads, plan.recipe.steps) == (180, 6, 7)
    with pytest.raises(UsageError, match="multiple of heads"):
        Plan.of("beat-transformer", ("a", "b"), {"width": "180"})


def test_an_absent_device_is_refused_with_those_present() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match=r"it has .*cpu"):
            choose_device("cuda")
    assert choose_device("cpu").type == "cpu"


def test_chunks_cover_everything_evenly() -> None:
    for columns in (1, 63, 64, 65, 387, 500):
        starts = chunk_starts(columns, 64, 32)
        assert starts[0] == 0
        assert starts[-1] == max(0, columns - 64)
        assert all(0 < b - a <= 33 for a, b in pairwise(starts))
        spans = chunk_spans(starts, 64, columns, 1.0)
        assert (spans[0][0], spans[-1][1]) == (0, columns)
