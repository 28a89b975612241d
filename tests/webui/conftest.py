"""The real web daemon, a scripted daemon behind each socket it asks (doubles at the wire), and Debian's Chromium."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from edge.shared.messages.common import Role
from edge.shared.pins import PinFile
from hil.rig.daemon import LocalRoot
from tests.webui.scripted import Loop, Neighbours, link, scenario

PIN = "2580"
expect.set_options(timeout=30_000)  # something comes or it does not; a busy machine takes its time
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SITE = """
[site]
name = "Mairie de Saint-Aubin"
help_number = "02 99 00 12 34"
[web]
port = {port}
"""


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """Where scripted daemons live."""
    thread = Loop()
    yield thread
    thread.close()


@pytest.fixture
def neighbours(root: LocalRoot, loop: Loop) -> Iterator[Neighbours]:
    """Scripted daemons; the test starts those it wants."""
    scripted = Neighbours(root, loop)
    yield scripted
    scripted.close()


@dataclass
class Web:
    """The real web daemon, and how to talk to it."""

    root: LocalRoot
    url: str

    def start(self) -> None:
        """Start it, or start it again."""
        self.root.start("web")

    def client(self) -> httpx.Client:
        """A browser without JavaScript, by hand."""
        return httpx.Client(base_url=self.url, timeout=30)

    def logged_in(self, pin: str = PIN) -> httpx.Client:
        """The same with a session."""
        client = self.client()
        answer = client.post("/connexion", data={"pin": pin})
        assert answer.status_code == 303, answer.text
        return client


@pytest.fixture
def free_port() -> Iterator[Callable[[], int]]:
    """Ports for a server of the test's: nobody else gets them, not even as the near end of a connection.

    They stay bound without listening, which SO_REUSEADDR at both ends lets a server do beside them (socket(7)).
    """
    held: list[socket.socket] = []

    def take() -> int:
        held.append(socket.socket())
        held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held[-1].bind(("127.0.0.1", 0))
        return int(held[-1].getsockname()[1])

    yield take
    for one in held:
        one.close()


@pytest.fixture
def web(root: LocalRoot, free_port: Callable[[], int]) -> Web:
    """web with a PIN, its settings written, not started yet."""
    port = free_port()
    root.write_site(SITE.format(port=port))
    PinFile.of(root.paths).set(Role.OPERATOR, PIN)
    return Web(root, f"http://127.0.0.1:{port}")


@pytest.fixture
def served(web: Web, neighbours: Neighbours) -> Web:
    """web with all its neighbours, started."""
    neighbours.start()
    web.start()
    return web


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one at a time. By module: Playwright keeps this thread's event loop while it is open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page whose every request and every console message is kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


def open_page(browser: Browser, **options: Any) -> Watched:
    """A fresh browser profile on the screen of the crisis cell (1024 x 600), in French."""
    context = browser.new_context(viewport={"width": 1024, "height": 600}, locale="fr-FR", **options)
    context.set_default_timeout(30_000)
    return Watched(context.new_page())


def log_in(page: Page, url: str, pin: str = PIN) -> None:
    """By the form, as a person does."""
    page.goto(url)
    page.get_by_test_id("login-pin").fill(pin)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("home-trigger").wait_for()


def hidden_fields(html: str) -> dict[str, str]:
    """The hidden fields of a page's last form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


@pytest.fixture
def tools() -> Any:
    """The helpers above, for test modules (they cannot import a conftest under importlib)."""
    return Tools


class Tools:
    """What test modules use."""

    open_page = staticmethod(open_page)
    log_in = staticmethod(log_in)
    hidden_fields = staticmethod(hidden_fields)
    scenario = staticmethod(scenario)
    link = staticmethod(link)
    PIN = PIN
