"""Remake the corrected models of the AAA report, each in about ten minutes on one core.

    python recipes/aaa.py aaa-vae-notes MAESTRO runs src/partita/pretrained

MODEL is aaa-vae-notes or aaa-lstm-notes, MAESTRO the folder of the unpacked archive. Weights are chosen on works held
out of the official training part, and measured on the official validation part, which chose nothing. A run that was
stopped goes on when called again.
"""

import shutil
import sys
from pathlib import Path

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

LICENCE = "CC BY-NC-SA 4.0: weights are for non-commercial use, as is MAESTRO, from which they are learnt"
SAMPLING = {"aaa-lstm-notes": {"temperature": 0.7}, "aaa-vae-notes": {"temperature": 0.75}}
"""Chosen on works held out of the training part: notes found after prompts; as many notes as are in real windows."""


def remake(name: str, maestro: str, runs: Path, out: Path) -> None:
    """Train unless finished, put weights and card into `out`/NAME, and measure what lies there."""
    torch.set_num_threads(1)
    run, folder = runs / name, out / name
    if not (run / CARD).exists():
        train(name, data=f"maestro:{maestro}", out=run, protocol="inner", device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    card = {**read_card(run), "licence": LICENCE, "remade by": f"recipes/aaa.py {name}", "sampling": SAMPLING[name]}
    write_json(folder / CARD, card)
    found = evaluate(folder, data=f"maestro:{maestro}", protocol="official", device="cpu")
    write_json(folder / CARD, {**card, "metrics": {"valid": found.json()}})


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
