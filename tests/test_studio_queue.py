"""The queue with a worker that is a few lines long: what happens when jobs crash, hang, are stopped, are too many."""

import os
import select
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from partita.errors import PartitaError
from partita.studio.jobs import Job, QueueFull
from partita.studio.queue import Queue

WORKER = (
    sys.executable,
    "-S",
    "-c",
    """
import json, os, sys, time
print(json.dumps({"ready": [{"name": "echo"}]}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    verb = job["verb"]
    print(json.dumps({"progress": [1, 2, "half way"]}), flush=True)
    if verb == "share" and not os.fork():
        os.open(job["folder"] + "/held", os.O_WRONLY)
    if verb in ("hang", "share"):
        time.sleep(1000)
    if verb == "crash":
        os._exit(1)
    if verb == "refuse":
        print(json.dumps({"failed": "that can't be"}), flush=True)
        continue
    print(json.dumps({"row": {"step": 1}}), flush=True)
    print(json.dumps({"done": {"title": job["title"], "process": os.getpid()}}), flush=True)
""",
)


class Watched:
    """A queue and every state that its jobs came into."""

    def __init__(self, folder: Path, **options: float) -> None:
        self.folder = folder
        self.queue = Queue(worker=WORKER, **options)  # type: ignore[arg-type]
        self.states: dict[str, list[str]] = {}
        self.heard = threading.Condition()
        self.queue.watch(self.note)
        self.queue.start()

    def note(self, job: Job) -> None:
        with self.heard:
            states = self.states.setdefault(job.id, [])
            if not states or states[-1] != job.state:
                states.append(job.state)
            self.heard.notify_all()

    def add(self, verb: str, lane: str = "quick") -> Job:
        job = Job(verb, verb, self.folder, {})
        self.queue.add(job, lane)
        return job

    def until(self, job: Job, *states: str) -> None:
        with self.heard:
            assert self.heard.wait_for(lambda: job.state in states, timeout=30), (job.state, states)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path, most_waiting=5, quick_seconds=60)
    yield made
    made.queue.close()


def test_jobs_are_done_in_order_by_one_process(watched: Watched) -> None:
    jobs = [watched.add("echo") for _ in range(5)]
    for job in jobs:
        watched.until(job, "done")
    assert [job.digest["title"] for job in jobs] == ["echo"] * 5
    assert len({job.digest["process"] for job in jobs}) == 1
    assert [job.started for job in jobs] == sorted(job.started or 0 for job in jobs)
    assert jobs[0].rows == [{"step": 1}]
    assert watched.states[jobs[0].id] == ["waiting", "running", "done"]


def test_a_failure_is_the_jobs_alone(watched: Watched) -> None:
    refused, crashed, after = watched.add("refuse"), watched.add("crash"), watched.add("echo")
    for job in (refused, crashed, after):
        watched.until(job, "done", "failed")
    assert (refused.error, "crashed" in crashed.error, after.state) == ("that can't be", True, "done")


def test_stop_kills_what_runs_and_passes_over_what_waits(watched: Watched) -> None:
    hung, waiting, after = watched.add("hang"), watched.add("echo"), watched.add("echo")
    watched.until(hung, "running")
    process = watched.queue.lanes["quick"].process
    watched.queue.stop(waiting)
    watched.queue.stop(hung)
    watched.until(after, "done")
    assert (hung.state, waiting.state) == ("stopped", "stopped")
    assert process is not None
    assert process.poll() is not None, "the process is gone, not merely asked to go"
    assert watched.states[waiting.id] == ["waiting", "stopped"]
    watched.queue.stop(after)
    assert after.state == "done", "what has ended stays as it is"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no process groups")
def test_stop_also_kills_the_processes_that_share_the_work(watched: Watched, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    job = watched.add("share", "long")
    pipe = os.open(tmp_path / "held", os.O_RDONLY)  # waits for the process that the worker has started
    watched.queue.stop(job)
    assert select.select([pipe], [], [], 30)[0], "the pipe is let go of"
    assert os.read(pipe, 1) == b""
    os.close(pipe)


def test_what_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    watched = Watched(tmp_path, quick_seconds=0.3)
    late, after = watched.add("hang"), watched.add("echo")
    watched.until(after, "done")
    watched.queue.close()
    assert late.state == "failed"
    assert "took longer" in late.error


def test_a_long_job_holds_no_quick_one_up_and_can_be_paused(watched: Watched) -> None:
    long, quick = watched.add("hang", "long"), watched.add("echo")
    watched.until(quick, "done")
    watched.until(long, "running")
    watched.queue.stop(long, "paused")
    assert long.state == "paused"
    watched.queue.resume(long, "long")
    watched.until(long, "running")
    watched.queue.stop(long)
    assert watched.states[long.id] == ["waiting", "running", "paused", "waiting", "running", "stopped"]


def test_a_full_queue_says_so_and_takes_more_later(watched: Watched) -> None:
    hung = watched.add("hang")
    watched.until(hung, "running")
    jobs = [watched.add("echo") for _ in range(5)]
    with pytest.raises(QueueFull, match="try again"):
        watched.add("echo")
    watched.queue.stop(hung)
    for job in jobs:
        watched.until(job, "done")
    watched.until(watched.add("echo"), "done")


def test_closing_leaves_no_process_behind(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for lane in watched.queue.lanes:
        watched.until(watched.add("hang", lane), "running")
    processes = [lane.process for lane in watched.queue.lanes.values()]
    watched.queue.close()
    assert all(process is not None and process.poll() is not None for process in processes)


def test_a_worker_that_does_not_start_is_said(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.queue.close()
    watched.queue = Queue(worker=(sys.executable, "-c", "raise SystemExit(1)"))
    watched.queue.watch(watched.note)
    watched.queue.start()
    job = watched.add("echo", "long")
    watched.until(job, "failed")
    watched.queue.close()
    assert "does not start" in job.error
    with pytest.raises(PartitaError, match="does not start"):
        watched.queue.described("echo")


def test_the_pace_tells_the_time_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = [100.0]
    monkeypatch.setattr("partita.studio.jobs.time.time", lambda: now[0])
    job = Job("echo", "echo", tmp_path, {}, state="running")
    job.progress(0, 10, "")
    assert job.seconds_left is None
    now[0] += 4
    job.progress(2, 10, "")
    assert job.seconds_left == pytest.approx(16)
    job.progress(0, 100, "the next stage")
    assert job.seconds_left is None
