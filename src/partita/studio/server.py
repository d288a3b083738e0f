"""The studio as a program: find a port, start the server, open the browser."""

import secrets
import socket
import webbrowser
from collections.abc import Callable

import uvicorn

from partita.studio.app import Settings, create_app
from partita.studio.guard import Guard


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        self.ready()


def serve(
    port: int, *, open_browser: bool, share: bool, said: Callable[[str], None], noted: Callable[[str], None]
) -> None:
    """Run the studio until Ctrl-C. `share` listens to the local network and lets in whoever has the token."""
    token = secrets.token_urlsafe(16) if share else ""
    listening = listen("0.0.0.0" if share else "127.0.0.1", port)  # noqa: S104 - asked for, and behind a token
    place = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    mine = f"{place}?token={token}" if share else place

    def ready() -> None:
        said(f"partita studio: {mine}")
        if share:
            said(f"on the local network: {mine.replace('127.0.0.1', own_address())}")
        noted("Ctrl-C ends it.")
        if open_browser:
            webbrowser.open(mine)

    app = Guard(create_app(Settings(local=not share)), token=token)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, server_header=False, lifespan="on")
    _Server(config, ready).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at the port, or at a free one where it is in use."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.bind((host, 0))
    listening.listen(128)
    return listening


def own_address() -> str:
    """The machine's address on the local network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
