"""evaluate, repeat, tune, ladder, reproduce, sweep: whatever is measured becomes a page, tables and a few words."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from partita.evaluation import Evaluation, write_predictions
from partita.likelihood import Likelihood, NoteLikelihood
from partita.likeness import Resemblance
from partita.repeats import Repeats
from partita.report import write_report
from partita.sound_likeness import SoundLikeness
from partita.studio.work import likenesses, papers
from partita.studio.work.base import Work
from partita.studio.work.paper import REPORT, Paper
from partita.tasks import evaluate as measuring
from partita.tasks import ladder as climbing
from partita.tasks import reproduce as reproducing
from partita.tasks import sweep as sweeping
from partita.tasks import tune as tuning

KEPT = "kept"
"""What a task keeps for the next call, such as checkpoints: its folder where none was named, and its archive."""
PREDICTIONS = "predictions.csv"

PAPERS: dict[type, Callable[[Any], Paper]] = {
    Repeats: papers.of_repeats,
    tuning.Tuned: papers.of_search,
    climbing.Ladder: papers.of_ladder,
    reproducing.Reproduction: papers.of_reproduction,
    sweeping.Sweep: likenesses.of_sweep,
    Likelihood: likenesses.of_rolls,
    NoteLikelihood: likenesses.of_notes,
    Resemblance: likenesses.of_samples,
    SoundLikeness: likenesses.of_sounds,
}
"""How each kind of result becomes a page; a classifier's evaluation has a report of its own."""

Answer = tuple[dict[str, Any], dict[str, Any]]


def _measuring(task: Callable[..., Any]) -> Callable[[Work], Answer]:
    """What a worker does for a task that measures."""

    def run(work: Work) -> Answer:
        """Run it, write its page with tables, and put what it keeps into an archive; the digest is its headline."""
        folder = Path(work.arguments.setdefault("out", str(work.folder / KEPT)))
        result = task(**work.arguments, progress=work.progress)
        work.tell(progress=[0, 0, "writing"])
        value, words = report(result, work.folder)
        if folder.is_dir() and any(folder.iterdir()):
            shutil.make_archive(str(work.folder / KEPT), "zip", folder)
        return result.json(), {"value": value, "words": words}

    return run


evaluate = _measuring(measuring.evaluate)
repeat = _measuring(measuring.repeat)
tune = _measuring(tuning.tune)
ladder = _measuring(climbing.ladder)
reproduce = _measuring(reproducing.reproduce)
sweep = _measuring(sweeping.sweep)


def report(result: Any, folder: Path) -> tuple[str, str]:
    """Write a result's page and tables, and give its headline: the figure that matters most, and what it is."""
    if isinstance(result, Evaluation):
        write_report(result, folder / REPORT)
        write_predictions(result.songs, result.labels, folder / PREDICTIONS)
        words = f"of {result.n} songs are named right; {papers.chances(result.interval)}"
        return papers.percent(result.accuracy), words
    paper = PAPERS[type(result)](result)
    paper.write(folder)
    return paper.value, paper.words
