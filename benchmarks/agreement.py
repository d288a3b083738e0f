"""Do a song's archive row and its audio file get the same genre? Rewrites benchmarks/agreement.md.

    PARTITA_DATA=FOLDER python benchmarks/agreement.py [MODEL]

FOLDER holds gtzan/gtzan_logmel.npz and gtzan/clips/ (recordings that can't be passed on, hence the variable).
"""

import os
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from partita import AudioFile, classify
from partita.checkpoint import identity
from partita.data import load
from partita.metrics.classification import wilson

HEADER = """# Archive rows and audio files

The shipped model learnt from spectrograms of an archive. This table says whether it hears the same in audio files of
the same songs: how many clips get the same genre as their row, with a 95 % Wilson interval, and the mean absolute
difference of the ten probabilities. Clips of 16 kHz hold nothing above 8 kHz, where the archive has sound; clips of
less than 25 s hold only a part of what the row holds.
"""


def kind(clip: Path) -> str:
    """Which group of the table a clip belongs to."""
    info = AudioFile(clip).info()
    rate = f"{info.rate / 1000:g} kHz"
    if clip.suffix == ".flac":
        return f"lossless, {rate}, 30 s"
    return f"Vorbis, {rate}, {'25 s and longer' if (info.seconds or 0) >= 25 else 'shorter than 25 s'}"


def main(model: str = "genre-cnn") -> None:
    """Compare every clip that has a row, print and write the table."""
    torch.set_num_threads(1)
    data = Path(os.environ["PARTITA_DATA"]) / "gtzan"
    archive = load(f"gtzan-logmel:{data / 'gtzan_logmel.npz'}")
    rows = {example.id: example for example in archive.examples}
    same: dict[str, list[bool]] = defaultdict(list)
    difference: dict[str, list[float]] = defaultdict(list)
    for clip in sorted((data / "clips").iterdir()):
        if clip.stem not in rows:
            continue
        heard, row = classify(clip, model=model), classify(rows[clip.stem].media, model=model)
        same[kind(clip)].append(heard.genre == row.genre)
        shifts = [abs(heard.probabilities[genre] - row.probabilities[genre]) for genre in row.probabilities]
        difference[kind(clip)].append(float(np.mean(shifts)))
    lines = [
        f"Model: {identity(model)}\n",
        "| clips | n | same genre | interval | mean difference |",
        "|---|---|---|---|---|",
    ]
    for name in sorted(same):
        n, right = len(same[name]), sum(same[name])
        low, high = wilson(right, n)
        mean = np.mean(difference[name])
        lines.append(f"| {name} | {n} | {right} ({right / n:.1%}) | {low:.3f} to {high:.3f} | {mean:.4f} |")
    text = HEADER + "\n" + "\n".join(lines) + "\n"
    (Path(__file__).parent / "agreement.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
