"""One contract for every composer of rows of decisions, and what rows and readers promise."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scores import performance

from partita.composing import Key
from partita.data import load, maestro
from partita.data.free_piano import chorale
from partita.errors import DataError, UsageError
from partita.evaluation import prepare_all
from partita.events import SUSTAIN, Control, Note, Track
from partita.midi import Score
from partita.models import MODELS, decisions, model_class
from partita.models.decision_composer import DecisionComposer, Hand, Lean
from partita.models.decisions import SHIFT, UP, WHAT, moments, spelled
from partita.models.markov import Markov, MarkovConfig
from partita.models.note_transformer import NoteTransformer, NoteTransformerConfig
from partita.sampling import Sampling
from partita.tokens import BEGIN, PEDAL_DOWN, PEDAL_UP, PITCH, TIME, VELOCITY, Grammar, encode

NAMES = [name for name in MODELS if issubclass(model_class(name), DecisionComposer)]
every_composer = pytest.mark.parametrize("name", NAMES)
PIECE = performance(200, gap=40)
KEY, WHITE = Key.named("C"), (0, 2, 4, 5, 7, 9, 11)


@pytest.fixture(scope="module")
def composers() -> dict[str, DecisionComposer]:
    """One of each kind; the networks know nothing, which tries the constraints hardest."""
    made: dict[str, DecisionComposer] = {}
    for name in NAMES:
        torch.manual_seed(0)
        model = model_class(name).tiny()
        assert isinstance(model, DecisionComposer)
        made[name] = model.eval()
    items = [{"tokens": encode(example.score)} for example in load("synthetic-scores:4").examples]
    made["markov"].fit(items, np.random.default_rng(0))
    return made


def composed(model: DecisionComposer, prompt: Score | None, seconds: float, seed: int = 0, **options: Score) -> list:
    return list(model.compose(prompt, seconds, Sampling(1.1), np.random.default_rng(seed), **options))


@every_composer
@pytest.mark.parametrize("prompt", [None, PIECE], ids=["new", "continued"])
def test_what_is_composed_can_be_played_and_lasts_as_long_as_was_asked(
    composers: dict[str, DecisionComposer], name: str, prompt: Score | None
) -> None:
    for seed, seconds in enumerate((0.5, 4.0, 7.777)):
        events = composed(composers[name], prompt, seconds, seed)
        assert [event.tick for event in events] == sorted(event.tick for event in events)
        notes, pedal = [[e for e in events if isinstance(e, kind)] for kind in (Note, Control)]
        assert all(note.tick + note.duration <= round(1000 * seconds) and note.duration > 0 for note in notes)
        score = Score([Track(notes, pedal)], ticks_per_beat=500)
        assert score.seconds == pytest.approx(seconds, abs=5e-4)
        assert events[-1] == Control(round(1000 * seconds), SUSTAIN, 0)
        for key in {note.pitch for note in notes}:
            same = [note for note in notes if note.pitch == key]
            assert all(a.tick + a.duration <= b.tick for a, b in pairwise(same)), "a key that is down is not struck"


@every_composer
def test_a_seed_decides_every_event(composers: dict[str, DecisionComposer], name: str) -> None:
    model = composers[name]
    assert composed(model, PIECE, 3, seed=1) == composed(model, PIECE, 3, seed=1)
    assert composed(model, PIECE, 3, seed=1) != composed(model, PIECE, 3, seed=2)


@every_composer
def test_a_lean_draws_pitches_into_a_key_and_onsets_onto_a_beat(
    composers: dict[str, DecisionComposer], name: str
) -> None:
    def drawn(lean: Lean | None) -> tuple[np.ndarray, np.ndarray]:
        events = composers[name].compose(PIECE, 12, Sampling(), np.random.default_rng(0), lean=lean)
        notes = [event for event in events if isinstance(event, Note)]
        return np.array([note.pitch % 12 for note in notes]), np.array([note.tick / 1000 for note in notes])

    def on_eighths(seconds: np.ndarray) -> float:
        return float(np.cos(4 * np.pi * seconds / 0.8).mean())

    free, leant = drawn(None), drawn(Lean(KEY.lean(), 0.8))
    assert np.isin(leant[0], WHITE).mean() > np.isin(free[0], WHITE).mean()
    assert on_eighths(leant[1]) > on_eighths(free[1]) + 0.1
    alike = drawn(Lean())
    assert all(np.array_equal(a, b) for a, b in zip(free, alike, strict=True)), "without a wish nothing is changed"


@every_composer
def test_events_come_one_by_one(composers: dict[str, DecisionComposer], name: str) -> None:
    stream = composers[name].compose(None, 1e6, Sampling(), np.random.default_rng(0))
    assert isinstance(stream, Iterator)
    assert isinstance(next(stream), Note | Control)


@every_composer
def test_lengths_and_gaps_that_make_no_sense(composers: dict[str, DecisionComposer], name: str) -> None:
    model = composers[name]
    for seconds in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="above 0"):
            model.compose(None, seconds, Sampling(), np.random.default_rng(0))
    if model.infills:
        assert composed(model, PIECE, 3, until=PIECE)
    else:
        with pytest.raises(UsageError, match="can't fill gaps"):
            model.compose(PIECE, 3, Sampling(), np.random.default_rng(0), until=PIECE)


@every_composer
def test_of_a_long_prompt_the_last_part_counts(composers: dict[str, DecisionComposer], name: str) -> None:
    model = composers[name]
    used = model.context_seconds(PIECE)
    assert 0 < used < PIECE.seconds
    rows = spelled(moments(encode(PIECE)[:-1]))
    early, late = rows.copy(), rows.copy()
    early[0, WHAT], late[-1, WHAT] = (early[0, WHAT] + 1) % UP, (late[-1, WHAT] + 1) % UP
    first, second, third = (model.reader(each, rows[:0], 0).logits((5,)) for each in (rows, early, late))
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.abs(first - third).max() > 1e-3


@every_composer
def test_readers_agree_with_the_likelihood_of_whole_pieces(composers: dict[str, DecisionComposer], name: str) -> None:
    """Decision by decision, under the grammar's own masks: so the likelihood sums to one over what is allowed."""
    model = composers[name]
    tokens = encode(PIECE)
    rows = spelled(moments(tokens))[:20]
    nats = model.row_nats(rows)
    reader = model.reader(rows[:0], rows[:0], 0)
    previous, down = decisions.before(rows), decisions.pedal_before(rows)
    shifts = decisions.shifts_allowed(previous)
    whats = decisions.whats_allowed(previous, down, rows[:, SHIFT])
    for number, row in enumerate(rows.tolist()):
        for field, mask in enumerate((shifts[number], whats[number], ..., ...)):
            if field < 2 or row[WHAT] < UP:
                logits = np.asarray(reader.logits(tuple(row[:field])), np.float64)[mask]
                chosen = np.asarray(reader.logits(tuple(row[:field])), np.float64)[row[field]]
                assert nats[number, field] == pytest.approx(
                    np.log(np.exp(logits - logits.max()).sum()) + logits.max() - chosen, abs=1e-4
                )
        reader.take(tuple(row))


