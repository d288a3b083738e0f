"""Who asks: on a machine where strangers meet, each browser has jobs and models of its own.

`Visitors` in front of the application tells browsers apart by a cookie. Without it all are one and the same visitor,
which is what one wants on one's own machine and among those who share a token.
"""

import hashlib
import secrets
from collections.abc import MutableMapping
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from typing import Any

from partita.studio.guard import App, Receive, Scope, Send

COOKIE = "partita-visitor"
VISITOR: ContextVar[str] = ContextVar("visitor", default="")
"""Whose request is being answered: a name fit for a folder, or nothing where visitors are not told apart."""


class Visitors:
    """An ASGI application in front of another: the page brings every browser a cookie that no other one has."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note who asks; who brings no cookie is a stranger to all, and is given one with the page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        brought = _brought(scope)
        key = brought or secrets.token_urlsafe(24)
        VISITOR.set(hashlib.sha256(key.encode()).hexdigest()[:32])
        given = scope["path"] == "/" and not brought
        await self.app(scope, receive, _giving(send, key) if given else send)


def _giving(send: Send, key: str) -> Send:
    # a Space is shown in a frame of another site, where only such a cookie is kept
    cookie = f"{COOKIE}={key}; HttpOnly; Path=/; Max-Age=31536000; SameSite=None; Secure; Partitioned"

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
        await send(message)

    return sending


def _brought(scope: Scope) -> str:
    header = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"cookie")
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
