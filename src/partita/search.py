"""A search over settings that is kept on disk and that any number of processes work on: Optuna's study in SQLite.

Trial k draws its settings from (seed, k) and the trials before it; trials that were broken off do not count. So a
search that was stopped and goes on is, in one process, the same search.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from partita.errors import CheckpointError, UsageError
from partita.models.space import Real, Values, Whole, joined

if TYPE_CHECKING:
    import optuna

STORAGE = "study.sqlite"
RANDOM_TRIALS = 10
"""So many trials are drawn at random before the sampler trusts what it has seen."""

State = Literal["finished", "pruned", "infeasible"]


class Pruned(Exception):  # noqa: N818 - not an error
    """Raised inside a trial that promises less than the median of those before it."""


@dataclass(frozen=True)
class Trial:
    """One trial: its settings and what came of them.

    `value` is the objective of a finished one, `songs` its share of each validation song, in the songs' order. `reason`
    says why others did not finish. `drawn` has the values by place ("filters.1"), `settings` as `--set` takes them.
    """

    number: int
    state: State
    value: float | None
    drawn: dict[str, Any]
    reason: str = ""
    seconds: float = 0.0
    songs: list[float] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, tuples as text with commas."""
        return joined(self.drawn)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold `folder` for one search; the system lets go of it even when the process is killed.

    Raises `UsageError` where another search holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / ".lock", timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise UsageError(f"{folder}: another search is at work here; wait for it or give another folder") from None
        yield


def need_optuna() -> None:
    """Raise `UsageError` where Optuna is not installed."""
    if find_spec("optuna") is None:
        raise UsageError("the search needs Optuna: pip install 'partita[tune]', or pip install 'optuna>=4'")


class Study:
    """The trials in `folder`.

    `space` has the values by place, `own` the model's own settings, which are the first trial where the space has them.
    `about` is what must be equal for a search to be gone on with. Raises `CheckpointError` where it is not.
    """

    def __init__(
        self,
        folder: Path,
        space: Mapping[str, Values],
        own: Mapping[str, Any],
        *,
        about: Mapping[str, Any],
        maximise: bool,
        seed: int,
        prune: bool,
    ) -> None:
        need_optuna()
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self.own, self.seed, self.prune = space, own, seed, prune
        self.maximise = maximise
        path, self._lock = folder / STORAGE, folder / ".ask"
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{path.resolve().as_posix()}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
        self._study = optuna.create_study(
            study_name="partita",
            storage=storage,
            direction="maximize" if maximise else "minimize",
            sampler=_sampler(seed, 0),
            # the first validation of a training says little
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
            load_if_exists=True,
        )
        known = self._study.user_attrs.get("about")
        if known is None:
            self._study.set_user_attr("about", dict(about))
        elif changed := sorted(name for name in {*known, *about} if known.get(name) != about.get(name)):
            raise CheckpointError(f"{path}: was made with another {', '.join(changed)}; give another folder")

    def tidy(self) -> None:
        """Before any work: mark what an earlier process left under way as broken off; the own settings come first."""
        import optuna

        running = optuna.trial.TrialState.RUNNING
        for trial in self._study.get_trials(deepcopy=False, states=(running,)):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        inside = all(self.own[name] in values for name, values in self.space.items())
        if inside and not any("own" in trial.user_attrs for trial in self._live()):
            self._study.enqueue_trial(dict(self.own), user_attrs={"own": True})

    def attempt(self, measure: Callable[[dict[str, Any], Callable[[float], None]], list[float]]) -> None:
        """Draw settings and measure them.

        `measure` takes the settings and a function that is to be told the objective after each validation; it returns
        the objective's share of each song. `UsageError` marks settings that can't be met; any other error breaks the
        trial off and is raised.
        """
        from optuna.trial import TrialState

        trial = self._ask()
        validations = 0

        def told(value: float) -> None:
            nonlocal validations
            validations += 1
            trial.report(value, validations)
            if self.prune and trial.should_prune():
                raise Pruned(f"worse than the median after validation {validations}")

        try:
            songs = measure(joined(self._draw(trial)), told)
            trial.set_user_attr("songs", [round(float(value), 5) for value in songs])
            self._study.tell(trial, float(np.mean(songs)))
        except (Pruned, UsageError) as error:
            trial.set_user_attr("reason", str(error))
            trial.set_user_attr("infeasible", isinstance(error, UsageError))
            self._study.tell(trial, state=TrialState.PRUNED)
        except BaseException:
            self._study.tell(trial, state=TrialState.FAIL)
            raise

    def _ask(self) -> "optuna.trial.Trial":
        """The next trial, asked for by one process at a time: Optuna may hand an enqueued one to two at once."""
        with closing(sqlite3.connect(self._lock, timeout=60, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            return self._study.ask()

    def trials(self) -> list[Trial]:
        """The trials that came to an end, in their order."""
        from optuna.trial import TrialState

        ended = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        return [
            Trial(
                number=number,
                state="finished" if trial.value is not None and trial.state is TrialState.COMPLETE
                else "infeasible" if trial.user_attrs.get("infeasible") else "pruned",
                value=trial.value if trial.state is TrialState.COMPLETE else None,
                drawn={name: trial.params[name] for name in self.space if name in trial.params},
                reason=trial.user_attrs.get("reason", ""),
                seconds=round(trial.duration.total_seconds(), 1) if trial.duration else 0.0,
                songs=trial.user_attrs.get("songs", []),
            )
            for number, trial in enumerate(ended)
        ]  # fmt: skip

    def importance(self) -> dict[str, float]:
        """How much each place decides if a trial is among the better ones (PED-ANOVA, Watanabe et al., IJCAI 2023).

        Shares of 1, the greatest first; empty with fewer than ten finished trials, which say too little.
        """
        values = {trial.value for trial in self.trials() if trial.value is not None}
        if len(values) < 2 or sum(trial.state == "finished" for trial in self.trials()) < 10:
            return {}
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        return dict(get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator()))

    def _live(self) -> "list[optuna.trial.FrozenTrial]":
        from optuna.trial import TrialState

        return [t for t in self._study.get_trials(deepcopy=False) if t.state is not TrialState.FAIL]

    def _draw(self, trial: "optuna.Trial") -> dict[str, Any]:
        """Values for every place. A sampler of its own for each trial makes them independent of interruptions."""
        self._study.sampler = _sampler(self.seed, sum(other.number < trial.number for other in self._live()))
        drawn: dict[str, Any] = {}
        for name, values in self.space.items():
            if isinstance(values, Whole):
                drawn[name] = trial.suggest_int(name, values.low, values.high, step=values.step)
            elif isinstance(values, Real):
                drawn[name] = trial.suggest_float(name, values.low, values.high, log=values.log)
            else:
                drawn[name] = trial.suggest_categorical(name, values.options)
        return drawn


def _sampler(seed: int, place: int) -> "optuna.samplers.TPESampler":
    """Tree-structured Parzen estimator (Bergstra et al., NIPS 2011), each setting by itself."""
    from optuna.samplers import TPESampler

    own = int(np.random.default_rng([seed, place]).integers(2**32))
    return TPESampler(seed=own, n_startup_trials=RANDOM_TRIALS, multivariate=False)
