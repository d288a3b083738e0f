"""Remake the guide that chooses donors for transfer, in about a minute.

    python recipes/transfer_guide.py gtzan-logmel:gtzan_logmel.npz src/partita/transfers/guide

It is a genre-linear fitted to the songs that benchmarks/transfer_songs.csv gives the part of guide: none that the
judge of transfers was trained on, none that is transferred or whose style is taken in the benchmark, and no copy. With
the name of another model behind it trains that one, such as genre-cnn for the benchmark's second opinion.
"""

import csv
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from shutil import copy

import torch

from partita import data as datasets
from partita.checkpoint import CARD, WEIGHTS, read_card, write_json
from partita.runs import train_run
from partita.settings import Plan

SONGS = Path(__file__).parents[1] / "benchmarks" / "transfer_songs.csv"
LICENCE = (
    "Weights: MIT. Trained on GTZAN, whose recordings carry no licence and are not part of this package; research on "
    "music classification has used them since 2002."
)
PROTOCOL = "songs of benchmarks/transfer_songs.csv: those for a guide, measured on contents and donors"


def remake(data: str, out: Path, model: str = "genre-linear") -> None:
    """Train a model and put it into `out`."""
    torch.set_num_threads(1)
    with SONGS.open(encoding="utf-8") as file:
        part = {row["song"]: row["part"] for row in csv.DictReader(file)}
    archive = datasets.load(data, "random", 0)
    songs = sorted(archive.examples, key=lambda song: song.id)
    plan = Plan.of(model, archive.labels, {})
    apart = ("content", "donor") if plan.kind.closed_form else ()  # others would choose their weights by these songs
    splits = {
        "train": [song for song in songs if part[song.id] == "guide"],
        "valid": [song for song in songs if part[song.id] in apart],
    }
    dataset = replace(archive, splits=splits, protocol=PROTOCOL, leaks=None)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fitted = train_run(plan, dataset, Path(scratch) / "guide", seed=0, device="cpu").folder
        copy(fitted / WEIGHTS, out / WEIGHTS)
        write_json(out / CARD, {**read_card(fitted), "licence": LICENCE, "remade by": "recipes/transfer_guide.py"})


if __name__ == "__main__":
    remake(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
