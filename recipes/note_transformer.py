"""Remake the shipped checkpoints of note-transformer and of markov, its baseline, on the same data.

    python recipes/note_transformer.py free free-piano:midi runs src/partita/pretrained
    python recipes/note_transformer.py maestro maestro:maestro-v3 runs src/partita/pretrained

`free` learns from POP909 and Bach's chorales; `maestro` from MAESTRO's training part, so that its weights are for
non-commercial use. A run that was stopped goes on when called again.
"""

import shutil
import sys
from pathlib import Path

import torch

from partita import train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

SETTINGS: dict[str, dict[str, int | float]] = {
    "maestro": {"steps": 5000},
}


def remake(name: str, data: str, runs: Path, out: Path) -> None:
    """Train unless finished, and put weights and card into `out`."""
    torch.set_num_threads(1)
    run = runs / f"note-transformer-{name}"
    if not (run / CARD).exists():
        train("note-transformer", data=data, protocol="inner", out=run, settings=SETTINGS[name], device="cpu")
    folder = out / run.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    write_json(folder / CARD, read_card(run))


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
