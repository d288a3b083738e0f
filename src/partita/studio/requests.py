"""From what the page asks to a job: its references become files, folders and models that it may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partita.errors import PartitaError, UsageError
from partita.ledger import state_folder
from partita.music import CREDITS, STYLES
from partita.studio import cards, verbs
from partita.studio.jobs import Job

if TYPE_CHECKING:
    from partita.studio.app import Studio

Reference = Mapping[str, Any]
"""{"upload": id}, {"piece": file}, {"path": of a local studio}, {"group": id}, {"style": of the library}, {"synthetic":
songs}, {"name": of a new model}, {"recording": id of a job about one, "part": which argument, if it has several}, or
{"job": id, "file": one of its files}."""


class Gone(PartitaError):  # noqa: N818 - not a fault
    """Something that the page still shows and the studio no longer has."""


@dataclass(frozen=True)
class Found:
    """What a reference stands for; `title` is what people call it."""

    path: Path
    title: str
    taggable: bool = True


def make(studio: "Studio", verb: verbs.Verb, given: Mapping[str, Reference], values: Mapping[str, Any]) -> Job:
    """A job for a verb from the references and the options that the page sent.

    Raises `UsageError` for what can't be asked, `Gone` for what is no longer there.
    """
    arguments = {**values}
    for name, value in values.items():
        if verb.field(name).kind == "a model" and value:
            arguments[name] = model_argument(value)
    title, source, taggable, names = verb.untitled or verb.name, None, False, dict[str, str]()
    for name, reference in given.items():
        if name == "data":
            arguments[name], title = data_argument(studio, reference)
        elif name == "out":
            new = cards.valid_name(str(reference.get("name", "")))
            arguments[name], title = str(cards.own_folder() / new), new
        else:
            found = look_up(studio, reference)
            arguments[name], names[name] = str(found.path), found.title
            if source is None and name != "leave_out":
                title, source, taggable = found.title, found.path, found.taggable
    return Job(verb.name, title, studio.new_folder(), arguments, dict(values), source, names, taggable=taggable)


def model_argument(name: str) -> str:
    """What tasks are to load for a model's name: a shipped one by its name, an own one by its folder."""
    folder = cards.folder_of(name)
    return str(folder) if folder.parent == cards.own_folder() else name


def data_argument(studio: "Studio", reference: Reference) -> tuple[str, str]:
    """A data set as NAME:PATH, and what people call it."""
    if "synthetic" in reference:
        return f"synthetic:{int(reference['synthetic'])}", "generated sounds"
    found = look_up(studio, reference)
    return f"folder:{found.path}", found.title


def look_up(studio: "Studio", reference: Reference) -> Found:
    """The file or folder that a reference stands for.

    Raises `Gone` where it is no longer there, `UsageError` for what can't be asked, such as a path where the studio is
    shared.
    """
    kind = next((each for each in FINDERS if each in reference), None)
    if kind is None:
        raise UsageError("nothing was chosen")
    return FINDERS[kind](studio, reference)


def _upload(studio: "Studio", reference: Reference) -> Found:
    try:
        upload = studio.store[str(reference["upload"])]
    except KeyError:
        raise Gone("this recording is no longer in the studio; drop it again") from None
    return Found(upload.path, upload.name)


def _group(studio: "Studio", reference: Reference) -> Found:
    folder = studio.store.group(str(reference["group"]))
    if not folder.is_dir():
        raise Gone("this music is no longer in the studio; choose it again")
    return Found(folder, str(reference.get("title") or "your music"), taggable=False)


def _recording(studio: "Studio", reference: Reference) -> Found:
    job = studio.queue.jobs.get(str(reference["recording"]))
    if job is None or job.source is None:
        raise Gone("this recording is no longer in the studio; drop it again")
    part = str(reference.get("part", ""))
    return Found(job.paths[part], job.names[part]) if part in job.names else Found(job.source, job.title, job.taggable)


def _made(studio: "Studio", reference: Reference) -> Found:
    job = studio.queue.jobs.get(str(reference["job"]))
    if job is None:
        raise Gone("this result is no longer in the studio")
    name = str(reference.get("file"))
    return Found(file_of(job, name), name)


def _path(studio: "Studio", reference: Reference) -> Found:
    if not studio.settings.local:
        raise UsageError("a studio that is shared does not open folders of its machine; drop the files instead")
    path = Path(str(reference["path"])).expanduser()
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    return Found(path, path.name)


def _piece(_: "Studio", reference: Reference) -> Found:
    name = str(reference["piece"])
    return Found(piece(name), CREDITS[name], taggable=False)


def _style(_: "Studio", reference: Reference) -> Found:
    name = str(reference["style"])
    if name not in styles():
        raise Gone(f"the library has no style {name!r} (any more)")
    return Found(Path(name), name, taggable=False)


FINDERS = {
    "upload": _upload, "group": _group, "recording": _recording, "job": _made, "path": _path, "piece": _piece,
    "style": _style,
}  # fmt: skip


def piece(name: str) -> Path:
    """A bundled recording.

    Raises `UsageError` for any other name.
    """
    if name not in CREDITS:
        raise UsageError(f"there is no bundled piece {name!r}")
    return Path(str(files("partita") / "music")) / name


def styles() -> list[str]:
    """The names of the styles that come with partita and of the user's own, without what reads recordings."""
    folders = Path(str(files("partita"))) / "transfers" / "styles", state_folder() / "styles"
    found = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_dir()}
    return sorted(found | set(STYLES))


def file_of(job: Job, name: str) -> Path:
    """One of the files that a job has made.

    Raises `Gone` for any other name.
    """
    if name not in {path.name for path in job.folder.glob("*")}:
        raise Gone(f"{name}: the job has no such file")
    return job.folder / name
