"""A model of piano rolls on a data set: nats per step with their interval, and the baselines beside them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from partita.data import Dataset
from partita.example import Example
from partita.metrics import symbolic
from partita.metrics.classification import Interval
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
