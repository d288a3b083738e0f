"""audit, train: a folder of music for each genre, looked over and learnt from."""

import shutil
from pathlib import Path
from typing import Any

from partita import figures
from partita.evaluation import Evaluation
from partita.report import write_report
from partita.studio.work.base import Work
from partita.studio.work.paper import REPORT
from partita.tasks.audit import KINDS, audit
from partita.tasks.train import train
from partita.training import HISTORY, read_history

CHECKPOINT = "checkpoint.zip"


def audit_music(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look over the music; the job's folder gets the lists that `train` can do without."""
    result = audit(**work.arguments, out=work.folder, progress=work.progress)
    values = {**result.json(), "kinds": KINDS}
    return values, {"songs": result.songs, "findings": len(result.findings), "leave_out": len(result.leave_out)}


def train_model(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train, tell each validation as it comes, and keep the curves, the report and the checkpoint to be fetched."""
    folder = Path(work.arguments["out"])
    told = _Told(work, folder)
    trained = train(**work.arguments, progress=told.progress)
    told.rows()
    history = read_history(folder)
    if history:
        figures.save(figures.curves(history), folder / "curves.png")
    evaluation = trained.evaluation
    values: dict[str, Any] = {"model": folder.name, "evaluation": evaluation.json() if evaluation else None}
    if isinstance(evaluation, Evaluation):
        write_report(evaluation, work.folder / REPORT)
    shutil.make_archive(str(work.folder / CHECKPOINT.removesuffix(".zip")), "zip", folder, ".")
    return values, {"model": folder.name, **_figures(evaluation)}


class _Told:
    """Passes on a training's progress, and each row of its history once."""

    def __init__(self, work: Work, folder: Path) -> None:
        self.work, self.folder, self.count, self.size = work, folder, 0, -1

    def progress(self, done: int, total: int, words: str) -> None:
        """Say how far it is, and what it has measured since."""
        self.work.progress(done, total, words)
        path = self.folder / HISTORY
        size = path.stat().st_size if path.exists() else 0
        if size != self.size:
            self.size = size
            self.rows()

    def rows(self) -> None:
        """Pass on what was measured since."""
        history = read_history(self.folder)
        for row in history[self.count :]:
            self.work.row(row)
        self.count = len(history)


def _figures(evaluation: Any) -> dict[str, Any]:
    if not isinstance(evaluation, Evaluation):
        return {}
    return {"accuracy": evaluation.accuracy, "interval": evaluation.interval, "n": evaluation.n}
