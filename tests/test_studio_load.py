"""The studio as a program of its own, under load and under attack: nothing is lost, memory stays bounded."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from studio_server import Client

from partita.studio.queue import MOST_WAITING

PIECE = {"piece": "sorohanro-solo-trumpet.ogg"}
AT_ONCE = 50
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory and children are read from /proc")


class Program(Client):
    """A client of `partita studio` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process, self.said = process, process.stdout.readline()
        self.place = self.said.split()[-1]
        super().__init__(None, int(self.place.split(":")[2].split("/")[0]))  # type: ignore[arg-type]

    @property
    def worker(self) -> int:
        """The worker's process id."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        (found,) = " ".join(thread.read_text() for thread in threads).split()
        return int(found)


@contextmanager
def program(folder: Path, *words: str) -> Iterator[Program]:
    """The command `partita studio` as long as the block lasts."""
    command = [sys.executable, "-m", "partita", "studio", "--no-browser", "--port", "0", *words]
    environment = {**os.environ, "PARTITA_STATE": str(folder / "state"), "PARTITA_CACHE": str(folder / "cache")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Program(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("studio")) as found:
        yield found


def peak(process: int) -> float:
    """The most memory that a process has had, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def asked(client: Client, given: dict[str, Any]) -> str:
    """Ask for a classification; while the queue is full, wait until some job has changed."""
    while True:
        status, body, headers = client.ask("POST", "/api/jobs", {"verb": "classify", "given": given})
        if status == 201:
            return str(body["id"])
        assert (status, headers["retry-after"]) == (503, "2"), body
        assert "try again" in body["error"]
        events = client.events()
        next(events), next(events)
        events.close()


@LINUX
def test_fifty_at_once_are_all_answered_in_bounded_memory(studio: Program, wav: Callable[..., Path]) -> None:
    data = wav(seconds=2).read_bytes()

    def classified(name: str) -> str:
        return asked(studio, {"source": {"upload": studio.upload(data, name)}})

    studio.finish(*(classified(f"before {number}.wav") for number in range(5)))
    before = peak(studio.process.pid), peak(studio.worker)
    jobs: dict[str, str] = {}

    def one(name: str) -> None:
        jobs[name] = classified(name)

    threads = [threading.Thread(target=one, args=(f"{number}.wav",)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = studio.finish(*jobs.values())
    assert [(job["state"], job["title"]) for job in done] == [("done", name) for name in jobs]
    assert len(jobs) == AT_ONCE
    assert len({tuple(job["result"]["probabilities"].items()) for job in done}) == 1, "none is mixed up with another"
    assert peak(studio.process.pid) < before[0] + 50
    assert peak(studio.worker) < before[1] + 50


@LINUX
def test_a_full_queue_is_said_politely_and_takes_more_later(studio: Program) -> None:
    asked(studio, {"source": PIECE})
    os.kill(studio.worker, signal.SIGSTOP)
    jobs, status = [], 201
    while status == 201 and len(jobs) <= 2 * MOST_WAITING:
        status, body, headers = studio.ask("POST", "/api/jobs", {"verb": "classify", "given": {"source": PIECE}})
        jobs += [body["id"]] if status == 201 else []
    assert (status, headers["retry-after"]) == (503, "2")
    assert "try again" in body["error"]
    assert len(jobs) >= MOST_WAITING
    assert studio.ask("GET", "/")[0] == 200
    os.kill(studio.worker, signal.SIGCONT)
    for job in jobs[1:]:
        assert studio.ask("POST", f"/api/jobs/{job}/stop")[0] == 200
    assert studio.finish(asked(studio, {"source": PIECE}))[0]["state"] == "done"


def test_visitors_who_never_finish_a_sentence_hold_nobody_up(studio: Program) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", studio.port), timeout=30))
            raw.sendall(b"POST /api/uploads?name=slow.wav HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n")
        assert studio.ask("GET", "/api/studio")[0] == 200


@pytest.mark.parametrize("line", ["Content-Length: 5368709120", "Transfer-Encoding: chunked"])
def test_a_request_that_is_no_upload_may_not_be_large(studio: Program, line: str) -> None:
    head = (
        f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nContent-Type: application/json\r\n{line}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as raw:
        raw.sendall(head.encode())
        if "chunked" in line:
            for _ in range(3):
                raw.sendall(b"100000\r\n" + b"[" * 0x100000 + b"\r\n")
        assert b" 413 " in raw.recv(4096).splitlines()[0]
    assert studio.ask("GET", "/api/studio")[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"verb": "\\ud800"}', b"\xff\xfe", b"1e999", b"null"])
def test_what_is_no_request_is_refused(studio: Program, body: bytes) -> None:
    assert studio.ask("POST", "/api/jobs", body, {"content-type": "application/json"})[0] in {400, 404, 422}
    assert studio.ask("GET", "/api/studio")[0] == 200


def test_sharing_lets_in_whoever_has_the_printed_address(tmp_path: Path) -> None:
    with program(tmp_path, "--share-on-lan") as shared:
        assert shared.ask("GET", "/")[0] == 403
        assert shared.ask("POST", "/api/uploads?name=a.wav", b"x")[0] == 403
        path, token = shared.place.split("/")[-1], shared.place.split("token=")[1]
        assert len(token) >= 20
        status, _, headers = shared.ask("GET", f"/{path}")
        assert status == 303
        cookie = {"cookie": headers["set-cookie"].split(";")[0]}
        assert shared.ask("GET", "/api/studio", headers=cookie)[1]["local"] is False
        assert shared.ask("POST", "/api/uploads?name=a", b"x", {**cookie, "origin": "https://evil.example"})[0] == 403
