"""One stream of events for each open page: every job as it changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from partita.studio.jobs import Job
from partita.studio.routes.shared import Here
from partita.studio.visitors import VISITOR

if TYPE_CHECKING:
    from partita.studio.app import Studio

router = APIRouter()

SECONDS_BETWEEN = 0.1
HEARTBEAT = 15.0


@router.get("/events")
async def events(studio: Here) -> StreamingResponse:
    """Server-sent events: first every job of one's own, then those that change."""
    return StreamingResponse(
        _stream(studio),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(studio: "Studio") -> AsyncIterator[str]:
    """Changes are gathered for a moment, so a slow reader gets the latest of each job and memory stays bounded."""
    loop, changed, wake = asyncio.get_running_loop(), dict[str, Job](), asyncio.Event()

    def note(job: Job) -> None:
        changed[job.id] = job
        wake.set()

    visitor = VISITOR.get()

    def heard(job: Job) -> None:
        if job.visitor == visitor:
            loop.call_soon_threadsafe(note, job)

    unwatch = studio.queue.watch(heard)
    try:
        jobs = [job.summary() for job in studio.queue.mine().values()]
        yield f"retry: 500\nevent: jobs\ndata: {json.dumps(jobs)}\n\n"
        while True:
            try:
                await asyncio.wait_for(wake.wait(), HEARTBEAT)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            wake.clear()
            gathered, changed = changed, {}
            for job in gathered.values():
                yield f"event: job\ndata: {json.dumps(job.summary())}\n\n"
            await asyncio.sleep(SECONDS_BETWEEN)
    finally:
        unwatch()
