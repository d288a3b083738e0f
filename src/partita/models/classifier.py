"""What classifiers add to the contract of models: from a recording to calibrated probabilities.

    Sound --windows--> items, one by one --scores--> log-probabilities of segments --> mean over the song

Evaluation takes the same way from prepared songs (`parts` in place of `windows`), so that it measures what `classify`
answers.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partita.audio import Reading
from partita.errors import UnusableAudioError, UsageError
from partita.example import Example, Recording, Spectrogram
from partita.models.base import Item, Model


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording, `start` to `end` in seconds, with a probability for each label."""

    start: float
    end: float
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one recording: probabilities of the whole and of its segments."""

    probabilities: dict[str, float]
    segments: tuple[Segment, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Labels with probabilities, the most probable first."""
        return sorted(self.probabilities.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True)
class Scores:
    """Log-probabilities of one window of `seconds`: of its segments (n, labels), and of the whole (labels,).

    `spans` are the segments' starts and ends in seconds from the window's start. What is silent is in no segment and
    does not count, so a window of silence has none.
    """

    spans: Sequence[tuple[float, float]]
    segments: NDArray[np.float32]
    whole: NDArray[np.float32]
    seconds: float

    @property
    def heard(self) -> float:
        """Seconds that count."""
        return sum(end - start for start, end in self.spans)


class Classifier(Model):
    """A model that names the genre of a recording.

    Its config has `labels`. `temperature` divides the song's mean log-probability; it is fitted on songs that training
    did not see, so that a probability of 0.8 is right 8 times of 10.
    """

    temperature: Tensor
    minimum_seconds: ClassVar[float] = 1.0
    spectrograms: ClassVar[str] = ""
    """The transform of the precomputed spectrograms that are taken in place of sound; none by default."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.register_buffer("temperature", torch.ones(()))

    @classmethod
    def config_for(cls, labels: Sequence[str]) -> Any:
        """The config at full size with these labels."""
        return cls.Config(labels=tuple(labels))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of probabilities."""
        return cast(tuple[str, ...], self.config.labels)

    def prepare(self, example: Example) -> Item:
        """The windows of a song as one item; what was wrong with the recording as bytes of text, "warnings".

        Raises `AudioError` for what `classify` refuses.
        """
        reading = Reading()
        windows = list(self.windows(example.recording, reading))
        self.refuse_unusable(example.recording, reading)
        return {**self.joined(windows), "warnings": np.frombuffer("; ".join(reading.warnings).encode(), np.uint8)}

    def joined(self, windows: Sequence[Item]) -> Item:
        """Windows as one item, which `parts` takes apart again: their arrays one after the other."""
        return {name: np.concatenate([window[name] for window in windows]) for name in windows[0]}

    def windows(self, media: Recording, reading: Reading) -> Iterator[Item]:
        """The front end as a stream: items that follow one another in time, in flat memory."""
        raise NotImplementedError

    def parts(self, item: Item) -> Sequence[Item]:
        """The windows of a prepared song, as `windows` yields them."""
        raise NotImplementedError

    def heard_seconds(self, seconds: float) -> float:
        """How much of a recording of so many seconds counts, from its start: all of it for most models."""
        return seconds

    def scores(self, item: Item) -> Scores:
        """Log-probabilities of one window and of its segments, without randomness."""
        raise NotImplementedError

    def classify(self, media: Recording) -> Prediction:
        """Classify a recording of any length.

        Raises `AudioError` where it can't be decoded, is silent, or is shorter than `minimum_seconds`.
        """
        reading = Reading()
        segments: list[Segment] = []

        def windows() -> Iterator[Scores]:
            offset = 0.0
            for item in self.windows(media, reading):
                window = self._score(item)
                for (start, end), row in zip(window.spans, self.probabilities(window.segments), strict=True):
                    segments.append(Segment(round(offset + start, 3), round(offset + end, 3), self._named(row)))
                offset += window.seconds
                yield window

        pooled = self._pool(windows())
        self.refuse_unusable(media, reading)
        seconds = media.seconds if isinstance(media, Spectrogram) else reading.seconds
        probabilities = self._named(self.probabilities(pooled))
        return Prediction(probabilities, tuple(segments), seconds, tuple(reading.warnings))

    def _score(self, item: Item) -> Scores:
        self.eval()
        with torch.inference_mode(), one_thread():
            return self.scores(item)

    def _pool(self, windows: Iterable[Scores]) -> NDArray[np.float32]:
        """Log-probabilities of a song (labels,): the mean of its windows by their length; silence does not count."""
        total, weight = np.zeros(len(self.labels)), 0.0
        for window in windows:
            total += window.heard * window.whole
            weight += window.heard
        return np.asarray(total / max(weight, 1e-9), np.float32)

    def probabilities(self, log_probabilities: NDArray[Any]) -> NDArray[np.float64]:
        """Softmax over the last axis at the fitted temperature."""
        scaled = np.asarray(log_probabilities, np.float64) / float(self.temperature)
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return cast(NDArray[np.float64], scaled / scaled.sum(-1, keepdims=True))

    def song_log_probabilities(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Uncalibrated log-probabilities (songs, labels) of whole prepared songs."""
        return np.stack([whole for whole, _ in self.song_scores(items)])

    def song_scores(self, items: Iterable[Item]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Uncalibrated log-probabilities of each prepared song: of the whole (labels,), of its segments (n, labels)."""
        for item in items:
            windows = [self._score(part) for part in self.parts(item)]
            yield self._pool(windows), np.concatenate([window.segments for window in windows])

    def validate(self, items: Sequence[Item]) -> dict[str, float]:
        """Song-level cross-entropy (nats) and accuracy of labelled items."""
        scores = self.song_log_probabilities(items)
        scores = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        truth = truth_of(items)
        nll = -scores[np.arange(len(truth)), truth].mean()
        return {"loss": float(nll), "accuracy": float((scores.argmax(1) == truth).mean())}

    def label_index(self, example: Example) -> NDArray[np.int64]:
        """The example's label as a number.

        Raises `UsageError` for a label that the model does not know.
        """
        if example.label not in self.labels:
            raise UsageError(
                f"{example.id}: the model has no label {example.label!r}; it has {', '.join(self.labels)}."
            )
        return np.array(self.labels.index(example.label))

    def _named(self, row: NDArray[Any]) -> dict[str, float]:
        return {label: round(float(value), 6) for label, value in zip(self.labels, row, strict=True)}

    def refuse_unusable(self, media: Recording, reading: Reading) -> None:
        """Raise `UnusableAudioError` for what was read of a recording, where it is silent or too short to judge."""
        if isinstance(media, Spectrogram):
            silent = None if media.levels.any() else "silent: all its levels are zero"
        elif reading.seconds < self.minimum_seconds:
            silent = f"too short: {reading.seconds:.3g} s, wants at least {self.minimum_seconds:g} s"
        else:
            silent = reading.silent
        if silent:
            raise UnusableAudioError(media.name, silent)


def truth_of(items: Sequence[Item]) -> NDArray[np.int64]:
    """The label numbers (songs,) of labelled items."""
    return np.array([int(item["label"]) for item in items])


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread on the processor: for one recording at a time more only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
