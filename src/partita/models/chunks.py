"""Classifiers that hear a recording as chunks of one fixed length: what the student reports' networks have in common.

A recording is one example, so its chunks are always on one side of a split; that also holds for the 5 s chunks of an
hour-long mix. Chunks are kept as 16-bit samples, which for the 16-bit files of GTZAN is exact.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from partita.audio import Reading
from partita.errors import UsageError
from partita.example import Recording, Spectrogram
from partita.models.base import Batch, Item, Recipe
from partita.models.classifier import Classifier, Scores
from partita.models.keras import adam
from partita.models.layers import Standardise

WINDOW_SECONDS = 30
"""Chunks are scored in windows of about this length, so that memory stays flat."""
FULL_SCALE = 32_768
MEASURED_CHUNKS = 512
"""So many give means and deviations to a hundredth; more would only take longer."""


class ChunkClassifier(Classifier):
    """A classifier of mono chunks at `rate` Hz.

    A subclass says the samples of a `chunk`, how many of a recording's samples it hears at all (`limit`, 0: all), and
    what the network's `forward` takes (`inputs`). A last chunk that is not whole, and a chunk of digital silence,
    neither train nor vote; a recording shorter than one chunk is filled up with zeros.
    """

    rate: ClassVar[int] = 22_050

    @property
    def chunk(self) -> int:
        """Samples of a chunk."""
        raise NotImplementedError

    @property
    def limit(self) -> int:
        """Samples of a recording that are heard, from its start; 0 for all."""
        return 0

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network sees of chunks (n, chunk): the samples themselves, unless a model says otherwise."""
        return waves

    @property
    def front_end(self) -> str:
        """Names the cut; what `inputs` makes of it is not cached."""
        return f"chunks of {self.chunk} at {self.rate} Hz, at most {self.limit} samples, v1"

    def heard_seconds(self, seconds: float) -> float:
        """Whole chunks only, and none beyond the limit."""
        samples = round(seconds * self.rate)
        samples = min(samples, self.limit) if self.limit else samples
        return (samples - samples % self.chunk if samples >= self.chunk else samples) / self.rate

    def windows(self, media: Recording, reading: Reading) -> Iterator[Item]:
        """Items of about 30 s: {"chunks": int16 (n, chunk), "votes": bool (n,), "samples": sound of each (n,)}.

        Raises `UsageError` for a precomputed spectrogram.
        """
        if isinstance(media, Spectrogram):
            raise UsageError(f"{media.name}: is a {media.front_end} spectrogram; {self.name} takes sound")
        size, held, heard = self._window * self.chunk, np.zeros(0, np.float32), 0
        for block in media.blocks(self.rate, reading):
            room = max(0, self.limit - heard) if self.limit else len(block)
            held = np.concatenate([held, block[:room]])
            heard += min(room, len(block))
            while len(held) > size:  # the last window is kept back, since what follows may be too short to stand alone
                yield self._cut(held[:size], alone=False)
                held = held[size:]
        if len(held):
            yield self._cut(held, alone=heard < self.chunk)

    @property
    def _window(self) -> int:
        """Chunks in a window."""
        return max(1, WINDOW_SECONDS * self.rate // self.chunk)

    def _cut(self, samples: NDArray[np.float32], alone: bool) -> Item:
        """Chunks of mono samples; the last, unless whole, is filled up and votes only where it is `alone`."""
        count = -(-len(samples) // self.chunk)
        sizes = np.full(count, self.chunk)
        sizes[-1] = len(samples) - (count - 1) * self.chunk
        padded = np.pad(samples, (0, count * self.chunk - len(samples))).reshape(count, self.chunk)
        chunks = np.clip(np.rint(padded * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        return {"chunks": chunks, "votes": chunks.any(1) & ((sizes == self.chunk) | alone), "samples": sizes}

    def parts(self, item: Item) -> Sequence[Item]:
        """The windows of a prepared song."""
        names = ("chunks", "votes", "samples")
        starts = range(0, len(item["votes"]), self._window)
        return [{name: item[name][start : start + self._window] for name in names} for start in starts]

    def pieces(self, item: Item) -> Sequence[Item]:
        """The chunks that vote, each with the song's label."""
        return [{"chunk": chunk, "label": item["label"]} for chunk in item["chunks"][item["votes"]]]

    def batch(self, items: Sequence[Item], rng: np.random.Generator) -> Batch:
        """Network inputs "x" of chunks, and their label numbers "target" (batch,)."""
        x = self._inputs(np.stack([item["chunk"] for item in items]))
        return {"x": x, "target": torch.tensor([int(item["label"]) for item in items])}

    def _inputs(self, chunks: NDArray[np.int16]) -> Tensor:
        return torch.from_numpy(self.inputs(chunks.astype(np.float32) * np.float32(1 / FULL_SCALE)))

    def start(self, items: Sequence[Item], rng: np.random.Generator) -> None:
        """Let a `Standardise` layer, where the network has one, measure up to 512 chunks of the training part."""
        for layer in [module for module in self.modules() if isinstance(module, Standardise)]:
            pieces = [piece for item in items for piece in self.pieces(item)]
            picked = rng.permutation(len(pieces))[:MEASURED_CHUNKS]
            layer.fit(self._inputs(pieces[place]["chunk"][None]) for place in picked)

    def phases(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        """Adam as in Keras, which all reports used or may be assumed to have used."""
        return adam(self, recipe)

    def losses(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Cross-entropy of single chunks, and the share of them that are right."""
        logits = self(batch["x"])
        right = (logits.argmax(-1) == batch["target"]).float().mean()
        return {"loss": F.cross_entropy(logits, batch["target"]), "accuracy": right}

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of the chunks that vote, and their mean."""
        votes, ends = item["votes"], np.cumsum(item["samples"]) / self.rate
        starts = ends - item["samples"] / self.rate
        rows = np.zeros((0, len(self.labels)), np.float32)
        if votes.any():
            x = self._inputs(item["chunks"][votes]).to(self.temperature.device)
            parts = torch.split(x, self.at_once)
            rows = torch.cat([F.log_softmax(self(part), dim=-1) for part in parts]).cpu().numpy()
        spans = [(float(a), float(b)) for a, b in zip(starts[votes], ends[votes], strict=True)]
        whole = rows.mean(0) if len(rows) else np.zeros(len(self.labels), np.float32)
        return Scores(spans, rows, whole, float(ends[-1]))

    at_once: ClassVar[int] = 16
    """Chunks that go through the network together when scoring."""


def equalised(waves: NDArray[np.float32], level: float = 1.0) -> NDArray[np.float32]:
    """Chunks (n, samples) at one root-mean-square level each, so that loudness says nothing; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(waves), axis=-1, keepdims=True))
    return np.asarray(waves * (level / np.maximum(rms, 1e-5)), np.float32)
