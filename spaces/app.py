"""The studio as a Hugging Face Space: its page and queue on `gradio.Server`, and `classify` for Gradio's clients.

Strangers share the machine and its queue; jobs, recordings and models are each visitor's own.
"""

import atexit
import os
from typing import Any

from gradio import FileData, Server

from partita import classify
from partita.studio.app import Settings, Studio, mount
from partita.studio.guard import Guard
from partita.studio.store import GIGABYTE, Limits
from partita.studio.visitors import Visitors

HUB = "https://huggingface.co"
"""Where a Space is shown in a frame."""
SETTINGS = Settings(local=False, limits=Limits(file=GIGABYTE // 10, total=2 * GIGABYTE, files=500), most_waiting=32)


def create() -> Server:
    """The studio on a server of Gradio's; `launch` starts it."""
    server = Server(title="partita studio", docs_url=None, redoc_url=None, openapi_url=None)
    server.state.studio = studio = Studio(SETTINGS)
    mount(server)
    hosts = {"127.0.0.1", "localhost", os.environ.get("SPACE_HOST", "localhost")}
    server.add_middleware(Visitors)
    server.add_middleware(Guard, hosts=hosts, frames=HUB, uploads=("/api/uploads", "/gradio_api/upload"))
    server.api(_classified, name="classify", concurrency_limit=1)
    studio.queue.start()
    atexit.register(studio.close)
    return server


def _classified(recording: FileData) -> dict[str, Any]:
    """The genre of a recording, as `partita classify --json` has it."""
    return classify(recording["path"]).json()  # Gradio checks that it is a FileData, and hands over a dict


if __name__ == "__main__":
    create().launch(show_error=True)