def test_cached_and_uncached_logits_are_equal(composers: dict[str, DecisionComposer]) -> None:
    rows, none = spelled(moments(encode(PIECE))), decisions.OPENING[:0]
    model = composers["note-transformer"]
    for later, ahead in ((none, 0.0), (rows[:9], 50.0)):
        step_by_step = model.reader(rows[:3], later, ahead)
        for row in rows[3:12].tolist():
            step_by_step.take(tuple(row))
        at_once = model.reader(rows[:12], later, ahead)
        for field in range(4):
            decided = tuple(rows[12, :field].tolist())
            np.testing.assert_allclose(step_by_step.logits(decided), at_once.logits(decided), atol=1e-5)


@pytest.mark.parametrize("gap", [3, 60, 3_000, 60_000])
def test_rows_are_the_tokens_and_masks_are_the_grammar(gap: int) -> None:
    tokens = encode(performance(100, gap=gap))
    rows = spelled(moments(tokens))
    previous, down = decisions.before(rows), decisions.pedal_before(rows)
    shifts, whats = decisions.shifts_allowed(previous), decisions.whats_allowed(previous, down, rows[:, SHIFT])
    grammar, spelt = Grammar(), iter(tokens.tolist())
    grammar.take(next(spelt))
    for number, (shift, what, _, _) in enumerate(rows.tolist()[:200]):
        allowed = grammar.allowed()
        np.testing.assert_array_equal(allowed[TIME:PITCH], shifts[number, 1:])
        assert shifts[number, 0] == (previous[number, WHAT] != decisions.ON)
        if shift:
            grammar.take(next(spelt))
            allowed = grammar.allowed()
        np.testing.assert_array_equal(allowed[PITCH:VELOCITY], whats[number, :UP])
        assert (allowed[[PEDAL_UP, PEDAL_DOWN]] == whats[number, UP : UP + 2]).all()
        assert whats[number, decisions.ON] == (shift and allowed[TIME:PITCH].any())
        for _ in range(3 if what < UP else what != decisions.ON):
            grammar.take(next(spelt))


