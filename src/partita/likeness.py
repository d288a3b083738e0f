"""How like real music a composer's samples are, and whether they are copies.

    composer --draw--> scores --judge--> figures of the set, beside a ceiling and a floor

Samples are new pieces without a prompt, real clips are windows of held-out pieces of the same length. Every figure of
the set is also taken between real clips and real clips of other works (the ceiling), and for real clips whose notes
were each transposed at random (the floor): what lies between them is what the figure can tell.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from partita.checkpoint import write_json
from partita.data import Dataset
from partita.errors import UsageError
from partita.events import Control, Note, Track
from partita.example import Example
from partita.metrics.classification import Interval, song_bootstrap
from partita.metrics.originality import Index, Originality, originality
from partita.metrics.symbolic import Passage
from partita.metrics.symbolic.pieces import (
    density,
    pitch_class_entropy,
    pitch_count,
    polyphony,
    polyphony_rate,
    scale_consistency,
)
from partita.metrics.symbolic.sets import Likeness, measure
from partita.metrics.symbolic.structure import MIDDLE, SHORT, structureness
from partita.midi import Score
from partita.models.composer import Composer, Event
from partita.sampling import Sampling
from partita.training import Progress

DRAWN = "drawn.json"
"""What the samples in a folder are of."""

REFERENCE = 200
"""Real clips that samples are compared with, at most."""

MEASURES: dict[str, Callable[[Passage], float]] = {
    "pitch-class entropy": pitch_class_entropy,
    "scale consistency": scale_consistency,
    "pitch count": pitch_count,
    "polyphony": polyphony,
    "polyphony rate": polyphony_rate,
    "notes a second": density,
    "structureness 3 to 8 s": lambda passage: structureness(passage, SHORT),
    "structureness 8 to 15 s": lambda passage: structureness(passage, MIDDLE),
}
"""Measures of single passages whose means are told."""


class Clip(NamedTuple):
    """A real passage and the group (the work) that it is of."""

    passage: Passage
    group: str


class Real(NamedTuple):
    """Real clips of some seconds: `held` against the ceiling, `reference` for all else; no work is in both."""

    seconds: float
    reference: Sequence[Passage]
    held: Sequence[Passage]


class Mean(NamedTuple):
    """A mean over passages and its 95 % bootstrap interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Bounds:
    """What real clips held apart get: what no sample set needs to surpass, and what music without pitch reaches.

    `ceiling` compares them as they are with the reference, `floor` after each of their notes was transposed at random.
    `measures` has their mean of each of `MEASURES`, `human` holds them against a training set; None without one.
    """

    ceiling: Likeness
    floor: Likeness
    measures: dict[str, Mean]
    human: Originality | None


@dataclass(frozen=True)
class Resemblance:
    """What was found of so many samples.

    `likeness` compares them with real clips; `ceiling` and `floor` are those of `Bounds`. `measures` has for each of
    `MEASURES` the mean of samples ("composed") and of real clips ("real"). `originality` holds samples against a
    training set, `human` real clips; None without one. `notes` says what else to know; `speed` is seconds of
    music written in a second.
    """

    model: str
    data: str
    split: str
    samples: int
    seconds: float
    sampling: dict[str, float]
    seed: int
    protocol: str
    likeness: Likeness
    ceiling: Likeness
    floor: Likeness
    measures: dict[str, dict[str, Mean]]
    originality: Originality | None
    human: Originality | None
    notes: list[str]
    speed: float | None

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        values: dict[str, Any] = _plain(asdict(self))
        return values


