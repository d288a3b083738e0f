"""What a checkpoint knows of its training set so that "is it a copy?" has an answer: an index, and what people share.

The index (`metrics.originality`) holds hashes of steps of pitch, no notes, and lies beside the weights. Its file also
says how much held-out human pieces, cut to clips of several lengths, share with the training set, since human music
borrows, too: only what lies far beyond that is a copy.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialise

from partita.checkpoint import find, trained_on
from partita.data import Dataset
from partita.errors import CheckpointError
from partita.files import replacing
from partita.metrics.originality import SIZES, Index
from partita.metrics.symbolic import Passage
from partita.midi import Score

ORIGINALITY = "originality.safetensors"
"""The file beside a checkpoint's weights."""

LENGTHS = (10.0, 30.0, 90.0)
"""Seconds of the clips that human pieces are cut to."""

TOLD = "8"
"""The n of the novelty that is told in words: of 4 notes hardly any n-gram is new, of 16 almost all are."""

MOST_CLIPS = 300
"""Clips of each length that are measured at most, spread evenly over the pieces."""


class Human(NamedTuple):
    """What `clips` of held-out human pieces, `seconds` long, share with the training set.

    The longest shared run of a clip has `median` notes in the median, at most `usual` in 95 % of the clips and `most`
    in any; `novelty` is the mean share of n-grams that are new, by n.
    """

    seconds: float
    clips: int
    median: float
    usual: float
    most: float
    novelty: dict[str, float]


@dataclass(frozen=True)
class Shared:
    """What a score shares with the training set: the longest run, the share of n-grams that are new; and `human`."""

    notes: int
    seconds: float
    work: str
    novelty: dict[str, float]
    human: Human | None

    def __str__(self) -> str:
        told = ["no run shared with the training set"]
        if self.notes:
            told = [
                f"longest run shared with the training set: {self.notes} notes ({self.seconds:.1f} s) in {self.work}"
            ]
        if TOLD in self.novelty:
            told.append(f"{self.novelty[TOLD]:.0%} of its {TOLD}-grams are new")
        if self.human:
            usual = f"{self.human.median:.0f} in the median, 95 % up to {self.human.usual:.0f}"
            new = f"; {self.human.novelty[TOLD]:.0%} of theirs are new" if TOLD in self.human.novelty else ""
            told.append(f"human clips of {self.human.seconds:.0f} s share {usual}{new}")
        return "; ".join(told)

    def json(self) -> dict[str, Any]:
        """One JSON-ready object; no human figures are null."""
        return {**asdict(self), "human": None if self.human is None else self.human._asdict()}


@dataclass(frozen=True)
class TrainingSet:
    """The index of a training set and what human clips share with it."""

    index: Index
    human: tuple[Human, ...]

    @classmethod
    def of(cls, training: Iterable[tuple[str, Score]], held_out: Iterable[Score]) -> "TrainingSet":
        """Index training pieces by name and hold pieces that are not among them against the index."""
        index, pieces = Index.of(training), list(held_out)
        measured = (_human(index, pieces, seconds) for seconds in LENGTHS)
        return cls(index, tuple(human for human in measured if human is not None))

    @classmethod
    def read(cls, folder: Path) -> "TrainingSet | None":
        """What lies in a checkpoint's folder, or None.

        Raises `CheckpointError` for a damaged file.
        """
        path = folder / ORIGINALITY
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
                human = json.loads((file.metadata() or {})["human"])
            return cls(Index.from_arrays(arrays), tuple(Human(**values) for values in human))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, CheckpointError) as error:
            first = str(error).strip().splitlines()[0]
            raise CheckpointError(f"{path}: not an index of a training set ({first})") from None

    def write(self, folder: Path) -> Path:
        """Write into a checkpoint's folder; the same training set gives the same bytes."""
        human = json.dumps([human._asdict() for human in self.human])
        data = serialise(
            {name: np.ascontiguousarray(array) for name, array in self.index.arrays().items()}, {"human": human}
        )
        with replacing(folder / ORIGINALITY) as partial:
            partial.write_bytes(data)
        return folder / ORIGINALITY

    def compare(self, score: Score) -> Shared:
        """What a score shares with the training set, beside the human clips that are nearest to its length."""
        match = self.index.longest(score)
        nearest = min(self.human, key=lambda human: abs(np.log(human.seconds / max(score.seconds, 1))), default=None)
        return Shared(match.notes, round(match.seconds, 3), match.work, _novelty(self.index, score), nearest)


def index_for(model: str | Path, dataset: Dataset) -> Index | None:
    """What a checkpoint was trained on: its own index, else one made now if it was trained on this data set, else None.

    Making one reads the training part once, about a million notes a second.
    """
    if known := TrainingSet.read(find(model)):
        return known.index
    if trained_on(model, dataset.digest("train")):
        return Index.of((example.id, example.score) for example in dataset.split("train"))
    return None


def index_training_set(
    folder: str | Path, training: Iterable[tuple[str, Score]], held_out: Iterable[Score]
) -> TrainingSet:
    """Make the index of a checkpoint's training pieces, by name, and write it beside the weights.

    `held_out` are human pieces that the model was not trained on.
    """
    made = TrainingSet.of(training, held_out)
    made.write(Path(folder))
    return made


def _human(index: Index, pieces: Sequence[Score], seconds: float) -> Human | None:
    """The figures of clips of one length; None where no piece is as long."""
    cut = [window.score() for piece in pieces for window in Passage.of(piece).windows(seconds)]
    cut = cut[:: -(-len(cut) // MOST_CLIPS)] if cut else []
    if not cut:
        return None
    notes = np.array([index.longest(clip).notes for clip in cut])
    shares = [_novelty(index, clip) for clip in cut]
    novelty = {str(n): [share[str(n)] for share in shares if str(n) in share] for n in SIZES}
    return Human(
        seconds=seconds,
        clips=len(cut),
        median=float(np.median(notes)),
        usual=float(np.quantile(notes, 0.95)),
        most=float(notes.max()),
        novelty={n: round(float(np.mean(values)), 4) for n, values in novelty.items() if values},
    )


def _novelty(index: Index, score: Score) -> dict[str, float]:
    """The share of n-grams that are new, by n, for those n that the score has notes enough for."""
    shares = {str(n): index.novelty(score, n) for n in SIZES}
    return {n: round(share, 4) for n, share in shares.items() if np.isfinite(share)}
