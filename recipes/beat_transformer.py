"""Remake the shipped beat-transformer: the Groove MIDI Dataset rendered with FluidR3; 100 minutes on two cores.

    python recipes/beat_transformer.py GROOVE FluidR3_GM.sf2 runs src/partita/pretrained

GROOVE is the folder with info.csv. A run that was stopped goes on when called again. The kits are our choice: the data
set has one electronic kit for all styles. So classes differ in timbre as well as in rhythm.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partita import render_corpus, train
from partita.checkpoint import CARD, load, read_card, save, write_json
from partita.data import load as load_data
from partita.evaluation import prepare_all
from partita.models.beat_transformer import BeatTransformer

KITS = {"rock": 16, "funk": 8, "jazz": 32, "latin": 0, "hiphop": 25}
"""General MIDI drum kits by style: power, room, jazz, standard, TR-808."""
PADS = {22: 42, 26: 46, 58: 43}
"""Pads of the recorded kit that General MIDI has elsewhere: edges of the hi-hat, the floor tom's rim."""
ADDED = {
    "licence": "MIT. Trained on the Groove MIDI Dataset (CC BY 4.0, Google), rendered with FluidR3 (MIT). "
    "The weights hold that training part as codes, so that copies are told; these are CC BY 4.0.",
    "split": "performances are disjoint; drummers, and grooves that several drummers play, are in both parts.",
    "timbre": "each style has a drum kit of its own, chosen by us, so classes differ in timbre as well as in rhythm.",
    "limits": "Some draws break off, hold long silences or copy; `generate` draws those again, and says so of what is "
    "still faulty. docs/generate.md has distance to real loops, agreement of classes and share of copies.",
    "sampling": {"temperature": 1.03},
    "remade by": "recipes/beat_transformer.py",
}


def remake(groove: Path, soundfont: str, runs: Path, out: Path) -> None:
    """Render and train unless done, and put weights and card into `out`/beat-transformer."""
    torch.set_num_threads(2)
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
    save(load(run), folder, {**read_card(run), **ADDED}, bits=8)
    write_json(folder / CARD, {**read_card(folder), "metrics": {"valid": measured(folder, corpus)}})


def measured(folder: Path, corpus: Path) -> dict[str, Any]:
    """Nats per patch on held-out performances, with the interval by bootstrap over them, and two baselines."""
    model = load(folder)
    assert isinstance(model, BeatTransformer)
    dataset = load_data(f"folder:{corpus}")
    train_items, items = (prepare_all(model, dataset.split(split)).items for split in ("train", "valid"))
    size, levels = model.config.codes, model.config.levels
    counts = np.ones((levels, size))  # one more of each, so that none is impossible
    for item in train_items:
        codes = model.codebooks.encode(torch.from_numpy(model.patches(item["levels"])))
        counts += np.stack([np.bincount(codes[:, level].numpy(), minlength=size) for level in range(levels)])
    surprise = -np.log(counts / counts.sum(1, keepdims=True))
    rows = []
    for item in items:
        patches = model.patches(item["levels"])
        codes = model.codebooks.encode(torch.from_numpy(patches)).numpy()
        rows.append((len(patches), len(patches) * model.validate([item])["loss"], surprise[range(levels), codes].sum()))
    patches, own, unigram = np.array(rows).T
    draws = np.random.default_rng(0).integers(0, len(rows), (2000, len(rows)))
    low, high = np.percentile(own[draws].sum(1) / patches[draws].sum(1), [2.5, 97.5])
    return {
        "nats_per_patch": round(own.sum() / patches.sum(), 3),
        "interval": [round(low, 3), round(high, 3)],
        "n": len(rows),
        "protocol": f"{len(rows)} held-out performances, {patches.sum():.0f} patches of a 64th of a bar, in stretches "
        f"of {model.config.bars} bars; total nats / total patches; the interval is 95 %, bootstrap over performances. "
        "They also chose the weights. It says how well real drums are predicted, not how made ones sound.",
        "baselines": {
            "uniform": round(levels * np.log(size), 3),
            "how often each code comes": round(unigram.sum() / patches.sum(), 3),
        },
    }


if __name__ == "__main__":
    remake(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
