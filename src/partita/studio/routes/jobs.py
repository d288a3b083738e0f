"""Jobs: asked for, looked at, stopped, paused, resumed, forgotten."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from partita.studio import requests, verbs
from partita.studio.jobs import Job
from partita.studio.routes.shared import Here

router = APIRouter()


class Asked(BaseModel):
    """A request for a job; see `requests.Reference` for what `given` may hold."""

    verb: str
    given: dict[str, dict[str, Any]] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    batch: str = Field("", max_length=64)


def _job(job: str, studio: Here) -> Job:
    if found := studio.queue.mine().get(job):
        return found
    raise HTTPException(404, "There is no such job (any more).")


This = Annotated[Job, Depends(_job)]


@router.get("/verbs")
def describe(studio: Here) -> list[dict[str, Any]]:
    """Every verb with its options, once the worker has loaded them."""
    return [studio.queue.described(name) for name in verbs.VERBS]


@router.get("/jobs")
def index(studio: Here) -> list[dict[str, Any]]:
    """All of one's jobs, the oldest first."""
    return [job.summary() for job in studio.queue.mine().values()]


@router.post("/jobs", status_code=201)
def ask(asked: Asked, studio: Here) -> dict[str, Any]:
    """Put a job into the queue."""
    verb = verbs.find(asked.verb)
    verbs.check(studio.queue.described(verb.name), asked.parameters, asked.given.keys())
    job = requests.make(studio, verb, asked.given, asked.parameters)
    job.batch = asked.batch
    studio.queue.add(job, verb.lane)
    return job.summary()


@router.get("/jobs/{job}")
def show(job: This) -> dict[str, Any]:
    """A job with its result."""
    return job.json()


@router.post("/jobs/{job}/stop")
def stop(job: This, studio: Here) -> dict[str, Any]:
    """Stop a job at once."""
    studio.queue.stop(job)
    return job.summary()


@router.post("/jobs/{job}/pause")
def pause(job: This, studio: Here) -> dict[str, Any]:
    """Stop a job so that it can go on later from what it has written."""
    studio.queue.stop(job, "paused")
    return job.summary()


@router.post("/jobs/{job}/resume")
def resume(job: This, studio: Here) -> dict[str, Any]:
    """Let a paused job go on."""
    studio.queue.resume(job, verbs.find(job.verb).lane)
    return job.summary()


@router.delete("/jobs/{job}", status_code=204)
def forget(job: This, studio: Here) -> None:
    """Remove a job with its result and the recording that was uploaded for it."""
    studio.forget(job)
