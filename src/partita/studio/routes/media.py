"""Recordings in and out: uploads, playback, the files that jobs have made, tags."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from partita.errors import UsageError
from partita.music import CREDITS
from partita.studio import requests
from partita.studio.routes.jobs import This
from partita.studio.routes.shared import Here
from partita.transfers import library

router = APIRouter()

TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".flac": "audio/flac",
    ".mid": "audio/midi", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8", ".zip": "application/zip", ".svg": "image/svg+xml", ".png": "image/png",
    ".html": "text/html; charset=utf-8",
}  # fmt: skip
PREVIEW = "preview.ogg"
ALONE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""For what a job has made: a report shows what is in it, and neither runs nor fetches anything."""


@router.get("/pieces")
def pieces() -> list[dict[str, str]]:
    """The bundled recordings with their credits."""
    return [{"file": file, "title": title} for file, title in CREDITS.items()]


@router.get("/pieces/{name}")
def piece(name: str) -> FileResponse:
    """One of them, to be played."""
    path = requests.piece(name)
    return FileResponse(path, media_type=TYPES[path.suffix])


@router.get("/styles")
def styles() -> dict[str, list[str]]:
    """The library's styles, and what the recordings of each are called."""
    return {name: [path.name for path in paths] for name, paths in library.styles().items()}


@router.post("/uploads", status_code=201)
async def upload(
    request: Request, studio: Here, name: str = Query(max_length=2000), group: str = Query("", max_length=64)
) -> dict[str, Any]:
    """Take a file as the body of the request; its name is for people alone, except inside a group."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else None
    received = await studio.store.receive(name, request.stream(), size, group)
    return {"id": received.id, "name": received.name, "size": received.size}


@router.delete("/uploads/{key}", status_code=204)
def remove(key: str, studio: Here) -> None:
    """Remove a file that was uploaded."""
    try:
        studio.store.remove(key)
    except KeyError:
        raise HTTPException(404, "There is no such recording (any more).") from None


@router.get("/jobs/{job}/media")
def media(job: This) -> FileResponse:
    """What a job was about, to be played; in a form that browsers know."""
    preview = job.folder / PREVIEW
    path = preview if preview.exists() else job.source
    if path is None or not path.exists():
        raise HTTPException(404, "The recording is no longer there.")
    return FileResponse(path, media_type=TYPES.get(path.suffix, "application/octet-stream"))


@router.get("/jobs/{job}/recording")
def recording(job: This) -> FileResponse:
    """The recording itself, tags included, to be kept."""
    if job.source is None or not job.source.exists():
        raise HTTPException(404, "The recording is no longer there.")
    return _download(job.source, Path(job.title).name if Path(job.title).suffix else job.source.name)


@router.get("/jobs/{job}/files/{name}")
def file(job: This, name: str, keep: bool = False) -> FileResponse:
    """One of the files that a job has made, to be shown or (`keep`) saved."""
    path = requests.file_of(job, name)
    if keep:
        return _download(path, name)
    return FileResponse(path, media_type=TYPES.get(path.suffix, "application/octet-stream"), headers=ALONE)


class Tag(BaseModel):
    """A genre to be written into a file."""

    genre: str = Field(min_length=1, max_length=80)
    overwrite: bool = False


@router.post("/jobs/{job}/tag")
def tag(job: This, asked: Tag) -> dict[str, str]:
    """Write a genre into the recording's tags: into the file itself where it was named by its path."""
    from partita.tags import read_tags, write_tags

    if job.source is None or not job.taggable:
        raise UsageError("the bundled pieces stay as they are")
    present = read_tags(job.source).get("genre")
    if present and not asked.overwrite:
        return {"outcome": "has a genre already", "genre": present}
    write_tags(job.source, {"genre": asked.genre})
    return {"outcome": "written", "genre": asked.genre}


def _download(path: Path, name: str) -> FileResponse:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)
