"""generate: sounds of a class, each with what the page draws of it."""

from typing import Any

from partita.studio.work.base import Work
from partita.studio.work.classify import overview
from partita.tasks.generate import generate


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generate, write the sounds stamped with how they were made, and draw."""
    sounds = generate(**work.arguments, progress=work.progress)
    work.tell(progress=[0, 0, "drawing"])
    files = sounds.write(work.folder, picture=False)
    values = sounds.card()
    for entry, path, sound in zip(values["sounds"], files, sounds.made, strict=False):
        levels, peaks = overview(path, sound.audio.seconds)
        levels_file = path.with_suffix(".u8")
        levels_file.write_bytes(levels.tobytes())
        entry |= {"file": path.name, "levels": levels_file.name, "peaks": peaks}
        entry |= {"bands": levels.shape[0], "columns": levels.shape[1]}
    labels = list(dict.fromkeys(entry["class"] for entry in values["sounds"]))
    first = values["sounds"][0]
    digest = {"labels": labels, "sounds": len(values["sounds"]), "model": values["model"]}
    return values, {**digest, **{name: first[name] for name in ("seconds", "bpm", "loop", "seed")}}
