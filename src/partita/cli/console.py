"""Printing: results to standard output, progress and complaints to standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

STANDARD_INPUT = "<standard input>"
"""What "-" on the command line becomes before it is parsed."""


def say(text: str = "") -> None:
    """One line of results."""
    print(text, flush=True)


def say_json(value: Any) -> None:
    """One JSON object on one line."""
    print(json.dumps(value, allow_nan=False), flush=True)


def say_result(result: Any, lines: Callable[[Any], Iterable[str]], as_json: bool) -> None:
    """A task's result: what its `json` gives as one JSON object, or the `lines` that are made of it."""
    if as_json:
        say_json(result.json())
        return
    for line in lines(result):
        say(line)


def note(text: str) -> None:
    """One line beside the results, on standard error."""
    print(text, file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """One line about what went wrong, on standard error."""
    print(f"partita: {' '.join(text.split())}", file=sys.stderr, flush=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with time left on standard error, shown only where a person looks; yields progress(done, total, words)."""
    if not sys.stderr.isatty():
        yield lambda done, total, words: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None, words="")
        yield lambda done, total, words: bars.update(task, completed=done, total=total, words=words)


def listed(text: str | None) -> list[str] | None:
    """The words of a comma-separated option, None where it was not given.

    >>> listed("jazz, rock"), listed(None)
    (['jazz', 'rock'], None)
    """
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any.

    >>> clock(75), clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
