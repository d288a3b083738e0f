"""Remake the checkpoint `lildata`, whose layers genre transfer compares.

    python recipes/lildata.py gtzan:CLIPS runs/lildata src/partita/pretrained/lildata

Trains the report's network at full size on clips of GTZAN, ten passes over 94 clips of 15 to 30 s, about twelve minutes
on one core of 2.5 GHz. Songs are split at random, since the fault-filtered split leaves some genres of so few clips
with next to none; its accuracy is thus too high. A run that was stopped goes on when called again.
"""

import shutil
import sys
from pathlib import Path

import torch

from partita import train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

SETTINGS = {"steps": 240, "validate_every": 24, "batch": 16}  # ten passes over 378 chunks
PROTOCOL = "stratified"
LICENCE = (
    "Weights: MIT. Trained on GTZAN, whose recordings carry no licence and are not part of this package; research on "
    "music classification has used them since 2002."
)


def remake(data: str, run: Path, out: Path) -> None:
    """Train unless that is done, then put the checkpoint into `out`."""
    torch.set_num_threads(1)
    if not (run / CARD).exists():
        train("lildata", data=data, out=run, protocol=PROTOCOL, settings=SETTINGS, device="cpu")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, out / WEIGHTS)
    write_json(out / CARD, {**read_card(run), "licence": LICENCE, "remade by": "recipes/lildata.py"})


if __name__ == "__main__":
    remake(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
