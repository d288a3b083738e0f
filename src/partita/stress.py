"""How a classifier stands changes that leave the genre as it was: accuracy and consistency after each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from partita.alterations import ALTERATIONS, Alteration
from partita.audio import Audio, AudioFile, Excerpt
from partita.errors import AudioError, DataError
from partita.example import Example, Recording, Spectrogram
from partita.metrics.classification import Interval, wilson
from partita.metrics.comparison import compare
from partita.models.classifier import Classifier
from partita.training import Progress

ANYTHING = Interval(-1.0, 1.0)


@dataclass(frozen=True)
class Stressed:
    """What one alteration does to a classifier's answers on `n` songs.

    `difference` is the accuracy after it less that before, with its paired 95 % interval and McNemar's exact `p`.
    `consistency` is the share of songs whose label is unchanged. `shift` is the mean total variation between the
    probabilities before and after, 0..1. Where nothing could be altered `n` is 0 and `why` says so.
    """

    name: str
    words: str
    n: int
    why: str = ""
    accuracy: float = 0.0
    interval: Interval = ANYTHING
    difference: float = 0.0
    difference_interval: Interval = ANYTHING
    p: float = 1.0
    consistency: float = 0.0
    consistency_interval: Interval = ANYTHING
    shift: float = 0.0


def stress(model: Classifier, examples: Sequence[Example], progress: Progress | None = None) -> list[Stressed]:
    """Classify every song as it is and after each alteration; songs that can't be used are passed over.

    Raises `DataError` where none can be used.
    """
    truth: list[int] = []
    before: list[list[float]] = []
    after: dict[str, dict[int, list[float]]] = {name: {} for name in ALTERATIONS}
    for number, example in enumerate(examples):
        try:
            media = (
                Audio.read(example.recording.path) if isinstance(example.recording, AudioFile) else example.recording
            )
            row = _probabilities(model, media)
        except AudioError:
            continue
        song = len(truth)
        truth.append(int(model.label_index(example)))
        before.append(row)
        for name, alteration in ALTERATIONS.items():
            altered = apply(alteration, media)
            if altered is not None:
                after[name][song] = _probabilities(model, altered)
        if progress:
            progress(number + 1, len(examples), "altering")
    if not truth:
        raise DataError(f"none of the {len(examples)} files can be used")
    known, rows = np.array(truth), np.array(before)
    rows_alone = all(isinstance(example.recording, Spectrogram) for example in examples)
    return [
        _measured(name, known, rows, after[name])
        if after[name]
        else Stressed(name, alteration.words, 0, alteration.why if rows_alone else "nothing to alter: mono recordings")
        for name, alteration in ALTERATIONS.items()
    ]


def apply(alteration: Alteration, media: Recording) -> Audio | Spectrogram | None:
    """The altered recording, or None where the alteration can't be made of it or would leave it as it is."""
    if isinstance(media, Spectrogram):
        if alteration.picture is None or media.front_end != "gtzan-logmel":
            return None
        return replace(media, levels=alteration.picture(media.levels))
    if isinstance(media, Excerpt):
        return None  # windows cut for a ladder are not altered
    audio = Audio.read(media.path) if isinstance(media, AudioFile) else media
    altered = alteration.sound(audio)
    return None if altered is audio else replace(altered, name=audio.name)


def _probabilities(model: Classifier, media: Recording) -> list[float]:
    named = model.classify(media).probabilities
    return [named[label] for label in model.labels]


def _measured(name: str, truth: Any, before: Any, after: dict[int, list[float]]) -> Stressed:
    songs = np.array(sorted(after))
    plain, rows, known = before[songs], np.array([after[song] for song in songs]), truth[songs]
    paired = compare(rows.argmax(1) == known, plain.argmax(1) == known)
    right, same = int((rows.argmax(1) == known).sum()), int((rows.argmax(1) == plain.argmax(1)).sum())
    return Stressed(
        name=name,
        words=ALTERATIONS[name].words,
        n=len(songs),
        accuracy=right / len(songs),
        interval=wilson(right, len(songs)),
        difference=paired.difference,
        difference_interval=paired.interval,
        p=paired.p,
        consistency=same / len(songs),
        consistency_interval=wilson(same, len(songs)),
        shift=float(np.abs(rows - plain).sum(1).mean() / 2),
    )
