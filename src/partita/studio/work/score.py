"""render: a score's notes for the page's piano roll, and its sound."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from partita.events import DRUMS
from partita.midi import Score
from partita.render import render
from partita.studio.work.base import Work

SOUND = "sound.wav"


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read, render, and list the notes."""
    score = titled(work.arguments.pop("score"), work.title)
    work.progress(0, 0, "rendering")
    render(score, **work.arguments).write(work.folder / SOUND)
    values = {**listed(score), "seconds": score.seconds, "sound": SOUND}
    return values, {"seconds": score.seconds, "notes": len(values["pitch"])}


def titled(path: str, title: str) -> Score:
    """A score under the name that people know it by."""
    return replace(Score.read(path), name=Path(title).name)


def listed(score: Score, begin: float = 0.0) -> dict[str, Any]:
    """The pitched notes in columns, in order of time: `start` (seconds from `begin` on), `length`, `pitch`, `velocity`.

    `drums` is the number of notes that are left out.
    """
    pitched = replace(score, tracks=tuple(track for track in score.tracks if track.channel != DRUMS))
    notes = pitched.notes()
    ticks = notes["tick"].astype(np.int64)
    start = score.seconds_at(ticks)
    length = score.seconds_at(ticks + notes["duration"]) - start
    return {
        "start": np.round(start + begin, 3).tolist(),
        "length": np.round(length, 3).tolist(),
        "pitch": notes["pitch"].tolist(),
        "velocity": notes["velocity"].tolist(),
        "drums": len(score.notes()) - len(notes),
    }
