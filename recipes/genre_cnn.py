"""Remake the shipped checkpoint `genre-cnn`.

    python recipes/genre_cnn.py gtzan-logmel:gtzan_logmel.npz runs/genre-cnn src/partita/pretrained/genre-cnn

Trains seeds 0, 1 and 2 on the training part of the fault-filtered split, one thread each, about ten minutes a seed on
one core of 2.5 GHz, and as much again for each of the five folds that calibrate seed 0. Seed 0 is the checkpoint; the
others tell how far the figures depend on the seed. A run that was stopped goes on when called again.
"""

import json
import shutil
import statistics
import sys
from pathlib import Path

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

SEEDS = (0, 1, 2)
LICENCE = (
    "Weights: MIT. Trained on GTZAN, whose recordings carry no licence and are not part of this package; research on "
    "music classification has used them since 2002."
)


def remake(name: str, data: str, runs: Path, out: Path, *, folds: int, licence: str) -> None:
    """Train every seed of a model that is not finished, then copy seed 0 with the spread of all into `out`.

    `folds` calibrate seed 0; `licence` goes into the card.
    """
    torch.set_num_threads(1)
    for seed in SEEDS:
        if not (runs / f"seed-{seed}" / CARD).exists():
            inside = folds if seed == SEEDS[0] else 0
            train(name, data=data, out=runs / f"seed-{seed}", seed=seed, calibration_folds=inside, device="cpu")
    cards = [read_card(runs / f"seed-{seed}") for seed in SEEDS]
    accuracies = [card["metrics"]["valid"]["accuracy"] for card in cards]
    spread = {
        "seeds": list(SEEDS),
        "valid accuracy": accuracies,
        "mean": statistics.mean(accuracies),
        "standard deviation": statistics.stdev(accuracies),
    }
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(runs / f"seed-{SEEDS[0]}" / WEIGHTS, out / WEIGHTS)
    card = {**cards[0], "licence": licence, "remade by": f"recipes/{name.replace('-', '_')}.py", "spread": spread}
    write_json(out / CARD, card)
    write_json(out / CARD, {**card, "metrics": {"valid": evaluate(str(out), data=data, device="cpu").json()}})
    print(json.dumps(spread, indent=2))


if __name__ == "__main__":
    remake("genre-cnn", sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), folds=5, licence=LICENCE)
