"""tune: search for the settings with which a model does best on the validation part."""

import csv
import hashlib
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from partita import data as datasets
from partita import figures
from partita.checkpoint import write_json
from partita.data import Dataset
from partita.errors import PartitaError, UsageError
from partita.evaluation import prepare_all
from partita.models import model_class
from partita.models.base import Item, Model
from partita.models.classifier import Classifier, truth_of
from partita.models.space import Values, bound, parse_space
from partita.search import Study, Trial, claimed, need_optuna
from partita.settings import Plan, Settings
from partita.training import Progress, fit

Objective = Literal["nll", "accuracy", "loss"]
"""What is sought on the validation part: of classifiers the first two, of all other models their own loss."""


@dataclass(frozen=True)
class Tuned:
    """What a search found: every trial, the best of them, and what that is worth.

    `space` has what was varied, `importance` is of each (empty with fewer than ten finished trials), `equals` how
    many other finished trials can't be told from the best, `train` the command that trains a checkpoint with the best
    settings.
    """

    folder: Path
    objective: Objective
    songs: int
    protocol: str
    trials: list[Trial]
    space: Mapping[str, Values]
    best: Trial | None
    own: Trial | None
    equals: int
    importance: dict[str, float]
    train: str
    words: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """JSON-ready values; trials without their songs."""
        rows = [{key: value for key, value in asdict(t).items() if key != "songs"} for t in self.trials]
        named = {"best": self.best, "own": self.own}
        return {
            **self.__dict__,
            "folder": str(self.folder),
            "space": {name: repr(values) for name, values in self.space.items()},
            "trials": rows,
            **{name: None if trial is None else rows[trial.number] for name, trial in named.items()},
        }


@dataclass(frozen=True)
class _Search:
    """What every process must know; it can be sent to one."""

    model: str
    data: str
    out: str
    protocol: str | None
    genres: tuple[str, ...] | None
    balance: bool
    leave_out: str | None
    seed: int
    settings: dict[str, Any]
    space: tuple[str, ...]
    objective: Objective
    prune: bool
    device: str


def tune(
    model: str,
    *,
    data: str,
    out: str | Path,
    trials: int = 50,
    space: Sequence[str] | None = None,
    settings: Settings | None = None,
    objective: Objective | None = None,
    prune: bool = True,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    leave_out: str | Path | None = None,
    seed: int = 0,
    jobs: int = 1,
    device: str = "auto",
    progress: Progress | None = None,
) -> Tuned:
    """Search for settings of a registered model on the validation part of a data set given as NAME:PATH.

    `space` says what is varied, such as ["dropout=0..0.5", "learning_rate=1e-4..1e-2:log"]; by default what the model
    declares. The `objective` is the negative log-likelihood ("nll") or "accuracy" of a classifier, and the "loss" that
    any other model is validated by. `settings` are held fixed; `leave_out` is a file that lists songs which take no
    part. The test part is never looked at. `prune` breaks off trainings that do worse than the median of earlier ones.
    `jobs` processes share the work. The folder `out` holds the study, which the same call goes on with until it has
    `trials` trials, and its report: trials.csv, tune.json and search.png.
    Raises `UsageError` where Optuna is not installed or the request can't be met.
    """
    need_optuna()
    if trials < 1 or jobs < 1:
        raise UsageError(f"trials and jobs are numbers from 1 up, not {trials} and {jobs}")
    objective = _objective(model, objective)
    search = _Search(
        model, data, str(out), protocol, tuple(genres) if genres else None, balance,
        str(leave_out) if leave_out else None, seed,
        dict(settings or {}), tuple(space or ()), objective, prune, device,
    )  # fmt: skip
    tell = progress or (lambda done, total, words: None)
    with claimed(Path(out)):
        bench = _Bench(search)
        bench.study.tidy()
        try:
            if jobs == 1:
                while (done := len(bench.study.trials())) < trials:
                    tell(done, trials, bench.standing())
                    bench.attempt(lambda: None)
            else:
                _in_processes(bench, trials, jobs, tell)
        finally:
            found = _report(bench)
    return found


