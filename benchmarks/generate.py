"""How fast generators make sound, and what the report's LSTM can learn. Rewrites benchmarks/generate.md.

    OMP_NUM_THREADS=1 python benchmarks/generate.py

Speed does not depend on what was learnt, so networks without a shipped checkpoint are measured untrained. The LSTM's
test is that of the report Lil Data: 1,000 epochs on two examples, here five seconds of a rhythm and of a chord.
"""

import time
from pathlib import Path

import numpy as np
import torch

from partita.audio import Audio
from partita.checkpoint import load, shipped
from partita.data import synthetic
from partita.example import Example
from partita.generation import generate_sound
from partita.models.base import Model
from partita.models.generator import Generator, Request
from partita.models.loop_gan import LoopGAN, LoopGANConfig
from partita.models.spectrogram_lstm import SpectrogramLSTM, SpectrogramLSTMConfig
from partita.models.spectrogram_lstm_mixture import SpectrogramLSTMMixture, SpectrogramLSTMMixtureConfig
from partita.training import fit

LABELS = ("beat", "drone")
SECONDS, TURNS = 10.0, 3
EPOCHS = 1000
HEADER = """# Generators

Made by `benchmarks/generate.py`.

## Speed

Ten seconds of sound, inversion and checks included, on one thread: seconds of sound made in a second of processor
time, the median of {turns} runs after one that does not count.

| model | parameters | times real time |
|---|---|---|
"""
FIDELITY = """
## The report's fidelity test

`spectrogram-lstm` after {epochs:,} epochs on two examples, five seconds of a rhythm and of a chord: mean square error
of the 630 frames after the first, levels on 0..1. Neither baseline moves: the first frame repeated, and each picture's
own mean frame, which is the best that anything can do that stands still.

| guess | rhythm | chord |
|---|---|---|
"""


def speeds() -> list[str]:
    """A line for each generator but toygan, whose 172 million weights are not meant for one core."""
    networks: list[Model] = [
        load("beat-transformer"),
        SpectrogramLSTMMixture.new(SpectrogramLSTMMixtureConfig(labels=LABELS), 0).eval(),
        LoopGAN.new(LoopGANConfig(labels=LABELS), 0).eval(),
        SpectrogramLSTM.new(SpectrogramLSTMConfig(labels=LABELS), 0).eval(),
    ]
    lines = []
    for network in networks:
        assert isinstance(network, Generator)
        taken = []
        for turn in range(TURNS + 1):
            before = time.process_time()
            generate_sound(network, Request(network.labels[0], SECONDS, 100), turn, "x")
            taken.append(time.process_time() - before)
        note = "" if network.name in shipped() else ", untrained"
        speed = SECONDS / float(np.median(taken[1:]))
        lines.append(f"| `{network.name}`{note} | {network.parameter_count:,} | {speed:.1f} |")
    return lines


def fidelity() -> list[str]:
    """Errors of the LSTM, and of what stands still, on the two examples that it was trained on."""
    network = SpectrogramLSTM.new(SpectrogramLSTMConfig(labels=LABELS), 0)
    items = []
    for number, label in enumerate(LABELS):
        sound = Audio(synthetic.song(label, 0)[None], network.rate)
        items.append({**network.prepare(Example(label, sound, label, label)), "label": np.array(number)})
    recipe = type(network.recipe)(**{**vars(network.recipe), "epochs": EPOCHS, "batch": 2})
    fit(network, items, [], recipe)
    scores = [network.validate([item]) for item in items]
    names = {"loss": "`spectrogram-lstm`", "repeat_frame": "the first frame", "mean_frame": "the mean frame"}
    return [f"| {words} | {scores[0][name]:.5f} | {scores[1][name]:.5f} |" for name, words in names.items()]


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    text = HEADER.format(turns=TURNS) + "\n".join(speeds()) + "\n"
    print(text)
    text += FIDELITY.format(epochs=EPOCHS) + "\n".join(fidelity()) + "\n"
    (Path(__file__).parent / "generate.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
