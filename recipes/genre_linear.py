"""Remake the shipped checkpoint `genre-linear`, the baseline, in about a minute.

python recipes/genre_linear.py gtzan-logmel:gtzan_logmel.npz src/partita/pretrained/genre-linear
"""

import sys
import tempfile
from pathlib import Path
from shutil import copy

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

LICENCE = (
    "Weights: MIT. Trained on GTZAN, whose recordings carry no licence and are not part of this package; research on "
    "music classification has used them since 2002."
)


def remake(data: str, out: Path) -> None:
    """Fit the model and put it into `out`."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fitted = train("genre-linear", data=data, out=Path(scratch) / "genre-linear", device="cpu").folder
        copy(fitted / WEIGHTS, out / WEIGHTS)
        card = {**read_card(fitted), "licence": LICENCE, "remade by": "recipes/genre_linear.py"}
        write_json(out / CARD, card)
        write_json(out / CARD, {**card, "metrics": {"valid": evaluate(str(out), data=data, device="cpu").json()}})


if __name__ == "__main__":
    remake(sys.argv[1], Path(sys.argv[2]))
