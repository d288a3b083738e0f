"""The AAA report's models and their corrected variants."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from partita import data
from partita.errors import UsageError
from partita.evaluation import prepare_all
from partita.evaluation.creations import findings
from partita.evaluation.free_running import _compare, measure_free_running
from partita.evaluation.latents import measure_latents
from partita.events import Note, Track
from partita.metrics.notes import found
from partita.midi import Score
from partita.models import model_class
from partita.models.aaa_lstm import AAALSTM, AAALSTMConfig
from partita.models.aaa_lstm_notes import AAALSTMNotes, sharpened, surprise
from partita.models.aaa_vae import AAAVAE, AAAVAEConfig
from partita.models.aaa_vae_notes import AAAVAENotes, divergence
from partita.models.base import Model, Recipe
from partita.models.planes import ONSET, SOUND, notes_of, planes_of, played, score_of, transposed, window
from partita.sampling import Sampling
from partita.training import fit


def parameters(model: Model, part: str) -> int:
    return sum(layer.parameters for layer in model.outline() if layer.name.startswith(part))


def shapes(model: Model, part: str, kind: str) -> list[tuple[int, ...] | None]:
    return [layer.output for layer in model.outline() if layer.name.startswith(part) and layer.kind == kind]


def test_the_lstm_has_the_layers_that_the_report_prints() -> None:
    with torch.device("meta"):
        model = AAALSTM(AAALSTMConfig())
    assert [(layer.output, layer.parameters) for layer in model.outline()] == [
        ((256, 1024), 4_722_688),
        ((1024,), 8_392_704),
        ((128,), 131_200),
    ]
    assert model.parameter_count == 13_246_592
    assert len(model.pieces({"picture": np.zeros((1024, 128), np.float32)})) == 768


def test_the_autoencoder_has_the_layers_that_the_report_prints() -> None:
    with torch.device("meta"):
        model, smaller = AAAVAE(AAAVAEConfig()), AAAVAE(AAAVAEConfig(size=256))
    assert (parameters(model, "encoder"), parameters(model, "decoder")) == (63_300_960, 31_670_593)
    assert (parameters(smaller, "encoder"), parameters(smaller, "decoder")) == (7_496_544, 3_772_737)
    assert shapes(model, "encoder", "Conv2d") == [(508, 508, 64), (252, 252, 64), (124, 124, 32)]
    assert shapes(model, "encoder", "MaxPool2d") == [(254, 254, 64), (126, 126, 64), (62, 62, 32)]
    assert shapes(model, "encoder", "Flatten") == [(123_008,)]
    assert shapes(model, "encoder", "Linear") == [(512,), (256,), (256,)]
    assert shapes(model, "decoder", "ConvTranspose2d") == [(126, 126, 64), (254, 254, 64), (512, 512, 1)]


@pytest.mark.parametrize(("normalisation", "moves"), [("initial", False), ("trained", True)])
def test_batch_normalisation_learns_only_where_it_is_asked_to(normalisation: str, moves: bool) -> None:
    model = AAAVAE.tiny().set(normalisation=normalisation).train()
    pictures = torch.rand(4, 1, 128, 128)
    model.losses({"pictures": pictures}, "all")
    assert (model.encoder.layers.norm1.running_mean.abs().sum() > 0) == moves


def test_the_report_draws_from_another_distribution_than_its_loss_wants() -> None:
    uniform, normal = (
        AAAVAE.tiny().set(prior=prior).drawn(64, np.random.default_rng(0)) for prior in ("uniform", "normal")
    )

    def cosine(z: torch.Tensor) -> float:
        each = z / z.norm(dim=1, keepdim=True)
        return float((each @ each.T)[~torch.eye(64, dtype=torch.bool)].mean())

    assert cosine(uniform) == pytest.approx(0.75, abs=0.02)
    assert cosine(normal) == pytest.approx(0, abs=0.02)


# planes --------------------------------------------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(21, 108)), min_size=1, max_size=30).map(
    lambda notes: Score([Track([Note(50 * t, 50 * d, p, 72) for t, d, p in notes])], ticks_per_beat=500)
)


@given(STEPS)
def test_planes_keep_the_notes_of_a_grid(score: Score) -> None:
    planes = planes_of(score, 0.05)
    assert np.array_equal(planes_of(score_of(planes, 0.05), 0.05), planes)
    assert not (planes[:, ONSET] & ~planes[:, SOUND]).any()
    notes = list(notes_of(planes, 0.05, len(planes) * 0.05))
    table = score_of(planes, 0.05).notes()
    assert sorted((n.tick, n.duration, n.pitch) for n in notes) == [
        (row["tick"], row["duration"], row["pitch"]) for row in np.sort(table, order=["tick", "duration", "pitch"])
    ]
    assert all(a.tick <= b.tick for a, b in pairwise(notes))


@given(STEPS, st.floats(0.05, 3))
def test_no_note_sounds_beyond_the_end(score: Score, seconds: float) -> None:
    notes = list(notes_of(planes_of(score, 0.05), 0.05, seconds))
    assert all(note.duration > 0 and note.tick + note.duration <= round(1000 * seconds) for note in notes)


def test_certain_chances_are_played_as_they_are() -> None:
    planes = planes_of(data.load("synthetic-scores:1").examples[0].score, 0.05)
    assert np.array_equal(played(planes.astype(float))[:, ONSET], planes[:, ONSET])
    assert played(0.25 * planes)[:, ONSET].sum() == pytest.approx(0.25 * planes[:, ONSET].sum(), abs=1)


@given(st.integers(-87, 87))
def test_transposition_keeps_the_number_of_notes(semitones: int) -> None:
    planes = planes_of(data.load("synthetic-scores:1").examples[0].score, 0.25).astype(np.uint8)
    moved = transposed(planes, semitones)
    assert np.array_equal(moved.sum((0, 2)), planes.sum((0, 2)))


def test_notes_are_found_once_and_within_the_tolerance() -> None:
    meant = np.array([[0.0, 1.0, 60.0]])
    twice = np.array([[0.0, 1.0, 60.0], [0.02, 1.0, 60.0]])
    assert found(meant, twice).right == 1
    assert found(meant, meant + np.array([0.06, 0, 0])).right == 0
    assert found(meant, meant + np.array([0, 0, 1])).f1 == 0
    assert found(meant[:0], meant[:0]).f1 == 1


# the corrected models ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def items() -> list[dict[str, np.ndarray]]:
    return prepare_all(AAAVAENotes.tiny(), data.load("synthetic-scores:8").examples).items  # type: ignore[return-value]


@pytest.fixture(scope="module")
def vae(items: list[dict[str, np.ndarray]]) -> AAAVAENotes:
    torch.manual_seed(0)
    model = AAAVAENotes.tiny()
    fit(model, items, [], Recipe(steps=150, batch=16, learning_rate=1e-2, warmup=5, validate_every=150))
    return model


@pytest.fixture(scope="module")
def lstm(items: list[dict[str, np.ndarray]]) -> AAALSTMNotes:
    torch.manual_seed(0)
    model = AAALSTMNotes.tiny()
    fit(model, items, [], Recipe(steps=60, batch=8, learning_rate=1e-2, warmup=5, validate_every=60))
    return model


def test_the_divergence_is_never_negative_and_zero_for_the_prior() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = (3 * torch.randn(100, 8, generator=generator) for _ in range(2))
    assert (divergence(mean, log_variance) >= 0).all()
    assert divergence(torch.zeros(1, 8), torch.zeros(1, 8)).abs().max() == 0


def test_normal_samples_are_distinct_and_the_same_seed_draws_them_again(vae: AAAVAENotes) -> None:
    first, again = (vae.samples(16, np.random.default_rng(1)) for _ in range(2))
    assert first == again
    assert len({score.to_bytes() for score in first}) == 16


def test_an_interpolation_ends_in_the_reconstructions(vae: AAAVAENotes) -> None:
    a, b = (example.score for example in data.load("synthetic-scores:2").examples)
    first, middle, last = (vae.between(a, b, share) for share in (0, 0.5, 1))
    assert middle not in (first, last)
    assert [last, first] == [vae.between(b, a, share) for share in (0, 1)]
    assert vae.between(a, a, 0.3) == vae.vary(a, 0, np.random.default_rng(0))
    with pytest.raises(UsageError, match="share of the way"):
        vae.between(a, b, 2)


def test_a_variation_of_nothing_is_the_reconstruction(vae: AAAVAENotes) -> None:
    score = data.load("synthetic-scores:1").examples[0].score
    same = vae.vary(score, 0, np.random.default_rng(0))
    near, far = (vae.vary(score, amount, np.random.default_rng(0)) for amount in (0.3, 1))
    assert same == vae.vary(score, 0, np.random.default_rng(1))
    one, two, three = (planes_of(each, vae.config.step) for each in (same, near, far))
    length = min(len(one), len(two), len(three))
    assert 0 < (one[:length] ^ two[:length]).sum() < (one[:length] ^ three[:length]).sum()
    with pytest.raises(UsageError, match="amount of variation"):
        vae.vary(score, 2, np.random.default_rng(0))


def test_the_next_step_knows_no_later_one(lstm: AAALSTMNotes, items: list[dict[str, np.ndarray]]) -> None:
    planes = window(items[0], 0, 40)
    changed = planes.copy()
    changed[25:] = 0
    np.testing.assert_array_equal(lstm.nats(planes)[:25], lstm.nats(changed)[:25])


def test_chances_of_a_step_sum_to_one(lstm: AAALSTMNotes) -> None:
    """Over all that four keys can do, the others being silent."""
    logits = torch.randn(1, 1, 2, 88, generator=torch.Generator().manual_seed(0))
    logits[..., 4:] = -100
    outcomes = np.array(np.meshgrid(*[[0, 1, 2]] * 4)).reshape(4, -1).T
    planes = torch.zeros(1, len(outcomes), 2, 88)
    planes[0, :, SOUND, :4], planes[0, :, ONSET, :4] = torch.tensor(outcomes > 0), torch.tensor(outcomes == 2)
    nats = surprise(logits.expand(1, len(outcomes), 2, 88), planes)
    assert float(torch.exp(-nats).sum()) == pytest.approx(1, abs=1e-5)


def test_fields_sum_to_the_likelihood_of_the_piece(lstm: AAALSTMNotes, items: list[dict[str, np.ndarray]]) -> None:
    fields = lstm.field_nats(items[0])
    planes = window(items[0], 0, len(items[0]["planes"]))
    notes = int(planes[:, ONSET].sum())
    assert {count for _, count in fields.values()} == {notes}
    within = 2 * notes * np.log(lstm.config.step / 0.01)
    assert sum(nats for nats, _ in fields.values()) - within == pytest.approx(lstm.nats(planes).sum(), rel=1e-4)
    assert all(nats > 0 for nats, _ in fields.values())


def test_composers_keep_to_their_length_and_seed(lstm: AAALSTMNotes, vae: AAAVAENotes) -> None:
    prompt = data.load("synthetic-scores:1").examples[0].score
    for model, start in ((lstm, prompt), (lstm, None), (vae, None)):
        first, again = (list(model.compose(start, 7.3, Sampling(), np.random.default_rng(2))) for _ in range(2))
        assert first == again
        assert first
        assert all(a.tick <= b.tick for a, b in pairwise(first))
        assert all(isinstance(note, Note) and note.tick + note.duration <= 7300 for note in first)
        with pytest.raises(UsageError, match="above 0"):
            model.compose(start, 0, Sampling(), np.random.default_rng(0))
        with pytest.raises(UsageError, match="fill"):
            model.compose(start, 1, Sampling(), np.random.default_rng(0), until=prompt)
    with pytest.raises(UsageError, match="does not continue"):
        vae.compose(prompt, 1, Sampling(), np.random.default_rng(0))


def test_notes_come_as_they_are_decided(lstm: AAALSTMNotes) -> None:
    """The first of an hour is there at once."""
    first = next(lstm.compose(None, 3600, Sampling(), np.random.default_rng(0)))
    assert isinstance(first, Note)


def test_a_collapsed_autoencoder_is_told_from_a_healthy_one(
    vae: AAAVAENotes, items: list[dict[str, np.ndarray]]
) -> None:
    x = torch.from_numpy(np.concatenate([vae.spread(item, 4) for item in items]))
    healthy = measure_latents(vae, x)
    assert not healthy.collapsed
    assert healthy.active >= healthy.units // 2
    assert min(healthy.kl) >= 0
    planted = AAAVAENotes(vae.config).eval()
    planted.load_state_dict(vae.state_dict())
    torch.nn.init.zeros_(planted.encoder[-1].weight)
    assert measure_latents(planted, x).collapsed


def test_a_mean_squared_error_over_too_many_cells_lets_collapse_be_expected() -> None:
    pictures = torch.rand(8, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    mean, total = (AAAVAE.tiny().set(reconstruction=kind).eval() for kind in ("mean", "sum"))
    assert measure_latents(mean, pictures).collapse_expected
    assert not measure_latents(total, pictures).collapse_expected


# continuations -------------------------------------------------------------------------------------------------------

NOTES = st.lists(st.tuples(st.floats(0, 9.9), st.floats(0.05, 5), st.integers(21, 108)), max_size=20).map(
    lambda rows: np.array([(begin, min(10.0, begin + length), pitch) for begin, length, pitch in rows]).reshape(-1, 3)
)


@given(NOTES, NOTES)
def test_a_continuation_is_nearest_to_itself_and_figures_are_shares(truth: np.ndarray, guess: np.ndarray) -> None:
    same, other = (_compare([truth], [table]).figures() for table in (truth, guess))
    assert same["chroma"] == pytest.approx(1)
    assert same["onset"] == same["frames"] == float(len(truth) > 0)
    for name in ("onset", "frames", "chroma"):
        assert 0 <= other[name] <= same[name] + 1e-9
    assert other["density"] == pytest.approx(len(guess) / 10)


def test_continuations_are_paired_by_piece_with_copies_of_the_prompt(lstm: AAALSTMNotes) -> None:
    examples = data.load("synthetic-scores:3").examples
    measured = measure_free_running({"model": (lstm, Sampling())}, examples)
    assert measured is not None
    assert measured.pieces == 3
    assert measured.figures["silence"] == {"onset": 0, "frames": 0, "chroma": 0, "density": 0}
    assert measured.figures["the prompt again"]["chroma"] > 0.2
    for name, figures in measured.ahead.items():
        for measure, (ahead, low, high) in figures.items():
            assert low <= ahead <= high
            assert ahead == pytest.approx(measured.figures["model"][measure] - measured.figures[name][measure])
    assert len(measured.curves["model"]["onset"]) == 10
    assert measure_free_running({"model": (lstm, Sampling())}, examples[:0]) is None


@given(st.lists(st.floats(-9, 2), min_size=2, max_size=88), st.floats(0, 3))
def test_temperature_leaves_the_number_of_onsets_alone(logits: list[float], temperature: float) -> None:
    chances = 1 / (1 + np.exp(-np.array(logits)))
    changed = np.exp(sharpened(np.log(chances), temperature))
    assert changed.sum() == pytest.approx(chances.sum(), rel=1e-3, abs=1e-6)
    assert (np.diff(changed[np.argsort(chances, kind="stable")]) >= -1e-9).all()


def test_what_is_measured_of_corrected_models_is_told(lstm: AAALSTMNotes, vae: AAAVAENotes) -> None:
    dataset = data.load("synthetic-scores:12")
    continued, created = (findings(model, dataset) for model in (lstm, vae))
    assert {"continuation", "rows"} <= continued.keys()
    assert {row["what"] for row in created["rows"]} >= {"active units", "KL, nats", "notes given back, F1 by onset"}
    assert len(created["latents"]["kl"]) == vae.units
    assert findings(model_class("markov").tiny(), dataset) == {}  # type: ignore[arg-type]
