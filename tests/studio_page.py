"""A browser on the studio's page: headless Chromium, driven by Playwright, with a microphone that plays a file."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from studio_server import Client

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 100
"""How long the page may take for anything: it is slow where the machine is busy, and that is no fault."""
LONG_TASKS = """new PerformanceObserver((list) => list.getEntries().forEach((task) => heardLongTask(task.duration)))
.observe({ type: "longtask", buffered: true });"""

expect.set_options(timeout=1000 * SECONDS)


def executable() -> str:
    """Where Chromium is; skips the test where it is not, except in CI, where that is a failure."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        words = "no Chromium here (Debian: apt install chromium): the studio's page is not tried"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return found


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """A browser whose microphone plays a wav over and over, and which finds no host but this machine."""
    arguments = (
        "--no-sandbox",  # CI runs as root, where the sandbox does not start
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        yield browser
        browser.close()


class Visit:
    """One visit to the studio: its `page`, and what was noted on it."""

    def __init__(self, client: Client, context: BrowserContext) -> None:
        self.client, self.context = client, context
        self.addresses: list[str] = []
        self.errors: list[str] = []
        self.long_tasks: list[float] = []
        context.set_default_timeout(1000 * SECONDS)
        context.on("request", lambda request: self.addresses.append(request.url))
        context.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.expose_function("heardLongTask", self.note_long_task)
        context.add_init_script(LONG_TASKS)
        self.page: Page = context.new_page()

    def note_long_task(self, milliseconds: float) -> None:
        """The page says that it was busy for so long."""
        self.long_tasks.append(milliseconds)

    def enter(self, room: str, heading: str = "") -> None:
        """Open a room by its address and wait until it is there."""
        self.page.goto(f"{self.client.address}#/{room}")
        expect(self.page.get_by_role("heading", level=1, name=heading or None)).to_be_visible()
        expect(self.page.locator("html")).to_have_attribute("data-connected", "yes")

    def drop(self, zone: str, *paths: Path) -> None:
        """Drop files or folders of this machine on an element, as a hand would."""
        box = self.page.locator(zone).bounding_box()
        assert box is not None
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + min(40, box["height"] / 2)}
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        session = self.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
        session.detach()

    def save(self, name: str) -> bytes:
        """Press a button or link that saves a file, and return what was saved."""
        with self.page.expect_download() as waiting:
            inside = self.page.get_by_role("main")
            link, button = (inside.get_by_role(role, name=name, exact=True) for role in ("link", "button"))
            link.or_(button).click()
        return Path(waiting.value.path()).read_bytes()

    def foreign(self) -> list[str]:
        """Addresses that were asked for and are not the studio's."""
        own = (self.client.address, f"blob:{self.client.address}", "data:")
        return [address for address in self.addresses if not address.startswith(own)]


@contextmanager
def held(client: Client, lane: str = "quick") -> Iterator[None]:
    """The worker of a lane stands still, so that what it is given stays at work as long as the block lasts."""
    client.app.state.studio.queue.ready.wait(SECONDS)
    process = client.app.state.studio.queue.lanes[lane].process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def findings(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical, a line for each element."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def check(visit: Visit) -> None:
    """The page at hand is accessible in both themes and fits a phone."""
    for theme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=theme)
        assert not findings(visit.page), theme
    visit.page.set_viewport_size({"width": 320, "height": 700})
    visit.page.wait_for_function("document.documentElement.scrollWidth <= 320")  # pictures are drawn anew a frame later
    visit.page.set_viewport_size({"width": 1280, "height": 800})
