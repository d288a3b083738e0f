"""The models that the page offers: shipped ones and the user's own, by their cards, read without torch."""

import json
import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from partita.errors import CheckpointError
from partita.ledger import state_folder
from partita.models import MODELS
from partita.studio.visitors import VISITOR

CARD = "card.json"
WEIGHTS = "model.safetensors"
HEADLINES = ("accuracy", "interval", "n", "bits_per_note", "nats_per_patch", "nll_per_step", "nats")
"""Of a card's figures those that lists show, as far as it has them."""


def own_folder() -> Path:
    """Where the studio keeps the models that were trained in it or loaded into it."""
    return _own_place() / "models"


def kept_folder(verb: str) -> Path:
    """Where the studio keeps what a verb makes under a name: models of `train`, searches of `tune` and the like."""
    return own_folder() if verb == "train" else _own_place() / verb


def _own_place() -> Path:
    """What is kept, for each visitor apart where there are several."""
    whole = state_folder() / "studio"
    return whole / "visitors" / VISITOR.get() if VISITOR.get() else whole


def found() -> dict[str, Path]:
    """Folders of checkpoints by name, the user's own first; one of them may not hide a shipped one."""
    shipped = Path(str(files("partita") / "pretrained"))
    both = [*sorted(own_folder().glob(f"*/{CARD}")), *sorted(shipped.glob(f"*/{CARD}"))]
    return {card.parent.name: card.parent for card in both}


def folder_of(name: str) -> Path:
    """The folder of a model that the page knows.

    Raises `CheckpointError` for another one: the page names models, it does not reach for folders.
    """
    if name not in found():
        raise CheckpointError(f"{name}: the studio has no such model; it has {', '.join(found())}")
    return found()[name]


def card(name: str) -> dict[str, Any]:
    """A model's whole card."""
    values: dict[str, Any] = json.loads((folder_of(name) / CARD).read_text(encoding="utf-8"))
    return values


def listed() -> list[dict[str, Any]]:
    """What lists show of every model; a card that can't be read is passed over."""
    rows = []
    for name, folder in found().items():
        try:
            values = card(name)
            rows.append(_row(name, values, own=folder.parent == own_folder()))
        except (OSError, ValueError, KeyError, AttributeError):
            continue
    return rows


def _row(name: str, values: dict[str, Any], own: bool) -> dict[str, Any]:
    labels = values["config"].get("labels") or []
    metrics = values.get("metrics", {})
    measured: dict[str, Any] = metrics.get("valid") or next(iter(metrics.values()), {})
    return {
        "name": name,
        "architecture": values["model"],
        "summary": MODELS[values["model"]].summary if values["model"] in MODELS else "",
        "labels": labels,
        "own": own,
        "parameters": values.get("parameters"),
        **{key: measured.get(key) for key in HEADLINES},
    }


def add(source: Path, name: str) -> str:
    """Copy a checkpoint's two files into the user's own models, and return the name it got.

    Raises `CheckpointError` where the folder holds no checkpoint or the name is taken.
    """
    name = valid_name(name)
    if not ((source / CARD).is_file() and (source / WEIGHTS).is_file()):
        raise CheckpointError(f"no checkpoint here; one is a folder with {CARD} and {WEIGHTS}")
    if name in found():
        raise CheckpointError(f"{name}: there is a model of this name already; give another")
    try:
        values = json.loads((source / CARD).read_text(encoding="utf-8"))
        known = values["model"] in MODELS
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{CARD}: not a card of partita") from None
    if not known:
        raise CheckpointError(f"made for the model {values['model']!r}, which this version has not")
    folder = own_folder() / name
    folder.mkdir(parents=True)
    for part in (WEIGHTS, CARD):
        shutil.copyfile(source / part, folder / part)
    return name


def remove(name: str) -> None:
    """Remove one of the user's own models.

    Raises `CheckpointError` for a shipped one.
    """
    folder = folder_of(name)
    if folder.parent != own_folder():
        raise CheckpointError(f"{name}: comes with partita and stays")
    shutil.rmtree(folder)


def valid_name(name: str) -> str:
    """A name that is fit for a folder.

    Raises `CheckpointError` for another.
    """
    name = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9][\w .-]{0,62}", name):
        raise CheckpointError(f"{name!r}: a model's name is up to 63 letters, digits, spaces, dots, and - or _")
    return name