def test_the_hand_waits_for_the_end_of_the_prompt() -> None:
    for begin in (1, 99, 100, 250, 999, 1000, 12_345):
        rng = np.random.default_rng(begin)
        hand = Hand(np.array([BEGIN], np.int16), begin)
        while hand.time < begin:
            shift = int(rng.choice(np.flatnonzero(hand.shifts())))
            hand.wait(shift)
            if hand.time < begin:
                assert np.flatnonzero(hand.whats(shift)).tolist() == [decisions.ON]
                hand.play((shift, decisions.ON, 0, 0))


@given(st.integers(-20, 20), st.floats(0.7, 1.4), st.integers(-9, 9))
def test_altered_pieces_keep_their_chords_and_to_the_keyboard(semitones: int, tempo: float, louder: int) -> None:
    table = moments(encode(PIECE))
    moved = decisions.altered(table, semitones, tempo, louder)
    assert ((moved[:, SHIFT] == 0) == (table[:, SHIFT] == 0)).all()
    assert moved[:, SHIFT].sum() == pytest.approx(table[:, SHIFT].sum() * tempo, abs=len(table))
    pitch = moved[moved[:, WHAT] < UP, WHAT]
    assert pitch.min() >= 21
    assert pitch.max() <= 108
    np.testing.assert_array_equal(decisions.altered(table, 0, 1.0, 0), table)


def test_infilling_knows_what_follows() -> None:
    model = NoteTransformer.new(NoteTransformerConfig(context=32, width=32, heads=2, layers=1, infill=1.0), 0)
    items = [{"tokens": encode(PIECE)}]
    batch = model.batch([piece for item in items for piece in model.pieces(item)], np.random.default_rng(0))
    assert batch["later"].any()
    assert not (batch["later"] & (batch["weight"] > 0)).any(), "what follows is read, not learnt"


def test_markov_prefers_what_it_counted_and_loads_tables_of_any_size(tmp_path: "object") -> None:
    from partita import load as load_model
    from partita.checkpoint import save

    items = prepare_all(Markov.tiny(), load("synthetic-scores:8").examples).items
    fitted = Markov(MarkovConfig(least=2)).fit(items[:6], np.random.default_rng(0))
    blank = Markov(MarkovConfig())
    assert fitted.validate(items[6:])["loss"] < 0.7 * blank.validate(items[6:])["loss"]
    again = load_model(save(fitted, tmp_path / "markov", {}))  # type: ignore[operator]
    assert again.validate(items[6:]) == fitted.validate(items[6:])
    assert again.parameter_count == fitted.parameter_count > 0


def test_maestro_wants_its_table_and_keeps_the_official_parts(tmp_path: "object") -> None:
    root = tmp_path  # type: ignore[assignment]
    with pytest.raises(DataError, match="no maestro"):
        load(f"maestro:{root}")
    lines = ["canonical_composer,canonical_title,split,midi_filename"]
    for number in range(24):
        part = "validation" if number % 4 == 0 else "train"
        lines.append(f"Someone,{part} piece {number // 2},{part},{number}.midi")
        if number:
            PIECE.write(root / f"{number}.midi")  # type: ignore[operator]
    (root / "maestro-v3.csv").write_text("\n".join(lines))  # type: ignore[operator]
    official, inner = load(f"maestro:{root}"), load(f"maestro:{root}", "inner")
    assert {name: len(part) for name, part in official.splits.items()} == {"train": 18, "valid": 5, "test": 0}
    assert official.notes == ["1 performances of the valid part are not in this copy"]
    assert {e.id for e in inner.examples} == {e.id for e in official.splits["train"]}
    assert len(maestro.table(root)) == 24  # type: ignore[arg-type]


def test_chorales_become_four_voices() -> None:
    score = chorale([[72, 67, 60, 48]] * 4 + [[74, 67, 60, -1]] * 4)
    assert score.seconds == pytest.approx(1.2)
    assert len(score.notes()) == 5
