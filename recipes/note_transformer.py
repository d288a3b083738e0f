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

import torch

from partita import evaluate, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

PLANS: dict[str, tuple[str, dict[str, int | float], tuple[str, str], str]] = {
    "note-transformer": (
        "song",
        {"steps": 2000, "validate_every": 500},
        ("song", "test"),
        "Weights: MIT. Learnt from POP909 (its files MIT, the songs themselves not free; none of them is part of this "
        "package) and from Bach's chorales (public domain).",
    ),
    "note-transformer-maestro": (
        "inner",
        {"steps": 5000},
        ("official", "valid"),
        "Weights: CC BY-NC-SA 4.0, for non-commercial use alone, as MAESTRO, from which they were learnt.",
    ),
}
"""Of each checkpoint the protocol to learn by, its settings, the protocol and part to report, and its licence."""


def remake(name: str, data: str, runs: Path, out: Path) -> None:
    """Train unless finished, and put weights and card into `out`/NAME."""
    torch.set_num_threads(1)
    protocol, settings, (reported, split), licence = PLANS[name]
    run, folder = runs / name, out / name
    if not (run / CARD).exists():
        train("note-transformer", data=data, protocol=protocol, out=run, settings=settings, device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    card = {**read_card(run), "licence": licence, "remade by": f"recipes/note_transformer.py {name}"}
    write_json(folder / CARD, card)
    measured = evaluate(folder, data=data, protocol=reported, split=split, test=split == "test", device="cpu").json()
    write_json(folder / CARD, {**card, "metrics": {split: measured}})


if __name__ == "__main__":
    remake(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
