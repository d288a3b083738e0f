"""classify: name the genre of recordings.

One recording with `classify`, any number with `classify_many`, which goes on after a bad file and can use several
processes.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from glob import glob, has_magic
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from partita.audio import Audio, AudioFile
from partita.errors import AudioError, CheckpointError, PartitaError, UsageError
from partita.example import Spectrogram
from partita.tags import can_hold_tags, read_tags, write_tags

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from partita.explanation import Explanation
    from partita.models.classifier import Classifier, Segment

DEFAULT_MODEL = "genre-cnn"
UNSURE_BELOW = 0.4
"""A top probability below this is called unsure."""
TAG_FROM = 0.7
"""A genre is written into a file's tags from this probability on."""


@dataclass(frozen=True)
class Classification:
    """What a model says of one recording. `genre` is always the most probable label, also where it is `unsure`."""

    file: str
    genre: str
    probability: float
    probabilities: dict[str, float]
    segments: "tuple[Segment, ...]"
    unsure: bool
    model: str
    seconds: float
    warnings: tuple[str, ...] = ()
    explanation: "Explanation | None" = None

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable genres with their probabilities."""
        return list(islice(self.probabilities.items(), count))

    def json(self) -> dict[str, Any]:
        """One JSON-ready object; probabilities are sorted, the greatest first."""
        segments = [{"start": s.start, "end": s.end, "probabilities": s.probabilities} for s in self.segments]
        values = {**self.__dict__, "segments": segments, "warnings": list(self.warnings)}
        values.pop("explanation")
        return values if self.explanation is None else {**values, "explanation": self._why(self.explanation)}

    @staticmethod
    def _why(explanation: "Explanation") -> dict[str, Any]:
        return {
            "genre": explanation.genre,
            "decisive": explanation.decisive._asdict(),
            "stretches": [part._asdict() for part in explanation.stretches],
            "ranges": [part._asdict() for part in explanation.ranges],
        }


@dataclass(frozen=True)
class Failure:
    """A recording that could not be classified, and why."""

    file: str
    error: str

    def json(self) -> dict[str, Any]:
        """One JSON-ready object."""
        return {"file": self.file, "error": self.error}


def classify(
    source: str | Path | Audio | Spectrogram,
    *,
    model: str = DEFAULT_MODEL,
    threshold: float = UNSURE_BELOW,
    explain: bool = False,
    device: str = "auto",
) -> Classification:
    """Classify one recording: a file, an `Audio`, or a precomputed `Spectrogram`.

    `model` is a shipped name or a checkpoint folder. Below `threshold` the answer is `unsure`.
    `explain` also finds the seconds and frequencies that decided, which takes some seconds for each minute of music.
    Raises `AudioError` where the recording can't be used.
    """
    from partita.checkpoint import identity

    if not 0 <= threshold <= 1:
        raise UsageError(f"the threshold is a probability between 0 and 1, not {threshold}")
    media = AudioFile(source) if isinstance(source, str | Path) else source
    classifier = _classifier(model, device)
    prediction = classifier.classify(media)
    genre, probability = prediction.ranked[0]
    explanation = None
    if explain:
        from partita.explanation import explain as find_reasons

        explanation = find_reasons(classifier, media, prediction.seconds, genre)
    return Classification(
        file=media.name,
        genre=genre,
        probability=probability,
        probabilities=dict(prediction.ranked),
        segments=prediction.segments,
        unsure=probability < threshold,
        model=identity(model),
        seconds=round(prediction.seconds, 3),
        warnings=prediction.warnings,
        explanation=explanation,
    )


def classify_many(
    sources: Sequence[str | Path],
    *,
    model: str = DEFAULT_MODEL,
    threshold: float = UNSURE_BELOW,
    explain: bool = False,
    device: str = "auto",
    jobs: int = 1,
) -> Iterator[Classification | Failure]:
    """Classify files one after another, in their order; a bad one gives a `Failure` and the rest go on.

    `jobs` processes share the work; 0 takes one for every core where there are enough files to pay for their start. A
    script that asks for more than one must do so under `if __name__ == "__main__":`, as ever with processes in Python.
    """
    if jobs < 0:
        raise UsageError(f"jobs is a number of processes, 0 for as many as fit, not {jobs}")
    _classifier(model, device)  # a wrong model name is an error of the request, not of every file
    cores = os.cpu_count() or 1
    jobs = jobs or (cores if len(sources) >= 16 * cores else 1)
    if jobs == 1:
        yield from (_classify_safely(str(source), model, threshold, explain, device) for source in sources)
    else:
        yield from _in_processes([str(source) for source in sources], model, threshold, explain, device, jobs)


def find_audio(inputs: Iterable[str | Path]) -> list[Path]:
    """Files named by inputs: files as they are, folders searched recursively for audio, globs expanded.

    A file named twice comes once. What holds no audio comes as it was named, so that it is reported like a bad file.
    """
    from partita.data.folder import audio_files

    found: dict[Path, None] = {}
    for given in map(str, inputs):
        path = Path(given).expanduser()
        inside = [path]
        if path.is_dir():
            inside = list(audio_files(path))
        elif not path.exists() and has_magic(given):
            matches = [Path(match) for match in sorted(glob(str(path), recursive=True))]
            inside = [file for match in matches for file in (audio_files(match) if match.is_dir() else [match])]
        found.update(dict.fromkeys(inside or [path]))
    return list(found)


def write_genre(
    result: Classification, *, least: float = TAG_FROM, overwrite: bool = False, dry_run: bool = False
) -> Literal["written", "would write", "can't be tagged", "not certain enough", "has a genre already"]:
    """Write the genre into the file's tags, if it is probable enough and none is there (or `overwrite`).

    Raises `AudioError` where the file can't hold tags.
    """
    if result.unsure or result.probability < least:
        return "not certain enough"
    if read_tags(result.file).get("genre") and not overwrite:
        return "has a genre already"
    if dry_run:
        return "would write" if can_hold_tags(result.file) else "can't be tagged"
    write_tags(result.file, {"genre": result.genre})
    return "written"


def write_decisive(result: Classification, path: Path) -> None:
    """Write the three seconds that decided as .wav, .flac, .ogg or .mp3, with all channels at the recording's own rate.

    Raises `UsageError` for a result without an explanation, `AudioError` where the file can't be written.
    """
    if result.explanation is None:
        raise UsageError(f"{result.file}: was classified without explain=True, so nothing is known to have decided")
    whole, (start, end, _) = Audio.read(result.file), result.explanation.decisive
    part = whole.samples[:, round(start * whole.rate) : round(end * whole.rate)]
    Audio(part, whole.rate).write(path)


def picture_row(
    result: Classification, columns: int = 1200
) -> "tuple[str, NDArray[np.uint8], tuple[Segment, ...], dict[str, float]]":
    """What `figures.classifications` draws of a result; its spectrogram is thinned to about `columns`."""
    import numpy as np

    from partita.audio import Reading
    from partita.features import GTZAN_SECONDS_PER_COLUMN
    from partita.models.stretches import gtzan_columns

    every = max(1, round(result.seconds / GTZAN_SECONDS_PER_COLUMN / columns))
    parts = [levels[:, ::every] for levels in gtzan_columns(AudioFile(result.file), Reading())]
    unsure = ", unsure" if result.unsure else ""
    title = f"{Path(result.file).name}: {result.genre} {result.probability:.2f}{unsure}"
    return title, np.concatenate(parts, axis=1), result.segments, result.probabilities


@lru_cache(maxsize=2)
def _classifier(model: str, device: str) -> "Classifier":
    from partita.checkpoint import load
    from partita.models.base import choose_device
    from partita.models.classifier import Classifier

    loaded = load(model, choose_device(device))
    if not isinstance(loaded, Classifier):
        raise CheckpointError(f"{model}: is a {loaded.name}, which does not classify")
    return loaded


def _classify_safely(source: str, model: str, threshold: float, explain: bool, device: str) -> Classification | Failure:
    try:
        return classify(source, model=model, threshold=threshold, explain=explain, device=device)
    except AudioError as error:
        return Failure(source, error.reason)
    except PartitaError as error:
        return Failure(source, str(error))
    except Exception as error:  # a fault of ours must not cost the rest of a million files
        return Failure(source, f"failed inside partita: {type(error).__name__}: {error}")


def _start_worker() -> None:
    import signal

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)


def _check_that_it_works(pool: ProcessPoolExecutor) -> None:
    """Raise `UsageError` where a new process would run the caller's script again instead of our work."""
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool:
        raise UsageError(
            'worker processes do not start; in a script, call this under if __name__ == "__main__":'
        ) from None


