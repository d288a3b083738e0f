"""How fast `partita compose` is, cold and once it runs. Rewrites benchmarks/compose.md.

    PARTITA_DATA=FOLDER python benchmarks/compose.py

FOLDER/midi/maestro-v3 holds MAESTRO, whose first performances of the official validation part are continued.
"""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Bar, Figure, cpu_seconds, fresh, one_thread

PIECES, SECONDS, TOKENS, REPEATS = 5, 60.0, 512, 5
MODEL = "note-transformer-maestro"
HEADER = """# Composing

`{model}` continues {pieces} performances of MAESTRO's official validation part, each after its first minute, on one
thread, drawn as its card says. Processor time, user and system; wall time stands where one waits for it, and there
whatever else runs counts (load {load:.1f} on {cores} cores). Made by `benchmarks/compose.py`.

| what | median | all runs | bar | |
|---|---|---|---|---|
"""


def prompts(folder: Path) -> list[Path]:
    """The first minutes of some performances, as files of their own."""
    from partita.data import load
    from partita.metrics.symbolic import Passage

    examples = load(f"maestro:{os.environ['PARTITA_DATA']}/midi/maestro-v3", "official").split("valid")[:PIECES]
    paths = [folder / f"{number}.mid" for number in range(len(examples))]
    for path, example in zip(paths, examples, strict=True):
        Passage.of(example.score).cut(0, 60).score().write(path)
    return paths


def warm(paths: list[Path]) -> tuple[list[Figure], float]:
    """Speed in a process that has loaded everything, and for how many seconds `TOKENS` tokens of the first last."""
    import numpy as np

    from partita.checkpoint import load, read_card
    from partita.likeness import assemble
    from partita.midi import Score
    from partita.models.composer import Composer, Event
    from partita.sampling import Sampling
    from partita.tokens import PITCH, SHIFTS, TIME, encode

    model = load(MODEL)
    assert isinstance(model, Composer)
    sampling = Sampling.of(read_card(MODEL).get("sampling", {}))

    def written(prompt: Score) -> Iterator[Event]:
        return model.compose(prompt, SECONDS, sampling, np.random.default_rng(0))

    scores = [Score.read(path) for path in paths]
    first = [cpu_seconds(partial(next, written(score))) for score in scores]
    made: list[list[Event]] = [[] for _ in scores]
    taken = [cpu_seconds(partial(each.extend, written(score))) for each, score in zip(made, scores, strict=True)]
    tokens = [encode(assemble(each)) for each in made]
    begun = tokens[0][:TOKENS]
    lasting = float(SHIFTS[begun[(begun >= TIME) & (begun < PITCH)] - TIME].sum()) / 100
    return [
        Figure("music written", [SECONDS / cpu for cpu in taken], "x real time", Bar(5, at_most=False)),
        Figure("  tokens", [len(row) / cpu for row, cpu in zip(tokens, taken, strict=True)], "a CPU s"),
        Figure("  first note", first, "CPU s", remark="with reading the prompt"),
    ], lasting


def cold(path: Path, seconds: float, folder: Path) -> list[Figure]:
    """The command in a fresh process, with the picture, the card and the report on copies."""
    bytecode = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    words = [sys.executable, "-m", "partita", "compose", path, "--seconds", f"{seconds:.2f}", "--model", MODEL]
    fresh([*words, "--out", "new.mid"], folder, **bytecode)  # unmeasured: bytecode and files come from the disk once
    runs = [fresh([*words, "--out", "new.mid"], folder, **bytecode) for _ in range(REPEATS)]
    what = f"partita compose, {TOKENS} tokens ({seconds:.1f} s)"
    return [
        Figure(what, [run.cpu for run in runs], "CPU s", Bar(6.0), "a fresh process"),
        Figure("  its wall time", [run.wall for run in runs], "s"),
    ]


def main() -> None:
    """Measure, print and write the table."""
    one_thread()
    with TemporaryDirectory(prefix="partita-compose-") as root:
        folder = Path(root)
        paths = prompts(folder)
        figures, seconds = warm(paths)
        figures += cold(paths[0], seconds, folder)
    lines = []
    for figure in figures:
        bar = f"{figure.bar.limit:g}: {figure.verdict}" if figure.bar else ""
        runs = ", ".join(f"{value:.2f}" for value in figure.values)
        lines.append(f"| {figure.what} | {figure.median:.2f} {figure.unit} | {runs} | {bar} | {figure.remark} |")
    header = HEADER.format(model=MODEL, pieces=PIECES, load=os.getloadavg()[0], cores=os.cpu_count())
    text = header + "\n".join(lines) + "\n"
    (Path(__file__).parent / "compose.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
