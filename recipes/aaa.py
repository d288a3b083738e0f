"""Remake the corrected models of the AAA report, each in about ten minutes on one core.

    python recipes/aaa.py aaa-vae-notes MAESTRO runs src/partita/pretrained

MODEL is aaa-vae-notes or aaa-lstm-notes, MAESTRO the folder of the unpacked archive. Weights are chosen on works held
out of the official training part, and measured on the official validation part, which chose nothing. A run that was
stopped goes on when called again.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partita import data, train
from partita.checkpoint import CARD, WEIGHTS, load, read_card, write_json
from partita.evaluation import prepare_all
from partita.evaluation.continuation import measure_continuation
from partita.evaluation.latents import measure_latents
from partita.evaluation.reconstruction import measure_reconstruction
from partita.models.aaa_vae_notes import AAAVAENotes

LICENCE = "CC BY-NC-SA 4.0: weights are for non-commercial use, as is MAESTRO, from which they are learnt"


def measure(folder: Path, maestro: str) -> dict[str, Any]:
    """The figures of a checkpoint on the official validation part."""
    model, dataset = load(folder), data.load(f"maestro:{maestro}", "official")
    items = prepare_all(model, dataset.split("valid")).items
    protocol = {"data": dataset.name, "protocol": dataset.protocol, "notes": dataset.notes}
    if isinstance(model, AAAVAENotes):
        windows = torch.from_numpy(np.concatenate([model.spread(item, 4) for item in items]))
        found = measure_reconstruction(model, dataset.split("train"), dataset.split("valid"))
        return {**protocol, **found.json(), "latents": measure_latents(model, windows).json()}
    known = prepare_all(model, dataset.split("train")).items
    return {**protocol, **measure_continuation(model, known, items).json()}


def remake(name: str, maestro: str, runs: Path, out: Path) -> None:
    """Train unless finished, measure, and put weights and card into `out`/NAME."""
    torch.set_num_threads(1)
    run, folder = runs / name, out / name
    if not (run / CARD).exists():
        train(name, data=f"maestro:{maestro}", out=run, protocol="inner", device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    card = {**read_card(run), "licence": LICENCE, "remade by": f"recipes/aaa.py {name}"}
    write_json(folder / CARD, card)
    write_json(folder / CARD, {**card, "metrics": {"valid": measure(folder, maestro)}})


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
