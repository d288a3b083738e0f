"""How things are measured: processor time in turn with peers, fresh processes, and figures with their bars."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USERS_ENVIRONMENT = dict(os.environ)
"""The environment as it was at the start, in which fresh processes run: with as many threads as a user gets."""


@dataclass(frozen=True)
class Bar:
    """What a figure has to reach: at most, or at least, `limit` in the figure's unit."""

    limit: float
    at_most: bool = True

    def met(self, value: float) -> bool:
        """Whether a value reaches the bar."""
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass(frozen=True)
class Figure:
    """One thing that was measured: the `values` of its runs in `unit`, and the bar that the median has to reach."""

    what: str
    values: Sequence[float]
    unit: str
    bar: Bar | None = None
    remark: str = ""

    @property
    def median(self) -> float:
        """The middle one of the runs."""
        return statistics.median(self.values)

    @property
    def worst(self) -> float:
        """The run furthest on the wrong side: the greatest, or the least where the bar is a least value."""
        return min(self.values) if self.bar and not self.bar.at_most else max(self.values)

    @property
    def verdict(self) -> str:
        """Met, missed, or met by the median but not by every run; empty where there is no bar."""
        if self.bar is None:
            return ""
        if not self.bar.met(self.median):
            return "missed"
        return "met" if self.bar.met(self.worst) else "met by the median, missed by the worst run"

    def json(self) -> dict[str, Any]:
        """One JSON-ready object."""
        bar = {"limit": self.bar.limit, "at_most": self.bar.at_most} if self.bar else None
        values = [round(value, 6) for value in self.values]
        return {"what": self.what, "unit": self.unit, "values": values, "bar": bar, "remark": self.remark}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Figure":
        """The inverse of `json`."""
        bar = Bar(**given["bar"]) if given["bar"] else None
        return cls(given["what"], given["values"], given["unit"], bar, given["remark"])


@dataclass(frozen=True)
class Plan:
    """How much is measured: `repeats` of every timing, small sizes if `quick`, `model` on files in `folder`."""

    quick: bool
    folder: Path
    model: str
    weights: str
    """What to call the model's weights in the report."""

    @property
    def repeats(self) -> int:
        """Runs of every timing."""
        return 3 if self.quick else 5


def one_thread() -> None:
    """Let this process compute with one thread; to be called before numpy and torch are imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def cpu_seconds(call: Callable[[], object]) -> float:
    """Processor time, user and system, that a call takes in this process."""
    before = time.process_time()
    call()
    return time.process_time() - before


def in_turn(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each call; after one unmeasured round, every round runs all of them one after another."""
    for call in calls.values():
        call()
    rounds = [{name: cpu_seconds(call) for name, call in calls.items()} for _ in range(repeats)]
    return {name: [taken[name] for taken in rounds] for name in calls}


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Paired ratios: run by run, what was measured in the same round."""
    return [a / b for a, b in zip(over, under, strict=True)]


@dataclass(frozen=True)
class Run:
    """A fresh process: its wall and processor seconds, those of its own children included, and what it printed."""

    wall: float
    cpu: float
    output: str


def fresh(command: Sequence[str | Path], folder: Path, **environment: str) -> Run:
    """Run a command in a fresh process inside `folder` and wait for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**USERS_ENVIRONMENT, "PARTITA_CACHE": str(folder / "cache"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed with {done.returncode}: {done.stderr[-2000:]}")
    return Run(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout)


def child(folder: Path, *arguments: str | Path) -> tuple[Run, dict[str, Any]]:
    """Run a function of `child.py` in a fresh process; returns the run and the JSON object that it printed."""
    run = fresh([sys.executable, Path(__file__).with_name("child.py"), *arguments], folder)
    return run, json.loads(run.output.splitlines()[-1])
