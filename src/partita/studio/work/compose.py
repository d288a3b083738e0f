"""compose: variations on a prompt, or new pieces, each as notes for the roll, as MIDI and as sound."""

from pathlib import Path
from typing import Any

from partita.studio.work.base import Work
from partita.studio.work.score import listed, titled
from partita.tasks.compose import compose


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compose, write what is to be kept, and list the notes of the score and of what is new in each variation."""
    for name, title in work.names.items():
        work.arguments[name] = titled(work.arguments[name], title)
    batch = compose(**work.arguments, progress=work.progress)
    work.tell(progress=[0, 0, "rendering"])
    place = batch.place
    files = batch.write(work.folder / f"{_stem(work, place.replaces)}.mid", picture=False, wav=True)
    scores = [path for path in files if path.suffix == ".mid"]
    values = batch.card([path.name for path in scores])
    for entry, path, made in zip(values["variations"], scores, batch.compositions, strict=True):
        entry |= {"notes": listed(made.part, place.begin_seconds), "sound": path.with_suffix(".wav").name}
        entry["length"] = made.score.seconds
    values["kept"] = listed(place.filled(()))
    digest = {
        "model": values["model"],
        "variations": len(scores),
        "begin": values["begin"],
        "seconds": values["seconds"],
    }
    return values, {**digest, "infill": place.replaces}


def _stem(work: Work, replaces: bool) -> str:
    """What the files are called, which Windows has to be able to write, too."""
    if "prompt" not in work.arguments:
        return "new-piece"
    varied = "toward" in work.arguments or work.arguments.get("vary") is not None
    manner = "varied" if varied else "filled" if replaces else "continued"
    return f"{Path(work.title).stem[:80]}-{manner}"