class _Bench:
    """One process's place of work: the data, prepared once for each front end, and the study."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.dataset: Dataset = datasets.load(
            search.data,
            search.protocol,
            search.seed,
            genres=search.genres,
            balance=search.balance,
            leave_out=search.leave_out,
        )
        self.dataset.split("valid")
        self.plan = Plan.of(search.model, self.dataset.labels, search.settings)
        kind, own = self.plan.kind, {**self.plan.recipe.__dict__, **self.plan.config.__dict__}
        places = bound(parse_space(list(search.space), own) or kind.space, own)
        if fixed := sorted({name.partition(".")[0] for name in places} & search.settings.keys()):
            raise UsageError(f"{fixed[0]} can't be both fixed and varied")
        if kind.closed_form and (useless := sorted({name for name in places if name in self.plan.recipe.__dict__})):
            raise UsageError(f"{search.model} is fitted in closed form, so {useless[0]} changes nothing")
        self._items: dict[str, tuple[list[Item], list[Item]]] = {}
        self.study = Study(
            Path(search.out),
            places,
            {name: _place(own, name) for name in places},
            about={
                **{
                    name: value
                    for name, value in asdict(search).items()
                    if name not in ("out", "data", "leave_out", "device")
                },
                "genres": list(search.genres or ()),
                "space": {name: repr(values) for name, values in places.items()},
                "data": _digest(self.dataset),
            },
            maximise=search.objective == "accuracy",
            seed=search.seed,
            prune=search.prune,
        )

    def items(self, model: Model) -> tuple[list[Item], list[Item]]:
        """The training and validation items of a model's front end; those of the last one are kept."""
        if model.front_end not in self._items:
            parts = [prepare_all(model, self.dataset.split(part)).items for part in ("train", "valid")]
            self._items = {model.front_end: (parts[0], parts[1])}
        return self._items[model.front_end]

    def attempt(self, check: Callable[[], None]) -> None:
        """One trial; `check` is called at every step and may raise to break it off."""
        self.study.attempt(lambda settings, told: self._measure(settings, told, check))

    def _measure(
        self, drawn: Mapping[str, Any], told: Callable[[float], None], check: Callable[[], None]
    ) -> list[float]:
        search = self.search
        plan = self.plan.changed(drawn)
        model = plan.new(search.seed)
        train, valid = self.items(model)
        name = "valid_accuracy" if search.objective == "accuracy" else "valid_loss"
        fit(
            model,
            train,
            valid,
            plan.recipe,
            seed=search.seed,
            device=search.device,
            progress=lambda done, total, words: check(),
            validated=lambda row: told(row[name]),
        )
        return _by_song(model, valid, search.objective)

    def standing(self) -> str:
        """The best so far in a few words."""
        best = _best(self.study.trials(), self.study.maximise)
        return "" if best is None or best.value is None else f"best {self.search.objective} {best.value:.3f}"


def _objective(model: str, objective: Objective | None) -> Objective:
    """The objective of a search, by default the first that suits the model.

    Raises `UsageError` for one that does not suit it.
    """
    suited: tuple[Objective, ...] = ("nll", "accuracy") if issubclass(model_class(model), Classifier) else ("loss",)
    if objective is not None and objective not in suited:
        raise UsageError(f"the objective of {model} is {' or '.join(suited)}, not {objective!r}")
    return objective or suited[0]


def _digest(dataset: Dataset) -> str:
    """A digest of both parts: another song, order or split gives another."""
    total = hashlib.sha256()
    for part in ("train", "valid"):
        for example in dataset.split(part):
            total.update(f"{part} {example.label} {example.content}\n".encode())
    return total.hexdigest()


def _by_song(model: Model, items: Sequence[Item], objective: Objective) -> list[float]:
    """Nats, correctness (0, 1) or loss of each validation song, with the weights that are kept."""
    if not isinstance(model, Classifier):
        return [model.validate([item])["loss"] for item in items]
    probabilities = model.probabilities(model.song_log_probabilities(items))
    truth = truth_of(items)
    if objective == "accuracy":
        return [float(hit) for hit in probabilities.argmax(1) == truth]
    return [float(value) for value in -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12))]


def _place(settings: Mapping[str, Any], name: str) -> Any:
    setting, dot, place = name.partition(".")
    return settings[setting][int(place) - 1] if dot else settings[setting]


def _best(trials: Sequence[Trial], maximise: bool) -> Trial | None:
    """The best finished trial, the earliest of equals."""
    finished = [trial for trial in trials if trial.value is not None]
    sign = -1 if maximise else 1
    return min(finished, key=lambda trial: sign * (trial.value or 0.0), default=None)


# several processes ---------------------------------------------------------------------------------------------------

_bench: _Bench | None = None
_stop: Event | None = None


