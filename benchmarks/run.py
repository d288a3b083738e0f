"""Measure partita and write results.md and results.json: `python benchmarks/run.py [--quick] [--only NAME]`.

With --quick, small sizes are measured and the report is printed instead, so that it never stands for the real one.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import Figure, Plan, one_thread

if TYPE_CHECKING:
    from report import Theme

HERE = Path(__file__).parent
THEMES = {
    "classify": (
        "speed:classify",
        "A song to its genre",
        "A stereo mp3 of 192 kbit/s and 30 s, everything loaded and warm; its steps are run apart, on the same sound.",
    ),
    "peers": (
        "speed:compare",
        "Beside other networks",
        "Forward passes for 30 s of sound, one thread, window by window (the faster way for the others), random "
        "weights for the others, run in turn; ratios are of runs of one round.",
    ),
    "mel": ("speed:log_mel", "mp3 to log-mel", "One thread, run in turn with librosa."),
    "start": (
        "processes:starts",
        "Cold starts",
        "A fresh process each time, from a warm disk. These bars are of wall time, so whatever else runs counts.",
    ),
    "memory": (
        "processes:memory",
        "Memory over the length of a recording",
        "`partita.classify` in a fresh process, one run each; the whole process counts. Stereo mp3 at 44.1 kHz; the "
        "longest two repeat the second.",
    ),
    "many": (
        "processes:many",
        "Many files",
        "`partita.classify_many` with jobs=2 on mp3 files of 192 kbit/s (four songs under many names), a fresh process "
        "for each number of files, one run each.",
    ),
    "midi": (
        "midi:rates",
        "MIDI in and out",
        "Generated performances of the size of MAESTRO's, in memory, one thread, run in turn.",
    ),
    "formats": ("speed:formats", "Decoding by format", "30 s of stereo to mono at 22,050 Hz, warm, one thread."),
}


def measure(name: str, plan: Plan) -> list[Figure]:
    """Run the function of one theme."""
    from importlib import import_module

    module, _, function = THEMES[name][0].partition(":")
    run: Callable[[Plan], list[Figure]] = getattr(import_module(module), function)
    return run(plan)


def choose_model(folder: Path) -> tuple[str, str]:
    """The shipped genre-cnn, or one with random weights saved in `folder`: what to load, what to call it."""
    from partita.checkpoint import identity, save, shipped

    if "genre-cnn" in shipped():
        return "genre-cnn", f"the shipped {identity('genre-cnn')}"
    from partita.data.gtzan import GENRES
    from partita.models.genre_cnn import GenreCNN, GenreCNNConfig

    model = GenreCNN.new(GenreCNNConfig(labels=tuple(GENRES)), 0)
    return str(save(model, folder / "genre-cnn", {})), "random, since no genre-cnn is shipped; time is the same"


def main() -> int:
    """Measure what was asked for; keep what was measured before of the other themes, if all else is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes; print, write nothing")
    parser.add_argument("--only", choices=THEMES, metavar="NAME", help=f"one of {', '.join(THEMES)}")
    asked = parser.parse_args()
    one_thread()
    import report
    import torch

    torch.set_num_threads(1)
    with TemporaryDirectory(prefix="partita-benchmarks-") as root:
        model, weights = choose_model(Path(root))
        setting = {"machine": report.machine(), "versions": report.versions(), "weights": weights}
        themes = {} if asked.quick else _earlier(setting)
        for name in [asked.only] if asked.only else THEMES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            folder = Path(root) / name
            folder.mkdir()
            figures = measure(name, Plan(asked.quick, folder, model, weights))
            themes[name] = report.Theme(*THEMES[name][1:], report.today(), report.load(), figures)
    themes = {name: themes[name] for name in THEMES if name in themes}
    text = report.markdown(themes, weights)
    if asked.quick:
        print(text)
        return 0
    whole = {**setting, "themes": {name: theme.json() for name, theme in themes.items()}}
    (HERE / "results.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(text, encoding="utf-8")
    return 0


def _earlier(setting: dict[str, object]) -> "dict[str, Theme]":
    """Themes of an earlier run, if machine, versions and weights are what they were."""
    import report

    path = HERE / "results.json"
    if not path.is_file():
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    if any(before[key] != value for key, value in setting.items()):
        print("machine, versions or weights have changed: earlier results are dropped", file=sys.stderr)
        return {}
    return {name: report.Theme.from_json(theme) for name, theme in before["themes"].items()}


if __name__ == "__main__":
    raise SystemExit(main())
