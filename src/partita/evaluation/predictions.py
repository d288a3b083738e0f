"""What a classifier answers for each song, in memory and as a table that others can pair their own answers with."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from partita.errors import DataError, UsageError
from partita.evaluation.preparation import Prepared
from partita.example import Example
from partita.files import replacing
from partita.metrics.classification import Labels, Probabilities
from partita.metrics.votes import Counts, hard_votes, soft_votes, vote_table
from partita.models.classifier import Classifier, truth_of
from partita.training import Progress

COLUMNS = ("id", "group", "truth", "predicted", "hard_vote", "segments")

Answers = Mapping[str, tuple[str, str]]
"""The truth and the predicted label of songs by their id."""


class SongPrediction(TypedDict):
    """One song: `votes` and `probabilities` are in the order of the model's labels."""

    id: str
    group: str
    truth: str
    predicted: str
    hard_vote: str
    votes: list[int]
    probabilities: list[float]


@dataclass(frozen=True)
class Predicted:
    """A classifier's answers for songs: calibrated `probabilities` and votes of segments, each (songs, labels).

    `soft` is the mean log-probability of the segments. `truth` is (songs,).
    """

    labels: tuple[str, ...]
    examples: Sequence[Example]
    truth: Labels
    probabilities: Probabilities
    votes: Counts
    soft: Probabilities

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which songs (songs,) the classifier has right."""
        return np.asarray(self.probabilities.argmax(1) == self.truth)

    @property
    def answers(self) -> Answers:
        """The label of each song, beside the true one."""
        return {
            example.id: (example.label, self.labels[best])
            for example, best in zip(self.examples, self.probabilities.argmax(1), strict=True)
        }

    def songs(self) -> list[SongPrediction]:
        """A row for each song."""
        winners, _ = hard_votes(self.votes, self.soft)
        return [
            {
                "id": example.id,
                "group": example.group,
                "truth": example.label,
                "predicted": self.labels[int(row.argmax())],
                "hard_vote": self.labels[winner],
                "votes": votes.tolist(),
                "probabilities": row.tolist(),
            }
            for example, row, winner, votes in zip(self.examples, self.probabilities, winners, self.votes, strict=True)
        ]


def predict(model: Classifier, prepared: Prepared, progress: Progress | None = None) -> Predicted:
    """Let `model` answer for prepared songs and their segments."""
    wholes, segments = [], []
    for number, (whole, rows) in enumerate(model.song_scores(prepared.items)):
        wholes.append(whole)
        segments.append(rows if len(rows) else whole[None])  # too quiet to have a segment: the song is its own
        if progress:
            progress(number + 1, len(prepared.items), "listening")
    return Predicted(
        labels=model.labels,
        examples=prepared.examples,
        truth=truth_of(prepared.items),
        probabilities=model.probabilities(np.stack(wholes)),
        votes=vote_table(segments),
        soft=soft_votes(segments),
    )


def write_predictions(songs: Sequence[SongPrediction], labels: Sequence[str], path: str | Path) -> None:
    """Write a line for each song as .csv, with a column of probabilities for each label.

    Raises `UsageError` where the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder to write predictions to")
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*COLUMNS, *(f"p_{label}" for label in labels)])
        for song in songs:
            segments = sum(song["votes"])
            known = [song["id"], song["group"], song["truth"], song["predicted"], song["hard_vote"], segments]
            table.writerow([*known, *(f"{value:.6g}" for value in song["probabilities"])])


def read_predictions(path: str | Path) -> Answers:
    """The answers in a .csv with at least the columns id, truth and predicted, one line for each song.

    Raises `DataError` where the file is something else.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        answers = {row["id"]: (row["truth"], row["predicted"]) for row in rows}
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror})") from None
    except (KeyError, ValueError, csv.Error):
        raise DataError(f"{path}: not a table of predictions; it wants the columns id, truth and predicted") from None
    if len(answers) < len(rows) or not all(all(pair) for pair in answers.values()):
        raise DataError(f"{path}: not a line for each song; an id comes twice, or a cell is empty")
    return answers
