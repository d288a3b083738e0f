"""From what the page asks to a job: its references become files, folders and models that it may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partita.data import DATASETS
from partita.errors import PartitaError, UsageError, unknown
from partita.models import MODELS
from partita.music import CREDITS
from partita.studio import cards, verbs
from partita.studio.fields import GENERATED, Field
from partita.studio.jobs import Job
from partita.transfers.library import recordings, styles

if TYPE_CHECKING:
    from partita.studio.app import Studio

Reference = Mapping[str, Any]
"""{"upload": id}, {"piece": file}, {"path": of a local studio}, {"group": id}, {"style": of the library},
{"name": of what is new}, {"recording": id of a job about one, "part": which argument, if it has several}, {"job": id,
"file": one of its files}, {"kept": id of a job with a folder of its own}, or {"word": that a file may be instead}. A
data set also has its "kind"; a generated one has a "count" alone. With "inside", one of the recordings of a folder or a
style."""

MOST_GENERATED = 1000
"""Pieces of a label."""


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
    arguments = {name: option_argument(verb.field(name), value) for name, value in values.items()}
    title, source, taggable, names = verb.name, None, False, dict[str, str]()
    named = {**values}
    for name, reference in given.items():
        if name == "data":
            arguments[name], title = data_argument(studio, reference)
            named[name] = title
        elif name == "out":
            named[name] = title = cards.valid_name(str(reference.get("name", "")))
            arguments[name] = str(cards.kept_folder(verb.name) / title)
        elif verb.asks(name):
            arguments[name], named[name] = file_argument(studio, verb.field(name), reference)
            if "word" not in reference:
                names[name] = named[name]
        else:
            found = look_up(studio, reference)
            arguments[name], names[name] = str(found.path), found.title
            if source is None:
                title, source, taggable = found.title, found.path, found.taggable
    if source is None and verb.untitled:
        title = verb.untitled.format_map({"data": "", **named})
    folder = studio.new_folder()
    return Job(verb.name, title, folder, arguments, dict(values), source, names, dict(given), taggable=taggable)


def option_argument(field: Field, value: Any) -> Any:
    """What a task is given for an option: models stand for their checkpoints."""
    if value and field.kind == "a model":
        return model_argument(value)
    if value and field.kind == "a model or an architecture":
        return value if value in MODELS else model_argument(value)
    if value and field.kind == "models":
        return [model_argument(each) for each in value]
    return value


def model_argument(name: str) -> str:
    """What tasks are to load for a model's name: a shipped one by its name, an own one by its folder."""
    folder = cards.folder_of(name)
    return str(folder) if folder.parent == cards.own_folder() else name


def data_argument(studio: "Studio", reference: Reference) -> tuple[str, str]:
    """A data set as NAME:PATH, and what people call it.

    Raises `UsageError` for a kind that is none, or that takes a number and is given something else.
    """
    kind = str(reference.get("kind", "folder"))
    if kind not in DATASETS:
        raise unknown("data set", kind, list(DATASETS))
    if kind in GENERATED:
        count = reference.get("count")
        if not isinstance(count, int) or not 0 < count <= MOST_GENERATED:
            raise UsageError(f"{kind} wants a number of pieces from 1 to {MOST_GENERATED}, not {count!r}")
        return f"{kind}:{count}", "generated music"
    found = look_up(studio, reference)
    return f"{kind}:{found.path}", found.title


def file_argument(studio: "Studio", field: Field, reference: Reference) -> tuple[str, str]:
    """The path of a file or folder that an option stands for, or a word that it may be instead; and what it is called.

    Raises `UsageError` for a file of another ending.
    """
    if "word" in reference:
        if reference["word"] not in field.choices:
            raise UsageError(f"{field.label}: there is no {reference['word']!r}")
        return str(reference["word"]), str(reference["word"])
    found = look_up(studio, reference)
    if field.kind == "a file" and found.path.suffix.lower() not in field.choices:
        raise UsageError(f"{field.label}: {found.title} is no {' or '.join(field.choices)} file")
    return str(found.path), found.title


def look_up(studio: "Studio", reference: Reference) -> Found:
    """The file or folder that a reference stands for.

    Raises `Gone` where it is no longer there, `UsageError` for what can't be asked, such as a path where the studio is
    shared.
    """
    found = _whole(studio, reference)
    return _one_of(found, str(reference["inside"])) if "inside" in reference else found


def _whole(studio: "Studio", reference: Reference) -> Found:
    kind = next((each for each in FINDERS if each in reference), None)
    if kind is None:
        raise UsageError("nothing was chosen")
    return FINDERS[kind](studio, reference)


def _one_of(found: Found, name: str) -> Found:
    paths = recordings(found.path)
    if name not in paths:
        raise Gone(f"{found.title} has no recording {name!r} (any more)")
    return Found(paths[name], name, taggable=False)


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
    job = studio.queue.mine().get(str(reference["recording"]))
    if job is None or job.source is None:
        raise Gone("this recording is no longer in the studio; drop it again")
    part = str(reference.get("part", ""))
    return Found(job.paths[part], job.names[part]) if part in job.names else Found(job.source, job.title, job.taggable)


def _made(studio: "Studio", reference: Reference) -> Found:
    job = studio.queue.mine().get(str(reference["job"]))
    if job is None:
        raise Gone("this result is no longer in the studio")
    name = str(reference.get("file"))
    return Found(file_of(job, name), name)


def _kept(studio: "Studio", reference: Reference) -> Found:
    job = studio.queue.mine().get(str(reference["kept"]))
    if job is None or "out" not in job.arguments:
        raise Gone("this result is no longer in the studio")
    folder = Path(job.arguments["out"])
    return Found(folder, folder.name, taggable=False)


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
    "style": _style, "kept": _kept,
}  # fmt: skip


def piece(name: str) -> Path:
    """A bundled recording.

    Raises `UsageError` for any other name.
    """
    if name not in CREDITS:
        raise UsageError(f"there is no bundled piece {name!r}")
    return Path(str(files("partita") / "music")) / name


def file_of(job: Job, name: str) -> Path:
    """One of the files that a job has made.

    Raises `Gone` for any other name.
    """
    if name not in {path.name for path in job.folder.glob("*")}:
        raise Gone(f"{name}: the job has no such file")
    return job.folder / name
