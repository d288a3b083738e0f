"""A studio on a free port, in a thread, spoken to with the standard library alone."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI

from partita.studio.app import Settings, create_app
from partita.studio.guard import Guard
from partita.studio.server import listen
from partita.studio.visitors import Visitors


@dataclass
class Client:
    """Requests to one studio."""

    app: FastAPI
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}/"

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body (JSON decoded) and headers of one answer; a body that is no bytes is sent as JSON."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = {} if isinstance(body, bytes | None) else {"content-type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, raw, {**kind, **self.headers, **(headers or {})})
            answer = connection.getresponse()
            data, found = answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()
        return answer.status, json.loads(data) if data and "json" in found.get("content-type", "") else data, found

    def upload(self, data: bytes, name: str, group: str = "") -> str:
        """Upload a file and return its id."""
        from urllib.parse import urlencode

        status, body, _ = self.ask("POST", f"/api/uploads?{urlencode({'name': name, 'group': group})}", data)
        assert status == 201, body
        return str(body["id"])

    def start(self, verb: str, given: dict[str, Any], **parameters: Any) -> str:
        """Ask for a job and return its id."""
        status, body, _ = self.ask("POST", "/api/jobs", {"verb": verb, "given": given, "parameters": parameters})
        assert status == 201, body
        return str(body["id"])

    def events(self) -> Iterator[tuple[str, Any]]:
        """The stream of events, each with its name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", "/api/events", headers=dict(self.headers))
        stream, name = connection.getresponse(), ""
        try:
            while line := stream.readline().decode():
                key, _, value = line.rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)
        finally:
            connection.close()

    def finish(self, *jobs: str) -> list[dict[str, Any]]:
        """Wait for the end of jobs and return them whole, in the order asked for."""
        open_jobs = set(jobs)
        for name, value in self.events():
            for job in value if name == "jobs" else [value]:
                if job["state"] in {"done", "failed", "stopped", "paused"}:
                    open_jobs.discard(job["id"])
            if not open_jobs:
                break
        return [self.ask("GET", f"/api/jobs/{job}")[1] for job in jobs]

    def until(self, job: str, state: str) -> None:
        """Wait until a job has come into a state."""
        for name, value in self.events():
            if any(each["id"] == job and each["state"] == state for each in (value if name == "jobs" else [value])):
                return


@contextmanager
def running(settings: Settings | None = None, token: str = "", *, apart: bool = False) -> Iterator[Client]:
    """A studio that runs as long as the block; `apart` tells visitors apart."""
    app = create_app(settings)
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        Guard(Visitors(app) if apart else app, token=token),
        log_level="warning",
        timeout_graceful_shutdown=1,
        lifespan="on",
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Client(app, listening.getsockname()[1])  # the socket listens already: requests wait for the server
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()
