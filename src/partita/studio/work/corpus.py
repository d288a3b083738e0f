"""corpus: recordings made of MIDI files, as a folder that can be trained on."""

from collections import Counter
from typing import Any

from partita.errors import UsageError
from partita.studio.work.base import Work
from partita.tasks.render import MANIFEST, render_corpus


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Render, and list what was made; the recordings stay in their folder, the list of them goes to the job's."""
    arguments = work.arguments
    for name, kind, form in (("programs", str, "jazz=32"), ("drums", int, "22=42")):
        if arguments.get(name):
            arguments[name] = _numbers(arguments[name], kind, form)
    made = render_corpus(**arguments, progress=work.progress)
    (work.folder / MANIFEST).write_bytes((made.folder / MANIFEST).read_bytes())
    counts = Counter(row.label for row in made.rows)
    seconds = dict.fromkeys(counts, 0.0)
    for row in made.rows:
        seconds[row.label] += row.seconds
    values = {
        "labels": [{"label": label, "n": count, "seconds": seconds[label]} for label, count in counts.items()],
        "recordings": len(made.rows),
        "seconds": made.seconds,
        "failures": made.failures,
        "folder": str(made.folder),
    }
    return values, {name: values[name] for name in ("recordings", "seconds")}


def _numbers(pairs: dict[str, str], kind: type, form: str) -> dict[Any, int]:
    try:
        return {kind(name): int(number) for name, number in pairs.items()}
    except ValueError:
        raise UsageError(f"wants names and numbers such as {form}, not {pairs}") from None
