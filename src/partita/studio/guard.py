"""Who may talk to the studio: this machine's browser, or on a shared network whoever has the token.

A page elsewhere on the web must not be able to reach the studio through the user's browser. So every request must name
this host (against DNS rebinding), and one that changes something must come from the studio's own page.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from secrets import compare_digest
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "partita-studio"
MOST_BYTES = 1_000_000
"""The largest body of a request that is no upload."""
TOO_LARGE = "That is larger than anything the studio's page asks."
HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {frames}",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), midi=(self)",
}


class Guard:
    """An ASGI application in front of another.

    `hosts` are the names by which the studio may be called, without a port. With a `token`, any name will do, but each
    browser must once have been sent to /?token=... Bodies are small but at the addresses of `uploads`, which have
    limits of their own. `frames` says, as a content security policy does, which pages may show the studio inside them.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: Iterable[str] = ("127.0.0.1", "localhost", "::1"),
        token: str = "",
        uploads: Iterable[str] = ("/api/uploads",),
        frames: str = "'none'",
    ) -> None:
        self.app, self.hosts, self.token, self.uploads = app, frozenset(hosts), token, frozenset(uploads)
        self.headers = {name: value.replace("{frames}", frames) for name, value in HEADERS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if self.token and self._brings_token(scope):
            cookie = f"{COOKIE}={self.token}; HttpOnly; SameSite=Strict; Path=/"
            await self._answer(send, 303, "", {"location": "/", "set-cookie": cookie})
            return
        reason = self._refusal(scope["method"], headers)
        if reason:
            await self._answer(send, 403, reason, {})
            return
        if scope["path"] not in self.uploads:
            declared = headers.get("content-length", "0")
            if declared.isdigit() and int(declared) > MOST_BYTES:
                await self._answer(send, 413, TOO_LARGE, {})
                return
            receive = _limited(receive)
        await self.app(scope, receive, self._with_headers(send))

    def _brings_token(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return scope["path"] == "/" and compare_digest(given.encode(), self.token.encode())

    def _refusal(self, method: str, headers: dict[str, str]) -> str:
        """Why a request is refused; empty for one that is not."""
        host = headers.get("host", "")
        if self.token:
            if not compare_digest(_cookie(headers.get("cookie", "")).encode(), self.token.encode()):
                return "This studio is shared with a token: open the address that partita studio printed."
        elif urlsplit(f"//{host}").hostname not in self.hosts:
            return "The studio answers on this machine alone, under its own address."
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"} and method != "GET":
            return "Another page may not use the studio."
        if method not in {"GET", "HEAD"} and urlsplit(headers.get("origin", f"//{host}")).netloc != host:
            return "Another page may not use the studio."
        return ""

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in self.headers.items()]
                message["headers"] = [*message["headers"], *(each for each in more if each[0] not in present)]
            await send(message)

        return sending

    async def _answer(self, send: Send, status: int, words: str, headers: dict[str, str]) -> None:
        lines = {"content-type": "text/plain; charset=utf-8", **self.headers, **headers}
        encoded = [(name.encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": words.encode()})


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _limited(receive: Receive) -> Receive:
    """Hand on a body up to its limit; one that did not declare its size may turn out to be larger."""
    size = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receiving
