"""How likely music is to a model: nats per step of piano rolls, bits per note of composers, with baselines beside them.

Both are totals of whole pieces, with intervals by drawing pieces anew, since notes of one piece are no independent
evidence.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from partita.data import Dataset
from partita.example import Example
from partita.metrics import symbolic
from partita.metrics.classification import Interval
from partita.metrics.symbolic import FieldNats
from partita.models import MODELS, model_class
from partita.models.composer import Composer
from partita.models.rolls import RollModel
from partita.training import Progress


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of whole pieces under one model.

    `nll_per_step` is total nats / total steps, the first step of each piece included, `nll_per_piece` the mean of the
    pieces' own figures. `exact` is false where they are bounds. `pieces` has a row for each: id, steps, nll_per_step.
    """

    model: str
    data: str
    split: str
    protocol: str
    nll_per_step: float
    interval: Interval
    n_steps: int
    n_pieces: int
    exact: bool
    nll_per_piece: float
    baselines: dict[str, float]
    notes: list[str]
    failures: list[str]
    pieces: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """JSON-ready values without the rows of pieces."""
        return {name: value for name, value in asdict(self).items() if name != "pieces"}


def measure_likelihood(
    model: RollModel,
    name: str,
    dataset: Dataset,
    split: str,
    *,
    baselines: bool = True,
    progress: Progress | None = None,
) -> Likelihood:
    """Measure `model` on a split; baselines fitted to the same training part, where there is one, beside it."""
    examples = dataset.split(split)
    nats = []
    for number, example in enumerate(examples):
        nats.append(model.nats(model.prepare(example)))
        if progress:
            progress(number + 1, len(examples), "measuring")
    own = [float(piece.mean()) for piece in nats]
    steps = sum(map(len, nats))
    return Likelihood(
        model=name,
        data=dataset.name,
        split=split,
        protocol=f"{len(nats)} pieces with {steps} steps, the {split} part of {dataset.name}; {dataset.protocol}. "
        "Total nats / total steps, first steps included; the interval is 95 %, bootstrap over pieces.",
        nll_per_step=symbolic.per_step(nats),
        interval=symbolic.per_step_interval(nats),
        n_steps=steps,
        n_pieces=len(nats),
        exact=model.exact,
        nll_per_piece=float(np.mean(own)),
        baselines=_baselines(dataset.splits.get("train", ()), examples) if baselines else {},
        notes=[*([dataset.leaks] if dataset.leaks else []), *dataset.notes],
        failures=[],
        pieces=[
            {"id": e.id, "steps": len(row), "nll_per_step": mean}
            for e, row, mean in zip(examples, nats, own, strict=True)
        ],
    )


def _baselines(train: Sequence[Example], examples: Sequence[Example]) -> dict[str, float]:
    """Nats per step of coins and, where there is a training part, of counts made on it."""
    rolls = [example.roll.cells for example in examples]
    found = {"uniform": symbolic.per_step([symbolic.uniform(cells) for cells in rolls])}
    if train:
        known = [example.roll.cells for example in train]
        fitted: dict[str, symbolic.KeyFrequency | symbolic.KeyChain] = {
            "note 1-gram": symbolic.KeyFrequency.fit(known),
            "last step again": symbolic.KeyChain.fit(known, tied=True),
            "Markov chain of each key": symbolic.KeyChain.fit(known),
        }
        found |= {name: symbolic.per_step([model.nats(cells) for cells in rolls]) for name, model in fitted.items()}
    return found


@dataclass(frozen=True)
class NoteLikelihood:
    """What notes cost a composer: bits per note, in all and by field, of whole pieces.

    `fields` are what it tells of a note; `bits_per_second` is of the pieces' length. `baselines` and `comparisons` have
    for each name a row: `bits_per_note`, `by_field`, the fields that both tell (`of`), and `difference`, this model's
    bits less theirs in those fields, with its `interval`, paired by piece. `pieces` has a row for each. `findings` is
    what else there is to say of this kind of model (`evaluation/creations.py`).
    """

    model: str
    data: str
    split: str
    protocol: str
    bits_per_note: float
    interval: Interval
    by_field: dict[str, float]
    bits_per_second: float
    n_notes: int
    n_pieces: int
    baselines: dict[str, dict[str, Any]]
    comparisons: dict[str, dict[str, Any]]
    notes: list[str]
    pieces: list[dict[str, Any]]
    findings: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """JSON-ready values without the rows of pieces."""
        return {name: value for name, value in asdict(self).items() if name != "pieces"}


