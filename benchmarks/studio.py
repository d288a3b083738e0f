"""How long one waits for the studio, and what it takes under load. Rewrites benchmarks/studio.md.

    python benchmarks/studio.py [REMARK]

It starts `partita studio` as a user does and drives it with headless Chromium (Debian: apt install chromium). The sound
is made from seeds, the folder of state and cache is temporary. The remark, on the machine, goes into the report.
"""

import http.client
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROUNDS = 5
AT_ONCE, TINY_FILES = 50, 10_000
LONG_TASKS = """window.longest = 0;
new PerformanceObserver((list) => list.getEntries().forEach((task) => {
  window.longest = Math.max(window.longest, task.duration);
})).observe({ type: "longtask", buffered: true });"""
HEADER = """# The studio

Made by `benchmarks/studio.py`: `partita studio` in a process of its own with empty state and cache, driven by headless
Chromium; 30 s of music-like sound as MP3. Wall time is what one waits, and grows where others use the machine;
processor time is that of server and worker together. The median of {rounds} fresh starts after one that
compiles, with the least and the greatest. {machine}.

| what | bar | measured |
|---|---|---|
"""


def song(path: Path, seconds: float = 30) -> Path:
    """Chords and noise, stereo, as MP3."""
    rng, time_axis = np.random.default_rng(0), np.arange(int(seconds * 44_100)) / 44_100
    roots = np.repeat(rng.choice([110, 131, 147, 165, 196], int(seconds) + 1), 44_100)[: len(time_axis)]
    wave = sum(np.sin(2 * np.pi * np.cumsum(roots) * ratio / 44_100) / ratio for ratio in (1, 1.25, 1.5, 2, 3))
    wave = wave / 6 + rng.normal(0, 0.05, len(time_axis)) * (time_axis % 0.5 < 0.1)
    soundfile.write(path, np.stack([wave, wave[::-1]], axis=1), 44_100)
    return path


class Studio:
    """A studio in a process of its own; `printed` seconds after its start it said its address."""

    def __init__(self, process: "subprocess.Popen[str]", began: float) -> None:
        assert process.stdout is not None
        self.process, self.began = process, began
        self.address = process.stdout.readline().split()[-1]
        self.printed = time.perf_counter() - began
        self.port = int(self.address.split(":")[2].strip("/"))

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {"content-type": "application/json"} if path == "/api/jobs" else {})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def processes(self) -> list[int]:
        """The server and its workers."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [self.process.pid, *map(int, " ".join(thread.read_text() for thread in threads).split())]

    def cpu(self) -> float:
        """Seconds of processor time so far, of all processes."""
        ticks = os.sysconf("SC_CLK_TCK")
        rows = (Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in self.processes())
        return sum(int(row[11]) + int(row[12]) for row in rows) / ticks

    def peaks(self) -> list[float]:
        """The most memory each process has had, MB."""
        statuses = (Path(f"/proc/{process}/status").read_text().splitlines() for process in self.processes())
        return [next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000 for lines in statuses]


@contextmanager
def started(compiled: str) -> Iterator[Studio]:
    """`partita studio` with an empty state, ended with Ctrl-C; `compiled` holds the bytecode, as an install would."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"PARTITA_STATE": f"{folder}/state", "PARTITA_CACHE": f"{folder}/cache"}
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, **places, "PYTHONPYCACHEPREFIX": compiled}
        command = [sys.executable, "-m", "partita", "studio", "--no-browser", "--port", "0"]
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        ) as process:
            try:
                yield Studio(process, began)
            finally:
                process.send_signal(signal.SIGINT)


def visit(browser: Browser, studio: Studio) -> Page:
    """The page, as soon as files may be dropped on it."""
    page = browser.new_page()
    page.add_init_script(LONG_TASKS)
    page.goto(studio.address)
    page.get_by_role("button", name="Choose files").wait_for(timeout=120_000)
    return page


def first_use(browser: Browser, mp3: Path, compiled: str) -> dict[str, float]:
    """Start, page and first answer, once; the file is handed over as soon as the page is there."""
    with started(compiled) as studio:
        page = visit(browser, studio)
        usable, used = time.perf_counter() - studio.began, studio.cpu()
        dropped = time.perf_counter()
        page.locator("input[type=file]").first.set_input_files(mp3)
        page.locator(".verdict").wait_for(timeout=120_000)
        first = time.perf_counter() - dropped
        page.goto(f"{studio.address}#/classify")
        page.get_by_role("heading", name="Library").wait_for()
        again, before = time.perf_counter(), studio.cpu()
        page.locator("input[type=file]").first.set_input_files(mp3)
        page.locator(".verdict").wait_for(timeout=120_000)
        found = {
            "printed": studio.printed, "usable": usable, "usable_cpu": used, "first": first,
            "first_cpu": before - used, "second": time.perf_counter() - again, "second_cpu": studio.cpu() - before,
            "longest": page.evaluate("window.longest"),
        }  # fmt: skip
        page.close()
        return found


