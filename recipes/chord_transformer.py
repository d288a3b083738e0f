"""Remake the shipped checkpoints of the polyphonic benchmark, each in well under an hour on two cores.

    python recipes/chord_transformer.py jsb polyphonic/jsb_chorales.npz runs src/partita/pretrained

SET is jsb, nottingham, musedata or piano-midi. A run that was stopped goes on when called again.
"""

import shutil
import sys
from pathlib import Path

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

LIGHT = {"dropout": 0.1, "roll_dropout": 0.1}
HEAVY = {"dropout": 0.4, "roll_dropout": 0.3}
SETTINGS: dict[str, dict[str, int | float]] = {
    "jsb": {"context": 64, "batch": 16, "transpose": 0, "steps": 300, "validate_every": 50, **HEAVY},
    "nottingham": {
        "context": 256,
        "batch": 4,
        "transpose": 0,
        "steps": 1000,
        "validate_every": 250,
        "weight_decay": 0.05,
        **LIGHT,
    },
    "musedata": {
        "context": 256,
        "batch": 4,
        "transpose": 0,
        "steps": 2000,
        "validate_every": 500,
        "learning_rate": 0.003,
        **LIGHT,
    },
    "piano-midi": {"steps": 600, "validate_every": 150, "learning_rate": 0.003, "dropout": 0.2, "roll_dropout": 0.2},
}
"""JSB comes transposed to one tonic, which transposition would hide."""
LICENCE = "research benchmark; the data carries no stated licence; weights as benchmark checkpoints"
TUNED = (
    "Step and configuration were chosen on this validation part, so its figures are a little too good; the test part "
    "was not looked at."
)


def remake(name: str, file: str, runs: Path, out: Path) -> None:
    """Train unless finished, and put weights and card into `out`/chord-transformer-NAME."""
    torch.set_num_threads(1)
    run, folder = runs / f"chord-transformer-{name}", out / f"chord-transformer-{name}"
    if not (run / CARD).exists():
        train("chord-transformer", data=f"polyphonic:{file}", out=run, settings=SETTINGS[name], device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    card = {**read_card(run), "licence": LICENCE, "tuned": TUNED, "remade by": f"recipes/chord_transformer.py {name}"}
    write_json(folder / CARD, card)
    valid = evaluate(str(folder), data=f"polyphonic:{file}", device="cpu").json()
    write_json(folder / CARD, {**card, "metrics": {"valid": valid}})


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