def measure_notes(
    model: Composer,
    name: str,
    dataset: Dataset,
    split: str,
    *,
    baselines: bool = True,
    others: Sequence[tuple[str, Composer]] = (),
    progress: Progress | None = None,
) -> NoteLikelihood:
    """Measure a composer on a split, beside baselines fitted to the training part, if any, and other composers."""
    examples = dataset.split(split)
    nats = _field_nats(model, examples, progress)
    notes = sum(symbolic.count_notes(piece) for piece in nats)
    own = symbolic.bits(nats)
    fitted = _note_baselines(dataset.splits.get("train", ()), examples, progress) if baselines else {}
    compared = {other: _field_nats(composer, examples, progress) for other, composer in others}
    seconds = sum(example.score.seconds for example in examples)
    total = sum(own.values())
    return NoteLikelihood(
        model=name,
        data=dataset.name,
        split=split,
        protocol=f"{len(examples)} pieces with {notes} notes in {seconds / 3600:.2f} h, the {split} part of "
        f"{dataset.name}; {dataset.protocol}. Total bits / total notes; intervals are 95 %, bootstrap over pieces.",
        bits_per_note=total,
        interval=symbolic.bits_interval(nats),
        by_field=own,
        bits_per_second=total * notes / seconds if seconds else 0.0,
        n_notes=notes,
        n_pieces=len(examples),
        baselines={other: _beside(nats, rows) for other, rows in fitted.items()},
        comparisons={other: _beside(nats, rows) for other, rows in compared.items()},
        notes=[*([dataset.leaks] if dataset.leaks else []), *dataset.notes],
        pieces=[
            {"id": e.id, "notes": symbolic.count_notes(piece), "bits_per_note": sum(symbolic.bits([piece]).values())}
            for e, piece in zip(examples, nats, strict=True)
        ],
    )


def _field_nats(model: Composer, examples: Sequence[Example], progress: Progress | None) -> list[FieldNats]:
    nats: list[FieldNats] = []
    for number, example in enumerate(examples):
        nats.append(model.field_nats(model.prepare(example)))
        if progress:
            progress(number + 1, len(examples), f"{model.name} reads")
    return nats


def _note_baselines(
    train: Sequence[Example], examples: Sequence[Example], progress: Progress | None
) -> dict[str, list[FieldNats]]:
    """Nats of pieces by counts made on a training part: of tokens, and of what followed what."""
    if not train:
        return {}
    frequency = symbolic.TokenFrequency.fit([example.score for example in train])
    found: dict[str, list[FieldNats]] = {"token 1-gram": [frequency.field_nats(example.score) for example in examples]}
    if "markov" in MODELS:
        chain = model_class("markov")
        fitted = chain.new(chain.Config(), 0)
        fitted.fit([fitted.prepare(example) for example in train], np.random.default_rng(0))
        assert isinstance(fitted, Composer)
        found["markov"] = _field_nats(fitted, examples, progress)
    return found


def _beside(nats: Sequence[FieldNats], others: Sequence[FieldNats]) -> dict[str, Any]:
    """The row of another model; where one tells time as part of pitch, the two are counted together."""
    shared = [field for field in others[0] if field in nats[0] or field in ("time", "pitch")]
    mine, theirs = (
        [{field: row[field] for field in row if field in (*shared, "time", "pitch")} for row in rows]
        for rows in (nats, others)
    )
    by_field = symbolic.bits(others)
    difference, interval = symbolic.bits_difference(mine, theirs)
    return {
        "bits_per_note": sum(by_field.values()),
        "by_field": by_field,
        "of": shared,
        "difference": difference,
        "interval": interval,
    }