def draw(
    model: Composer,
    count: int,
    seconds: float,
    sampling: Sampling,
    seed: int,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> tuple[list[Score], float | None]:
    """Let a model write `count` pieces without a prompt, piece i from (seed, i) alone; and how fast it did.

    With `folder` they are kept there as 000.mid, 001.mid, ..., and those that are there already are not written again.
    The speed is then None if nothing was left to write.
    """
    scores: list[Score] = []
    spent = written = 0.0
    for number in range(count):
        path = folder / f"{number:03d}.mid" if folder else None
        if path and path.is_file():
            scores.append(Score.read(path))
        else:
            begin = perf_counter()
            score = assemble(model.compose(None, seconds, sampling, np.random.default_rng([seed, number])))
            spent, written = spent + perf_counter() - begin, written + seconds
            if path:
                score.write(path)
            scores.append(score)
        if progress:
            progress(number + 1, count, f"{model.name} writes")
    return scores, written / spent if spent else None


def assemble(events: Iterable[Event]) -> Score:
    """The score of a composition's events, in ticks of a millisecond."""
    every = list(events)
    notes = [event for event in every if isinstance(event, Note)]
    return Score([Track(notes, [event for event in every if isinstance(event, Control)])], ticks_per_beat=500)


def real_clips(examples: Sequence[Example], seconds: float, samples: int, seed: int = 0) -> Real:
    """Clips of `seconds` from pieces, works divided at random: up to `REFERENCE`, and up to `samples` held apart.

    Raises `UsageError` where there are too few works or clips to compare with.
    """
    clips = [Clip(p, e.group) for e in examples for p in Passage.of(e.score).windows(seconds)]
    groups = sorted({clip.group for clip in clips})
    rng = np.random.default_rng(seed)
    rng.shuffle(groups)
    share = samples / (samples + REFERENCE)
    apart = set(groups[: max(1, round(share * len(groups)))])
    parts = [[clip.passage for clip in clips if (clip.group in apart) is here] for here in (False, True)]
    if min(map(len, parts)) < 2:
        raise UsageError(
            f"{len(clips)} clips of {seconds:g} s from {len(groups)} works: too few to compare with; "
            "give more pieces, or ask for shorter samples"
        )
    reference, held = (
        [part[place] for place in np.sort(rng.permutation(len(part))[:most])]
        for part, most in zip(parts, (REFERENCE, samples), strict=True)
    )
    return Real(seconds, reference, held)


def bounds(real: Real, index: Index | None, seed: int) -> Bounds:
    """Ceiling and floor of comparisons with real clips: the same for every set of samples, so taken once."""
    scattered = [passage.scattered(np.random.default_rng([seed, n])) for n, passage in enumerate(real.held)]
    return Bounds(
        ceiling=measure(real.held, real.reference),
        floor=measure(scattered, real.reference),
        measures={name: _mean(measured, real.held) for name, measured in MEASURES.items()},
        human=originality(index, [passage.score() for passage in real.held]) if index else None,
    )


class SampleTest:
    """A composer's samples beside the real clips of one part of a data set; each way of sampling is one `run`.

    Raises `UsageError` where the part has too few works to compare with.
    """

    def __init__(
        self,
        model: Composer,
        name: str,
        dataset: Dataset,
        split: str,
        *,
        samples: int,
        seconds: float,
        seed: int,
        index: Index | None,
    ) -> None:
        self.model, self.name, self.data, self.split = model, name, dataset.name, split
        self.samples, self.seed, self.index = samples, seed, index
        self.real = real_clips(dataset.split(split), seconds, samples)
        self.bounds = bounds(self.real, index, seed)
        self.where = f"the {split} part of {dataset.name}; {dataset.protocol}"

    def run(self, sampling: Sampling, folder: Path | None = None, progress: Progress | None = None) -> Resemblance:
        """Draw samples and compare them; with `folder` they are kept there and not drawn again.

        Raises `UsageError` for a folder that holds samples of another model, sampling, length or seed.
        """
        seconds = self.real.seconds
        if folder:
            drawn = {"model": self.name, "seed": self.seed, "seconds": seconds, "sampling": asdict(sampling)}
            _claim(folder, drawn)
        scores, speed = draw(self.model, self.samples, seconds, sampling, self.seed, folder=folder, progress=progress)
        return self.judge(scores, sampling, speed)

    def judge(self, scores: Sequence[Score], sampling: Sampling, speed: float | None = None) -> Resemblance:
        """Compare composed scores with real clips of the same length, and both with a training set's index.

        Raises `UsageError` where fewer than two scores have two notes or more.
        """
        real, bounds = self.real, self.bounds
        composed = [Passage.of(score).cut(0, real.seconds) for score in scores]
        usable = [passage for passage in composed if len(passage) >= 2]
        if len(usable) < 2:
            raise UsageError(f"{len(usable)} of {len(scores)} samples have two notes or more: nothing to compare")
        empty = len(scores) - len(usable)
        return Resemblance(
            model=self.name,
            data=self.data,
            split=self.split,
            samples=len(scores),
            seconds=real.seconds,
            sampling=asdict(sampling),
            seed=self.seed,
            protocol=f"{len(usable)} samples of {real.seconds:g} s without a prompt, {len(real.reference)} real clips "
            f"of {self.where}. Ceiling and floor from {len(real.held)} real clips of other works; intervals are 95 %, "
            "bootstrap.",
            likeness=measure(usable, real.reference),
            ceiling=bounds.ceiling,
            floor=bounds.floor,
            measures={
                name: {"composed": _mean(measured, usable), "real": bounds.measures[name]}
                for name, measured in MEASURES.items()
            },
            originality=originality(self.index, scores) if self.index else None,
            human=bounds.human,
            notes=[f"{empty} samples have fewer than two notes and are left out"] if empty else [],
            speed=speed,
        )


def _claim(folder: Path, drawn: dict[str, Any]) -> None:
    """Say in a folder what is drawn into it, or check that it says the same."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DRAWN
    if not path.is_file():
        write_json(path, drawn)
    elif json.loads(path.read_text(encoding="utf-8")) != drawn:
        raise UsageError(f"{folder}: holds samples of another model, sampling, length or seed; give another folder")


def _mean(measured: Callable[[Passage], float], passages: Sequence[Passage]) -> Mean:
    values = np.array([measured(passage) for passage in passages])
    return Mean(float(values.mean()), song_bootstrap(values))


def _plain(value: Any) -> Any:
    """Named tuples as objects, but intervals as pairs; what is not a number as null."""
    if isinstance(value, tuple) and hasattr(value, "_asdict") and not isinstance(value, Interval):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
