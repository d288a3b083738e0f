"""Remake the shipped checkpoints of note-transformer.

    python recipes/note_transformer.py note-transformer free-piano:midi runs src/partita/pretrained
    python recipes/note_transformer.py note-transformer-maestro maestro:maestro-v3 runs src/partita/pretrained

The first learns from POP909 and Bach's chorales, the second from MAESTRO's training part, so that its weights are for
non-commercial use. On one core of 2.5 GHz they take 20 minutes and an hour. A run that was stopped goes on when called
again.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import torch

from partita import data as datasets
from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json
from partita.composing.training_set import index_training_set


class Plan(NamedTuple):
    """How a checkpoint is made: protocol and settings to learn by, protocol to report, how to draw, and its licence."""

    protocol: str
    settings: dict[str, int | float]
    reported: str
    sampling: dict[str, float]
    licence: str


PLANS = {
    "note-transformer": Plan(
        protocol="song",
        settings={"steps": 2000, "validate_every": 500},
        reported="song",
        sampling={},
        licence="Weights: MIT. Learnt from POP909 (its files MIT, the songs themselves not free; none of them is part "
        "of this package) and from Bach's chorales (public domain).",
    ),
    "note-transformer-maestro": Plan(
        protocol="inner",
        settings={"steps": 5000},
        reported="official",
        sampling={"temperature": 1.0, "min_p": 0.0},
        licence="Weights: CC BY-NC-SA 4.0, for non-commercial use alone, as MAESTRO, from which they were learnt.",
    ),
}
"""`sampling`, if any, is what `partita sweep` found nearest to real music on the protocol that the model learns by."""


def remake(name: str, data: str, runs: Path, out: Path) -> None:
    """Train unless finished; put weights, the index of the training part and a measured card into `out`/NAME."""
    torch.set_num_threads(1)
    plan, run, folder = PLANS[name], runs / name, out / name
    if not (run / CARD).exists():
        train("note-transformer", data=data, protocol=plan.protocol, out=run, settings=plan.settings, device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    remade = f"recipes/note_transformer.py {name}"
    sampling = {"sampling": plan.sampling} if plan.sampling else {}
    card = {**read_card(run), **sampling, "licence": plan.licence, "remade by": remade}
    write_json(folder / CARD, card)
    learnt, known = (datasets.load(data, each, 0) for each in (plan.protocol, plan.reported))
    training = ((example.id, example.score) for example in learnt.split("train"))
    index_training_set(folder, training, [example.score for example in known.split("valid")])
    measured = evaluate(folder, data=data, protocol=plan.reported, device="cpu").json()
    write_json(folder / CARD, {**card, "metrics": {"valid": measured}})


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
