"""Models: lists, cards, loading and removing one's own."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from partita import __version__
from partita import data as datasets
from partita.models import MODELS
from partita.studio import cards, requests
from partita.studio.fields import ARCHIVES, GENERATED, ROLLS, SCORES
from partita.studio.routes.shared import Here

router = APIRouter()


@router.get("/studio")
def studio(here: Here) -> dict[str, Any]:
    """What the page should know of this studio."""
    limits = here.settings.limits
    return {
        "version": __version__,
        "local": here.settings.local,
        "limits": {"file": limits.file, "files": limits.files},
        "data": [
            {"name": name, "words": words, **_form(name), "protocols": datasets.module(name).PROTOCOLS}
            for name, words in datasets.DATASETS.items()
        ],
        "architectures": [{"name": name, "summary": entry.summary} for name, entry in MODELS.items()],
    }


def _form(name: str) -> dict[str, str]:
    """What a data set's path is, and what it holds."""
    form = "a number" if name in GENERATED else "a file" if name in ARCHIVES else "a folder"
    return {"form": form, "holds": "scores" if name in SCORES else "rolls" if name in ROLLS else "recordings"}


@router.get("/models")
def index() -> list[dict[str, Any]]:
    """Every model, shipped and own."""
    return cards.listed()


@router.get("/models/{name}")
def show(name: str) -> dict[str, Any]:
    """A model's card."""
    row = next((row for row in cards.listed() if row["name"] == name), {})
    return {**row, "card": cards.card(name)}


class Loaded(BaseModel):
    """A checkpoint to be taken in: where it is, and the name that it is to have."""

    name: str
    given: dict[str, Any]


@router.post("/models", status_code=201)
def add(asked: Loaded, here: Here) -> dict[str, str]:
    """Take in a checkpoint from a folder, or from its two files that were uploaded as a group."""
    if "group" in asked.given:
        source = here.store.group(str(asked.given["group"]))
    else:
        source = requests.look_up(here, asked.given).path
    return {"name": cards.add(source, asked.name)}


@router.delete("/models/{name}", status_code=204)
def remove(name: str) -> None:
    """Remove one of the user's own models."""
    cards.remove(name)
