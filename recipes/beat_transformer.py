"""Remake the shipped beat-transformer: drums of the Groove MIDI Dataset, rendered with FluidR3; an hour on one core.

    python recipes/beat_transformer.py GROOVE FluidR3_GM.sf2 runs src/partita/pretrained

GROOVE is the folder with info.csv. A run that was stopped goes on when called again. The kits are our choice: the data
set has one electronic kit for all styles. So classes differ in timbre as well as in rhythm.
"""

import shutil
import sys
from pathlib import Path

import torch

from partita import render_corpus, train
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json

KITS = {"rock": 16, "funk": 8, "jazz": 32, "latin": 0, "hiphop": 25}
"""General MIDI drum kits by style: power, room, jazz, standard, TR-808."""
PADS = {22: 42, 26: 46, 58: 43}
"""Pads of the recorded kit that General MIDI has elsewhere: edges of the hi-hat, the floor tom's rim."""
ADDED = {
    "licence": "MIT. Trained on the Groove MIDI Dataset (CC BY 4.0, Google), rendered with FluidR3 (MIT).",
    "split": "performances are disjoint; drummers, and grooves that several drummers play, are in both parts.",
    "timbre": "each style has a drum kit of its own, chosen by us, so classes differ in timbre as well as in rhythm.",
    "limits": "Some draws break off or hold long silences; they are marked with what is wrong. Distance to real loops, "
    "agreement of classes and share of copies have not been measured yet.",
    "remade by": "recipes/beat_transformer.py",
}


def remake(groove: Path, soundfont: str, runs: Path, out: Path) -> None:
    """Render and train unless done, and put weights and card into `out`/beat-transformer."""
    torch.set_num_threads(1)
    corpus, run, folder = runs / "drums", runs / "beat-transformer", out / "beat-transformer"
    render_corpus(
        groove,
        corpus,
        table=groove / "info.csv",
        label="style",
        group="id",
        where={"beat_type": "beat", "time_signature": "4-4"},
        labels=list(KITS),
        programs=KITS,
        drums=PADS,
        licence="CC BY 4.0",
        source="Groove MIDI Dataset (Google Magenta), Gillick et al. 2019",
        soundfont=soundfont,
        soundfont_licence="MIT",
        seconds=90,
        mono=True,
    )
    if not (run / CARD).exists():
        train("beat-transformer", data=f"folder:{corpus}", out=run, device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / WEIGHTS, folder / WEIGHTS)
    write_json(folder / CARD, {**read_card(run), **ADDED})


if __name__ == "__main__":
    remake(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