def load(mp3: Path, compiled: str) -> dict[str, object]:
    """Fifty classifications asked for at once by fifty visitors, then ten thousand tiny files."""
    data, jobs = mp3.read_bytes(), []
    with started(compiled) as studio:

        def one(number: int) -> None:
            key = json.loads(studio.ask("POST", f"/api/uploads?{urlencode({'name': f'{number}.mp3'})}", data)[1])["id"]
            asked = json.dumps({"verb": "classify", "given": {"source": {"upload": key}}}).encode()
            status = 503
            while status == 503:
                status, body = studio.ask("POST", "/api/jobs", asked)
            jobs.append(json.loads(body)["id"])

        one(-1)
        idle = waited(studio, jobs)
        before, peaks = time.perf_counter(), studio.peaks()
        threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = waited(studio, jobs)
        seconds, after = time.perf_counter() - before, studio.peaks()
        statuses = [studio.ask("POST", f"/api/uploads?name={number}.wav", b"x")[0] for number in range(TINY_FILES)]
        alive = studio.ask("GET", "/")[0] == 200
    return {
        "answered": done - idle, "seconds": seconds, "before": peaks, "after": after, "alive": alive,
        "taken": statuses.count(201), "refused": statuses.count(413),
    }  # fmt: skip


def waited(studio: Studio, jobs: list[str]) -> int:
    """Wait until every job has ended; how many have an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=600)
    connection.request("GET", "/api/events")
    stream = connection.getresponse()
    states: dict[str, str] = {}
    while not all(states.get(job) in {"done", "failed", "stopped"} for job in jobs):
        line = stream.readline().decode()
        if line.startswith("data: "):
            value = json.loads(line[6:])
            states.update({job["id"]: job["state"] for job in (value if isinstance(value, list) else [value])})
    connection.close()
    return sum(states[job] == "done" for job in jobs)


def spread(runs: list[dict[str, float]], name: str, digits: int = 1) -> str:
    """Median, least and greatest."""
    values = [run[name] for run in runs]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Measure, print and write the table."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        mp3 = song(Path(folder) / "song.mp3")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        runs = [first_use(browser, mp3, folder) for _ in range(ROUNDS + 1)][1:]  # the first one compiles
        browser.close()
        loaded = load(mp3, folder)
    before, after = loaded["before"], loaded["after"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    rows = [
        ("start to the printed address, s", "", spread(runs, "printed")),
        ("start to a usable page, s", "3", spread(runs, "usable")),
        ("the same, processor s", "", spread(runs, "usable_cpu")),
        ("first classification, dropped as soon as the page is there, s", "4", spread(runs, "first")),
        ("the same, processor s, with what the worker loads", "", spread(runs, "first_cpu")),
        ("next classification, s", "4", spread(runs, "second")),
        ("the same, processor s", "", spread(runs, "second_cpu")),
        ("longest task in the page, ms", "200", spread(runs, "longest", 0)),
        (f"{AT_ONCE} classifications asked for at once: answered", f"{AT_ONCE}",
         f"{loaded['answered']} in {loaded['seconds']:.0f} s"),
        ("peak memory of the server, before and after these, MB", "bounded", f"{before[0]:.0f}, {after[0]:.0f}"),
        ("peak memory of the worker, before and after these, MB", "bounded", f"{before[1]:.0f}, {after[1]:.0f}"),
        (f"{TINY_FILES:,} tiny files: taken, refused, server alive", "alive",
         f"{loaded['taken']:,}, {loaded['refused']:,}, {'yes' if loaded['alive'] else 'no'}"),
    ]  # fmt: skip
    machine = f"{os.cpu_count()} processors ({platform.machine()}), load {os.getloadavg()[0]:.1f} while it ran"
    machine = ", ".join([machine, *sys.argv[1:]])
    text = HEADER.format(rounds=ROUNDS, machine=machine) + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    (HERE / "studio.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
