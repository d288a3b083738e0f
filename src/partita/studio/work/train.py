"""audit, train: a folder of music for each genre, looked over and learnt from."""

import shutil
from pathlib import Path
from typing import Any

from partita import figures, sound_figures
from partita.models import model_class
from partita.studio.work.base import Work
from partita.studio.work.measure import report
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
        lines = model_class(work.arguments["model"]).loss_lines
        picture = sound_figures.duel(history, lines) if lines else figures.curves(history)
        figures.save(picture, folder / "curves.png")
    evaluation = trained.evaluation
    value, words = report(evaluation, work.folder) if evaluation else ("", "")
    shutil.make_archive(str(work.folder / CHECKPOINT.removesuffix(".zip")), "zip", folder, ".")
    digest = {"model": folder.name, "value": value, "words": words, "classifies": trained.classifies}
    return {**digest, "evaluation": evaluation.json() if evaluation else None}, digest


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
