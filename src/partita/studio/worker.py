"""The program of a worker process: jobs come as lines of JSON, what becomes of them goes out as lines of JSON.

    {"verb", "title", "folder", "arguments", "names"}  ->  {"progress": [done, total, words]}*  {"row": {...}}*
                                                  {"done": digest} | {"failed": words}

The first line out, {"ready": verbs}, says that everything heavy is loaded. When the server goes away, so does the
worker, whatever it is doing.
"""

import json
import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from partita.errors import PartitaError, _FileError
from partita.files import replacing
from partita.studio import verbs
from partita.studio.jobs import RESULT
from partita.studio.work.base import Work


def main() -> None:
    """Work until the server goes away."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no message
    requests = _requests()
    _warm_up()
    out.write(json.dumps({"ready": verbs.described()}) + "\n")
    out.flush()
    for request in requests:
        work = Work(request["title"], Path(request["folder"]), request["arguments"], out, request["names"])
        try:
            result, digest = verbs.work_of(verbs.find(request["verb"]))(work)
            with replacing(work.folder / RESULT) as partial:
                partial.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
            work.tell(done=digest)
        except _FileError as error:
            work.tell(failed=f"{work.title}: {error.reason}")
        except PartitaError as error:
            work.tell(failed=str(error))
        except Exception as error:  # a fault of ours ends the job, not the studio
            work.tell(failed=f"{work.title}: failed inside partita: {type(error).__name__}: {error}")


def _requests() -> Iterator[dict[str, Any]]:
    """Lines of standard input as they come; its end ends the process, also in the middle of a job."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield json.loads(lines.get())


def _warm_up() -> None:
    """Load torch and the default model, so that the first file does not wait for them."""
    import numpy as np

    from partita.audio import Audio
    from partita.tasks.classify import classify

    noise = np.random.default_rng(0).normal(0, 0.1, 2 * 22_050).astype(np.float32)
    classify(Audio(noise, 22_050))


if __name__ == "__main__":
    main()
