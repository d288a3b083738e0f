"""What runs in a fresh process and prints one JSON object: `python child.py NAME ARGUMENTS...`."""

import json
import resource
import sys
import time
from multiprocessing import active_children
from pathlib import Path


def peak_megabytes(process: int | None = None) -> float:
    """The most memory that this process, or the one given by its number, has had resident so far.

    Linux keeps it in /proc. What `getrusage` gives there starts from the size of the process that started this one, so
    it is only asked elsewhere.
    """
    try:
        status = Path(f"/proc/{process or 'self'}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):  # not Linux, or a process that has just ended
        if process is not None:
            return 0.0
        scale = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def classify(path: str, model: str, repeats: str) -> dict[str, object]:
    """Classify one file `repeats` times: CPU and wall seconds of each, the file's seconds, peak memory in MB."""
    import partita

    cpu, wall = [], []
    for _ in range(int(repeats)):
        before, start = time.process_time(), time.perf_counter()
        result = partita.classify(path, model=model)
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - start)
    return {
        "cpu": cpu,
        "wall": wall,
        "seconds": result.seconds,
        "segments": len(result.segments),
        "warnings": list(result.warnings),
        "peak": peak_megabytes(),
    }


def many(folder: str, model: str, jobs: str, count: str) -> dict[str, object]:
    """Classify the first `count` files of a folder: results, failures, peak MB of this process and of its workers."""
    import partita
    from partita.tasks.classify import Failure

    files = sorted(Path(folder).iterdir())[: int(count)]
    workers: dict[int, float] = {}
    done = failed = 0
    for result in partita.classify_many(files, model=model, jobs=int(jobs)):
        done += 1
        failed += isinstance(result, Failure)
        for worker in active_children():
            if worker.pid is not None:
                workers[worker.pid] = max(workers.get(worker.pid, 0.0), peak_megabytes(worker.pid))
    return {"done": done, "failed": failed, "peak": peak_megabytes(), "workers": sorted(workers.values())}


if __name__ == "__main__":
    print(json.dumps({"classify": classify, "many": many}[sys.argv[1]](*sys.argv[2:])))
