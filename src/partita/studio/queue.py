"""The bounded queue: jobs wait in lanes, and each lane has one worker process that does them one after another.

A worker is a program of its own that is spoken to in lines of JSON. Whatever a file does to it (a decoder that crashes,
memory that runs out), the server lives on and a new worker takes its place. Stop means that the process is killed.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import time
from typing import Any

from partita.errors import PartitaError
from partita.studio.jobs import ENDED, Job, QueueFull, State
from partita.studio.visitors import VISITOR

WORKER = (sys.executable, "-P", "-m", "partita.studio.worker")
NO_WORKER = "the worker process does not start; partita doctor may say why"
MOST_WAITING = 64
MOST_KEPT = 2000
"""How many ended jobs are remembered; the oldest go first."""

Listener = Callable[[Job], None]


class Queue:
    """Takes jobs, has them done, and tells listeners of every change (in a thread of its own)."""

    def __init__(
        self, *, most_waiting: int = MOST_WAITING, quick_seconds: float = 900, worker: Sequence[str] = WORKER
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.most_waiting, self.worker = most_waiting, worker
        self.verbs: dict[str, Any] = {}
        self.ready = threading.Event()
        self.lock = threading.Condition()
        self._listeners: set[Listener] = set()
        one = {"OMP_NUM_THREADS": "1"}  # one recording at a time is fastest on one thread
        self.lanes = {
            "quick": _Lane(self, one, quick_seconds),
            "making": _Lane(self, {}, None),
            "long": _Lane(self, {}, None),
        }

    def start(self) -> None:
        """Start the quick lane's worker, so that it is warm when the first file comes; the others start when needed."""
        for lane in self.lanes.values():
            lane.thread.start()

    def described(self, verb: str) -> Any:
        """A verb with its options, as `verbs.described` has it; waits for a worker that is just starting.

        Raises `QueueFull` where it takes too long, `PartitaError` where it does not start.
        """
        if not self.ready.wait(timeout=60):
            raise QueueFull("the studio is still starting; try again soon")
        if verb not in self.verbs:
            raise PartitaError(f"{NO_WORKER}, then start the studio again")
        return self.verbs[verb]

    def close(self) -> None:
        """Stop everything; what runs is killed."""
        with self.lock:
            for lane in self.lanes.values():
                lane.closing = True
                lane.kill()
            self.lock.notify_all()
        for lane in self.lanes.values():
            if lane.thread.is_alive():
                lane.thread.join(timeout=10)

    def add(self, job: Job, lane: str) -> None:
        """Put a job in a lane.

        Raises `QueueFull` where too many wait.
        """
        with self.lock:
            waiting = sum(len(each.waiting) for each in self.lanes.values())
            if waiting >= self.most_waiting:
                raise QueueFull(f"{waiting} jobs are waiting, which is as many as the studio takes; try again soon")
            self._forget_oldest()
            self.jobs[job.id] = job
            self.lanes[lane].waiting.append(job)
            self.tell(job)
            self.lock.notify_all()

    def stop(self, job: Job, state: State = "stopped") -> None:
        """Stop a job at once, for good or (`paused`) until `resume`; one that has ended stays as it is."""
        with self.lock:
            for lane in self.lanes.values():
                if job in lane.waiting:
                    lane.waiting.remove(job)
                    self.end(job, state)
                elif lane.current is job:
                    self.end(job, state)
                    lane.kill()
            if job.state == "paused":
                self.end(job, state)

    def resume(self, job: Job, lane: str) -> None:
        """Let a paused job go on; its task takes up what it finds in its folder and tells its rows again."""
        with self.lock:
            if job.state == "paused":
                job.state, job.ended, job.error = "waiting", None, ""
                job.rows.clear()
                self.lanes[lane].waiting.append(job)
                self.tell(job)
                self.lock.notify_all()

    def forget(self, job: Job) -> None:
        """Stop a job and know nothing of it any more."""
        self.stop(job)
        with self.lock:
            self.jobs.pop(job.id, None)

    def mine(self) -> dict[str, Job]:
        """The jobs of the visitor who asks, by their ids, the oldest first."""
        return {key: job for key, job in tuple(self.jobs.items()) if job.visitor == VISITOR.get()}

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Have every change told; returns what ends it."""
        with self.lock:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def tell(self, job: Job) -> None:
        """Tell every listener that a job has changed."""
        for listener in tuple(self._listeners):
            listener(job)

    def end(self, job: Job, state: State, error: str = "", digest: Mapping[str, Any] | None = None) -> None:
        """Note how a job came to its end."""
        job.state, job.error, job.ended, job.digest = state, error, time(), digest or {}
        self.tell(job)

    def _forget_oldest(self) -> None:
        ended = [job for job in self.jobs.values() if job.state in ENDED]
        for job in ended[: max(0, len(ended) - MOST_KEPT)]:
            self.forget(job)


class _Lane:
    """Jobs that wait for one another, a thread that hands them on, and the process that does them."""

    def __init__(self, queue: Queue, environment: Mapping[str, str], seconds: float | None) -> None:
        self.queue, self.environment, self.seconds = queue, environment, seconds
        self.waiting: deque[Job] = deque()
        self.current: Job | None = None
        self.closing = False
        self.process: subprocess.Popen[str] | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def kill(self) -> None:
        """Kill the process and all that it has started; the thread notices."""
        if self.process is not None:
            _kill(self.process)

    def _run(self) -> None:
        warm = self.seconds is not None
        while True:
            with self.queue.lock:
                while not (self.waiting or self.closing or warm):
                    self.queue.lock.wait()
                if self.closing:
                    return
                self.process = process = self._started()
            if self._greeted(process):
                while (job := self._next(process)) is not None and self._do(job, process):
                    pass
                warm = self.seconds is not None
            else:
                warm = False
            self._bury(process)

    def _started(self) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(  # noqa: S603 - a program of our own
            self.queue.worker,
            stdin=pipe,
            stdout=pipe,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # so that it can be killed with the processes that it has started
        )

    def _greeted(self, process: "subprocess.Popen[str]") -> bool:
        """Wait until the process has loaded what it needs; its first line says which verbs there are."""
        message = _line(process)
        if message is None:
            with self.queue.lock:
                while self.waiting and not self.closing:
                    self.queue.end(self.waiting.popleft(), "failed", NO_WORKER)
            self.queue.ready.set()
            return False
        self.queue.verbs = {verb["name"]: verb for verb in message["ready"]}
        self.queue.ready.set()
        return True

    def _next(self, process: "subprocess.Popen[str]") -> Job | None:
        """The next job, once there is one; None where the process has died or the studio closes."""
        with self.queue.lock:
            while not (self.waiting or self.closing):
                self.queue.lock.wait()
            if self.closing or process.poll() is not None:
                return None
            self.current = job = self.waiting.popleft()
            job.state, job.started = "running", time()
            self.queue.tell(job)
            return job

    def _do(self, job: Job, process: "subprocess.Popen[str]") -> bool:
        """Hand a job to the process and follow it to its end; whether the process can take another."""
        request = {"verb": job.verb, "title": job.title, "folder": str(job.folder), "arguments": dict(job.arguments)}
        request["names"] = dict(job.names)
        timer = threading.Timer(self.seconds or 0, self._cut_off, [job])
        if self.seconds is not None:
            timer.start()
        with suppress(BrokenPipeError):
            if process.stdin:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
        while self.current is job and (message := _line(process)) is not None:
            self._hear(job, message)
        timer.cancel()
        with self.queue.lock:
            if self.current is None:
                return True
            self.current = None
            if job.state == "running":
                self.queue.end(job, "failed", f"{job.title}: it crashed the process that worked on it")
            return False

    def _cut_off(self, job: Job) -> None:
        with self.queue.lock:
            if self.current is job:
                self.queue.end(job, "failed", f"{job.title}: took longer than {self.seconds:.0f} s")
                self.kill()

    def _hear(self, job: Job, message: Mapping[str, Any]) -> None:
        """Take note of what the process says; after its last word on a job there is no current one."""
        with self.queue.lock:
            if job.state != "running":  # stopped a moment ago: the process is being killed
                return
            if "done" in message:
                self.current = None
                self.queue.end(job, "done", digest=message["done"])
            elif "failed" in message:
                self.current = None
                self.queue.end(job, "failed", message["failed"])
            else:
                if "row" in message:
                    job.rows.append(message["row"])
                if "progress" in message:
                    job.progress(*message["progress"])
                self.queue.tell(job)

    def _bury(self, process: "subprocess.Popen[str]") -> None:
        _kill(process)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # what it was still to be told is lost with it
                if stream:
                    stream.close()
        with self.queue.lock:
            self.process = None


def _kill(process: "subprocess.Popen[str]") -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _line(process: "subprocess.Popen[str]") -> Any:
    """The next message of a worker; None when it has gone."""
    line = process.stdout.readline() if process.stdout else ""
    try:
        return json.loads(line)
    except ValueError:
        return None