class _Stopped(Exception):  # noqa: N818 - not an error
    """The parent has asked to stop."""


def _start_worker(search: _Search, stop: Event, threads: int) -> None:
    import signal

    global _bench, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(threads)
    _bench, _stop = _Bench(search), stop


def _check() -> None:
    if _stop is not None and _stop.is_set():
        raise _Stopped


def _attempt_in_worker() -> None:
    assert _bench is not None
    try:
        _check()
        _bench.attempt(_check)
    except _Stopped:
        pass


def _in_processes(bench: _Bench, trials: int, jobs: int, tell: Progress) -> None:
    """Let `jobs` processes make the missing trials; when this one is interrupted they break off theirs."""
    context = get_context("spawn")
    stop = context.Event()
    threads = max(1, (os.cpu_count() or 1) // jobs)
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(bench.search, stop, threads)
    )
    try:
        missing = [pool.submit(_attempt_in_worker) for _ in range(trials - len(bench.study.trials()))]
        for future in as_completed(missing):
            future.result()
            tell(len(bench.study.trials()), trials, bench.standing())
    except BrokenProcessPool:
        raise PartitaError(
            "a worker process died; the same command goes on with what is finished. In a script, call this under "
            'if __name__ == "__main__":'
        ) from None
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


# the report ----------------------------------------------------------------------------------------------------------


def _report(bench: _Bench) -> Tuned:
    """Write trials.csv, tune.json and search.png of what is finished, and return it."""
    study, search, folder = bench.study, bench.search, Path(bench.search.out)
    trials = study.trials()
    best = _best(trials, study.maximise)
    own = next((trial for trial in trials if trial.drawn == study.own), None)
    rivals = [trial for trial in trials if trial.value is not None and trial is not best]
    equals = sum(_alike(best, trial) for trial in rivals) if best else 0
    found = Tuned(
        folder, search.objective, len(best.songs) if best else 0, bench.dataset.protocol, trials, study.space, best,
        own, equals, study.importance(), _train_command(search, best),
    )  # fmt: skip
    found.words.extend(_words(found))
    names = [*study.space]
    with (folder / "trials.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "state", search.objective, "seconds", *names, "reason"])
        for trial in trials:
            values = [trial.drawn.get(name, "") for name in names]
            writer.writerow([trial.number, trial.state, trial.value, trial.seconds, *values, trial.reason])
    write_json(folder / "tune.json", found.json())
    if best:
        figures.save(figures.search(trials, study.space, found.importance, search.objective), folder / "search.png")
    return found


def _alike(best: Trial, other: Trial) -> bool:
    """Whether two trials differ by less than two standard errors of their difference over the songs; one tells none."""
    difference = np.subtract(best.songs, other.songs)
    if len(difference) < 2:
        return True
    return bool(abs(difference.mean()) <= 2 * difference.std(ddof=1) / np.sqrt(len(difference)))


def _train_command(search: _Search, best: Trial | None) -> str:
    if best is None:
        return ""
    words = ["partita", "train", search.model, "--data", search.data, "--out", "FOLDER", "--seed", str(search.seed)]
    words += ["--protocol", search.protocol] if search.protocol else []
    words += ["--genres", ",".join(search.genres)] if search.genres else []
    words += ["--balance"] if search.balance else []
    words += ["--leave-out", search.leave_out] if search.leave_out else []
    for name, value in {**search.settings, **best.settings}.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)


def _words(found: Tuned) -> list[str]:
    """The findings in sentences, with what they are worth."""
    states = [trial.state for trial in found.trials]
    count = states.count("finished")
    lines = [
        f"{len(states)} trials: {count} finished, {states.count('pruned')} pruned, {states.count('infeasible')} "
        f"infeasible; validation {found.objective} of {found.songs} songs; {found.protocol}"
    ]
    if found.best is None or found.best.value is None:
        return [*lines, "no trial finished, so there is no best one"]
    lines.append(f"best: trial {found.best.number}, {found.objective} {found.best.value:.4f}")
    if found.own is not None and found.own.value is not None:
        lines[-1] += f"; the model's own settings {found.own.value:.4f}"
    lines.append(
        f"The best of {count} on the same songs is the luckiest as well as the best: its value is optimistic, and "
        f"{found.equals} of the other {count - 1} finished trials can't be told from it (paired over songs, two "
        "standard errors). Measure the chosen settings on songs that the search did not see."
    )
    return lines
