"""Self-checks of the polyphonic benchmark: python benchmarks/polyphonic.py jsb_chorales.npz [--lstm].

Prints what must come out if rolls, parts and the figure of merit are read as the literature reads them: 61.00 nats for
tossed coins, about 11.06 for the note 1-gram on JSB, and with --lstm (two minutes) about 8.4 on JSB's validation part
for a plain LSTM of 250,000 parameters that answers for each key by itself.
"""

import argparse

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from partita import data
from partita.metrics import symbolic

HIDDEN, EPOCHS, BATCH, DROPOUT, RATE = 200, 60, 16, 0.3, 3e-3


class KeyLSTM(nn.Module):
    """An LSTM over steps with 88 independent outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(88, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 88)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, now: torch.Tensor) -> torch.Tensor:
        """Nats (pieces, steps) of rolls (pieces, steps, 88)."""
        states, _ = self.lstm(F.pad(now, (0, 0, 1, 0))[:, :-1])
        return F.binary_cross_entropy_with_logits(self.out(self.dropout(states)), now, reduction="none").sum(-1)


def lstm(train: list[np.ndarray], valid: list[np.ndarray]) -> tuple[int, float]:
    """Parameters of the LSTM, and its least nats per step on the validation part over the epochs."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model, best = KeyLSTM(), np.inf
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    for _ in range(EPOCHS):
        order = rng.permutation(len(train))
        for start in range(0, len(order), BATCH):
            pieces = [torch.from_numpy(train[i]).float() for i in order[start : start + BATCH]]
            padded = nn.utils.rnn.pad_sequence(pieces, batch_first=True)
            counted = nn.utils.rnn.pad_sequence([torch.ones(len(piece)) for piece in pieces], batch_first=True)
            loss = (model.train()(padded) * counted).sum() / counted.sum()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        with torch.inference_mode():
            nats = [model.eval()(torch.from_numpy(cells).float()[None])[0].double().numpy() for cells in valid]
        best = min(best, symbolic.per_step(nats))
    return sum(parameter.numel() for parameter in model.parameters()), best


def main() -> None:
    """Print the figures of one file's validation part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--lstm", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = data.load(f"polyphonic:{arguments.file}")
    train, valid = ([example.roll.cells for example in dataset.split(part)] for part in ("train", "valid"))
    fitted = {
        "uniform": symbolic.uniform,
        "note 1-gram": symbolic.KeyFrequency.fit(train).nats,
        "last step again": symbolic.KeyChain.fit(train, tied=True).nats,
        "Markov chain of each key": symbolic.KeyChain.fit(train).nats,
    }
    for name, nats in fitted.items():
        print(f"{name:<26} {symbolic.per_step([nats(cells) for cells in valid]):.3f}")
    if arguments.lstm:
        parameters, figure = lstm(train, valid)
        print(f"{'LSTM, independent outputs':<26} {figure:.3f}  ({parameters:,} parameters)")


if __name__ == "__main__":
    main()
