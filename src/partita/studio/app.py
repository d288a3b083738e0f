"""The application: the page, what it asks for, and the queue behind it."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from partita import __version__
from partita.errors import PartitaError
from partita.studio.jobs import Job, QueueFull
from partita.studio.queue import MOST_WAITING, Queue
from partita.studio.requests import Gone
from partita.studio.routes import events, jobs, media, models
from partita.studio.store import Limits, Store, TooMuch

STATIC = Path(str(files("partita"))) / "studio" / "static"
THEME = Path(str(files("partita"))) / "theme.css"
STATUS = {QueueFull: 503, TooMuch: 413, Gone: 404}


@dataclass(frozen=True)
class Settings:
    """How a studio is set up. `local` says that its user sits at this machine, and so may name folders on it."""

    local: bool = True
    limits: Limits = field(default_factory=Limits)
    most_waiting: int = MOST_WAITING
    quick_seconds: float = 900


class Studio:
    """What the routes share: the queue, the uploads, and a temporary folder that goes when the studio closes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._temporary = tempfile.TemporaryDirectory(prefix="partita-studio-")
        self.folder = Path(self._temporary.name)
        self.queue = Queue(most_waiting=settings.most_waiting, quick_seconds=settings.quick_seconds)
        self.store = Store(self.folder, settings.limits)

    def new_folder(self) -> Path:
        """A new empty folder for what a job makes."""
        folder = self.folder / "jobs" / secrets.token_urlsafe(9)
        folder.mkdir(parents=True)
        return folder

    def forget(self, job: Job) -> None:
        """Remove a job, what it has made, and the recordings that were uploaded for it and no other job is about."""
        self.queue.forget(job)
        shutil.rmtree(job.folder, ignore_errors=True)
        used = {path for other in tuple(self.queue.jobs.values()) for path in other.paths.values()}
        for path in set(job.paths.values()):
            if used.isdisjoint({path, *path.parents}):
                self.store.remove_path(path)

    def close(self) -> None:
        """Stop the work and remove every temporary file."""
        self.queue.close()
        self._temporary.cleanup()


def create_app(settings: Settings | None = None) -> FastAPI:
    """The studio as an ASGI application; `guard.Guard` belongs in front of it where it is not in a sandbox."""
    studio = Studio(settings or Settings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        studio.queue.start()
        yield
        studio.close()

    app = FastAPI(title="partita studio", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.studio = studio
    mount(app)
    return app


def mount(app: FastAPI) -> None:
    """Add the page and its routes to an application whose state holds a `studio`; other addresses stay free."""
    app.add_exception_handler(PartitaError, _said)
    app.add_exception_handler(RequestValidationError, _not_understood)
    for part in (jobs, media, models, events):
        app.include_router(part.router, prefix="/api")
    app.add_api_route("/theme.css", _showing(THEME))
    app.add_api_route("/", _showing(STATIC / "index.html"), methods=["GET", "HEAD"])
    for path in sorted(STATIC.iterdir()):
        if path.is_dir():
            app.mount(f"/{path.name}", StaticFiles(directory=path))
        else:
            app.add_api_route(f"/{path.name}", _showing(path))


def _showing(path: Path) -> Callable[[], FileResponse]:
    return lambda: FileResponse(path)


async def _said(_: Request, error: Exception) -> JSONResponse:
    """What went wrong, in the error's own words."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
    headers = {"retry-after": "2"} if status == 503 else {}
    return JSONResponse({"error": str(error)}, status, headers)


async def _not_understood(_: Request, error: Exception) -> JSONResponse:
    """Where a request is wrong; what it held is not repeated, since not all that can be read can be written."""
    assert isinstance(error, RequestValidationError)
    places = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return JSONResponse({"error": "; ".join(places)}, 422)
