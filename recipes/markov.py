"""Remake the shipped checkpoint `markov`, the baseline of composers, in about a minute.

python recipes/markov.py free-piano:midi src/partita/pretrained/markov
"""

import sys
import tempfile
from pathlib import Path
from shutil import copy

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

LICENCE = (
    "Counts: MIT. Counted in POP909 (its files MIT, the songs themselves not free; none of them is part of this "
    "package) and in Bach's chorales (public domain)."
)


def remake(data: str, out: Path) -> None:
    """Count and put the model into `out`."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fitted = train("markov", data=data, out=Path(scratch) / "markov", device="cpu").folder
        copy(fitted / WEIGHTS, out / WEIGHTS)
        card = {**read_card(fitted), "licence": LICENCE, "remade by": "recipes/markov.py"}
        write_json(out / CARD, card)
        measured = evaluate(out, data=data, split="test", test=True, baselines=False, device="cpu").json()
        write_json(out / CARD, {**card, "metrics": {"test": measured}})


if __name__ == "__main__":
    remake(sys.argv[1], Path(sys.argv[2]))
