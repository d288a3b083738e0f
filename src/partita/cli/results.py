"""Classification results as text, JSON lines or CSV, to the screen or to a file that can be gone on with."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TextIO

from partita.cli.console import clock, complain, say
from partita.errors import UsageError
from partita.files import replacing
from partita.tasks.classify import Classification, Failure

if TYPE_CHECKING:
    from partita.explanation import Explanation

Form = Literal["text", "json", "csv"]
FOREIGN = "{}: is there already and does not hold results of partita; give another file"
COLUMNS = ("file", "genre", "probability", "unsure", "seconds", "model", "error")


class Results:
    """Takes results one by one and writes each at once, so that an interrupted batch keeps what it has done.

    `code` is the exit code they amount to: 0 all well, 1 some failed, 2 none could be used.
    """

    def __init__(
        self, form: Form, output: Path | None, top: int, timeline: bool, model: str, *, keep: bool = False
    ) -> None:
        from partita.checkpoint import identity, read_card

        self.form, self.output, self.top, self.timeline = form, output, top, timeline
        self.kept: list[Classification] = []
        self._keep = keep
        self.good = self.bad = 0
        self._done: set[str] = set()
        self._file: TextIO | None = None
        self._model = identity(model)
        self._labels = sorted(read_card(model)["config"].get("labels", ()))
        if output is not None:
            self.form = self._form_of(output)
            self._done = self._read(output)
            self._file = output.open("a", encoding="utf-8", errors="backslashreplace", newline="")
        if self.form == "csv" and not (output and output.stat().st_size):
            self._write(self._header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def code(self) -> int:
        """The exit code so far."""
        return 0 if not self.bad else 1 if self.good or self._done else 2

    def fail(self, message: str) -> None:
        """Tell that something went wrong with a file, and count it."""
        self.bad += 1
        complain(message)

    def holds(self, file: str) -> bool:
        """Whether the output file has this recording already."""
        return file in self._done

    def add(self, result: Classification | Failure, name: str) -> None:
        """Write one result under `name`; a failure is also told on standard error."""
        if isinstance(result, Failure):
            self.fail(f"{name}: {result.error}")
        else:
            self.good += 1
            if self._keep:
                self.kept.append(result)
            for warning in result.warnings:
                complain(f"{name}: {warning}")
        if self.form == "json":
            self._write(json.dumps({**result.json(), "file": name}, allow_nan=False))
        elif self.form == "csv":
            self._write(self._csv(result, name))
        elif isinstance(result, Classification):
            self._write(self._text(result, name))

    def _text(self, result: Classification, name: str) -> str:
        ranking = ", ".join(f"{genre} {probability:.2f}" for genre, probability in result.top(self.top))
        lines = [f"{name}: {'unsure, perhaps ' if result.unsure else ''}{ranking}"]
        if self.timeline:
            lines += [f"    {line}" for line in timeline_lines(result)]
        if result.explanation:
            lines.append(f"    {reason_line(result.explanation)}")
        return "\n".join(lines)

    def _csv(self, result: Classification | Failure, name: str) -> str:
        if isinstance(result, Failure):
            return _row([name, "", "", "", "", self._model, result.error, *("" for _ in self._labels)])
        probabilities = [result.probabilities[label] for label in self._labels]
        unsure = str(result.unsure).lower()
        return _row([name, result.genre, result.probability, unsure, result.seconds, result.model, "", *probabilities])

    def _write(self, line: str) -> None:
        if self._file is None:
            say(line)
        else:
            self._file.write(line + "\n")
            self._file.flush()

    @staticmethod
    def _form_of(output: Path) -> Form:
        forms: dict[str, Form] = {".jsonl": "json", ".ndjson": "json", ".csv": "csv"}
        if output.suffix.lower() not in forms:
            raise UsageError(f"{output}: results are written as .jsonl or .csv")
        if not output.parent.is_dir():
            raise UsageError(f"{output.parent}: no such folder to write results to")
        return forms[output.suffix.lower()]

    def _read(self, output: Path) -> set[str]:
        """Recordings that the output answers already.

        A last line that a crash cut off is removed, and so are failures, which are tried again.
        Raises `UsageError` where the file was made with another model or is something else; it is then left as it is.
        """
        if not output.exists() or not output.stat().st_size:
            return set()
        answered: set[str] = set()
        stale = False
        for line in self._lines(output):
            row = self._row_of(line) if line.endswith("\n") else None
            if row is None or row["error"]:
                stale = True
            elif row["file"]:
                answered.add(row["file"])
                if row["model"] != self._model:
                    raise UsageError(f"{output}: holds results of {row['model']}, not {self._model}; give another file")
        if row is None and not answered:
            raise UsageError(FOREIGN.format(output))
        if stale:
            with replacing(output) as partial, partial.open("w", encoding="utf-8", newline="") as file:
                file.writelines(ln for ln in self._lines(output) if ln.endswith("\n") and not self._row_of(ln)["error"])
        return answered

    @staticmethod
    def _lines(output: Path) -> Iterator[str]:
        """Lines with their ends, one by one: a million results need not fit into memory."""
        with output.open(encoding="utf-8", errors="replace", newline="\n") as file:
            yield from file

    @property
    def _header(self) -> str:
        return _row([*COLUMNS, *self._labels])

    def _row_of(self, line: str) -> dict[str, Any]:
        """The file, error and model of one line of output; all empty for the header.

        Raises `UsageError` for a line that is not ours.
        """
        if line.rstrip("\n") == self._header:
            return dict.fromkeys(("file", "error", "model"), "")
        try:
            if self.form == "json":
                row = json.loads(line)
                return {"file": row["file"], "error": row.get("error"), "model": row.get("model")}
            values = next(csv.reader([line]))
            return dict(zip([*COLUMNS, *self._labels], values, strict=True))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise UsageError(FOREIGN.format(self.output)) from None


def reason_line(explanation: "Explanation") -> str:
    """The seconds and the frequencies that decided, in words; the numbers are nats of log-odds."""
    (start, end, fall), band = explanation.decisive, explanation.range
    return (
        f"{explanation.genre} most of all by {clock(start)} to {clock(end)} ({fall:+.2f}) "
        f"and {band.low:.0f} to {band.high:.0f} Hz ({band.importance:+.2f})"
    )


def timeline_lines(result: Classification) -> list[str]:
    """Stretches of one genre as "0:00 to 0:25 jazz 0.81" (the mean over the stretch)."""
    runs: list[tuple[float, float, str, list[float]]] = []
    for segment in result.segments:
        label, probability = segment.label, segment.probabilities[segment.label]
        if runs and runs[-1][2] == label and abs(runs[-1][1] - segment.start) < 0.1:
            start, _, _, values = runs.pop()
            runs.append((start, segment.end, label, [*values, probability]))
        else:
            runs.append((segment.start, segment.end, label, [probability]))
    return [f"{clock(a)} to {clock(b)} {label} {sum(v) / len(v):.2f}" for a, b, label, v in runs]


def _row(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