def _in_processes(
    sources: list[str], model: str, threshold: float, explain: bool, device: str, jobs: int
) -> Iterator[Classification | Failure]:
    """Keep a few files per process under way and yield results in order.

    A file that kills its process (a fault in a decoder) takes the pool down with it. Files that were under way are then
    tried alone, so that only the guilty one fails.
    """
    ahead = 4 * jobs
    place = 0
    while place < len(sources):
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
        waiting: list[tuple[str, Future[Classification | Failure]]] = []
        rest = iter(sources[place:])
        try:
            if place == 0:
                _check_that_it_works(pool)
            while True:
                more = islice(rest, ahead - len(waiting))
                waiting += [
                    (name, pool.submit(_classify_safely, name, model, threshold, explain, device)) for name in more
                ]
                if not waiting:
                    break
                yield waiting[0][1].result()
                waiting.pop(0)
                place += 1
        except BrokenProcessPool:
            for source, _ in waiting:
                yield _alone(source, model, threshold, explain, device)
                place += 1
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _alone(source: str, model: str, threshold: float, explain: bool, device: str) -> Classification | Failure:
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start_worker)
    with pool, suppress(BrokenProcessPool):
        return pool.submit(_classify_safely, source, model, threshold, explain, device).result()
    return Failure(source, "its decoding crashed the process")
