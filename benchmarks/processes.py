"""What fresh processes take: cold starts, memory over the length of a recording, many files."""

import os
import sys
from pathlib import Path

import signals
from measure import Bar, Figure, Plan, Run, child, fresh

MEMORY_BAR = 600.0
"""MB that no recording may take more than."""
FLAT = 1.1
"""What we take for flat: at most a tenth more."""


def starts(plan: Plan) -> list[Figure]:
    """Cold starts of the command line: a process each, wall time first, since that is what one waits for."""
    song = signals.write(plan.folder / "start.mp3", 30)
    script = Path(sys.executable).with_name("partita")
    command = [script] if script.is_file() else [sys.executable, "-m", "partita"]
    asked = [sys.executable, "-m", "partita", "classify", song, "--model", plan.model]

    def several(words: list[Path | str]) -> list[Run]:
        fresh(words, plan.folder)  # unmeasured: bytecode and files come from the disk once
        return [fresh(words, plan.folder) for _ in range(plan.repeats)]

    classified, helped = several(asked), several([*command, "--help"])
    first = fresh(asked, plan.folder, PYTHONPYCACHEPREFIX=str(plan.folder / "bytecode"))
    return [
        Figure(
            "python -m partita classify song.mp3", [run.wall for run in classified], "wall s", Bar(4.0), "30 s of mp3"
        ),
        Figure("  its processor time", [run.cpu for run in classified], "CPU s"),
        Figure("  its first start ever", [first.wall], "wall s", remark="no module compiled to bytecode yet; one run"),
        Figure("partita --help", [run.wall for run in helped], "wall s", Bar(0.4)),
        Figure("  its processor time", [run.cpu for run in helped], "CPU s"),
    ]


def memory(plan: Plan) -> list[Figure]:
    """Peak memory and speed of classifying ever longer recordings, one fresh process each."""
    minutes = 1 if plan.quick else 10
    stretch = signals.write_stretch(plan.folder / "stretch.mp3", 60 * minutes)
    lengths = {
        "0.5 min": signals.write_stretch(plan.folder / "half-minute.mp3", 30),
        f"{minutes} min": stretch,
        f"{minutes * 6 / 60:g} h": signals.write_long(plan.folder / "hour.mp3", stretch, 6),
        f"{minutes * 60 / 60:g} h": signals.write_long(plan.folder / "day.mp3", stretch, 60),
    }
    figures, peaks = [], []
    for name, path in lengths.items():
        run, told = child(plan.folder, "classify", path, plan.model, "1")
        peaks.append(told["peak"])
        size = f"mp3, 48 kbit/s, {path.stat().st_size / 1e6:.1f} MB; {told['segments']} segments"
        remark = "; ".join([size, *told["warnings"]])
        figures += [
            Figure(f"{name}: peak memory", [told["peak"]], "MB", Bar(MEMORY_BAR), remark),
            Figure(
                "  speed",
                [told["seconds"] / told["cpu"][0]],
                "x real time",
                remark="by processor time, first in its process",
            ),
            Figure("  whole process", [run.wall], "wall s"),
        ]
    names = list(lengths)
    remark = f"flat: we take at most {FLAT} for it"
    figures.append(
        Figure(f"peak of {names[3]} over that of {names[1]}", [peaks[3] / peaks[1]], "times", Bar(FLAT), remark)
    )
    return figures


def many(plan: Plan) -> list[Figure]:
    """Files by the hundred in two processes: speed, whether time is linear in files, whether memory grows."""
    counts = (8, 16, 32) if plan.quick else (250, 500, 1000)
    folder = plan.folder / "songs"
    folder.mkdir()
    songs = [signals.write(plan.folder / f"song-{seed}.mp3", 30, seed) for seed in range(4)]
    for number in range(counts[-1]):
        os.link(songs[number % len(songs)], folder / f"{number:04}.mp3")
    runs, peaks, figures = [], [], []
    for count in counts:
        run, told = child(plan.folder, "many", folder, plan.model, "2", str(count))
        if told["failed"] or told["done"] != count:
            raise RuntimeError(f"{told['failed']} of {count} files failed, {told['done']} were done")
        runs.append(run)
        peaks.append(max(told["workers"], default=0.0))
        figures += [
            Figure(
                f"{count} songs of 30 s, two processes",
                [count / run.wall],
                "songs/s",
                remark="by wall time, start included",
            ),
            Figure(
                "  by processor time",
                [count / run.cpu],
                "songs/s of CPU",
                remark=f"{run.cpu:.1f} CPU s in {run.wall:.1f} s",
            ),
            Figure(
                "  peak memory of a worker",
                [peaks[-1]],
                "MB",
                Bar(MEMORY_BAR),
                f"asking process: {told['peak']:.0f} MB",
            ),
        ]
    less = (runs[1].cpu - runs[0].cpu) / (counts[1] - counts[0])
    more = (runs[2].cpu - runs[1].cpu) / (counts[2] - counts[1])
    linear = f"{counts[1]} to {counts[2]} files over {counts[0]} to {counts[1]}; linear: we take at most 1.2"
    figures += [
        Figure("a further song", [more], "CPU s", remark=f"from {counts[1]} to {counts[2]} files, both processes"),
        Figure("cost of a further song: later over earlier", [more / less], "times", Bar(1.2), linear),
        Figure(
            "peak memory of a worker: most files over fewest",
            [peaks[2] / max(peaks[0], 1e-9)],
            "times",
            Bar(FLAT),
            f"{counts[2]} over {counts[0]} files; no growth: we take at most {FLAT}",
        ),
    ]
    return figures
