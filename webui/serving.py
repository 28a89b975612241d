"""The HTTP server: serves the pages where the settings say, moves when they change, tries again when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from webui.listen import CannotListen, Place, bind

log = logging.getLogger(__name__)

RETRY_MIN_S = 0.5
RETRY_MAX_S = 15.0
GRACE_S = 2  # seconds a page in the making gets when the server stops; live streams end at once by themselves


@dataclass(frozen=True)
class Trouble:
    """Why the pages are not served, or not where the settings say."""

    id: str
    place: Place
    reason: str


class Serving:
    """One listening socket and the server on it."""

    def __init__(self, app: ASGIApp, place: Place, inherited: socket.socket | None) -> None:
        self.app = app
        self.place = place
        self.trouble: Trouble | None = None
        self.listening = asyncio.Event()
        self.tried = asyncio.Event()
        self._inherited = inherited
        self._server: _Server | None = None
        self._moved = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        if inherited is not None:
            self._compare(inherited)

    def move(self, place: Place) -> None:
        """Serve there from now on. With a socket that was handed over, ends: its owner opens the new door."""
        if place == self.place:
            return
        self.place = place
        self._moved.set()
        self._end_server()

    async def run(self) -> None:
        """Serve until cancelled, or until a handed-over socket is the wrong one."""
        while True:
            self._moved.clear()
            listener = self._inherited or await self._bound()
            if listener is not None:
                await self._serve(listener)
            if self._inherited is not None:
                if self._moved.is_set():
                    log.info("the pages move to %s: ending, to be started with a socket there", self.place)
                return

    async def stop(self) -> None:
        """Finish what is being answered and close the socket."""
        self._end_server()
        await self._idle.wait()

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.should_exit = True

    async def _bound(self) -> socket.socket | None:
        """Listen at the place; None when the place changed meanwhile."""
        wait = RETRY_MIN_S
        while not self._moved.is_set():
            try:
                listener = bind(self.place)
            except CannotListen as error:
                if self.trouble is None:
                    log.error("cannot listen on %s, trying again", error)
                self.trouble = Trouble("web.cannot_listen", self.place, error.reason)
                self.tried.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._moved.wait()
                wait = min(wait * 2, RETRY_MAX_S)
            else:
                self.trouble = None
                return listener
        return None

    async def _serve(self, listener: socket.socket) -> None:
        self._server = _Server(
            uvicorn.Config(
                self.app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self.listening.set()
        self._idle.clear()
        self.tried.set()
        try:
            await self._server.serve(sockets=[listener])
        finally:
            self.listening.clear()
            self._idle.set()
            self._server = None

    def _compare(self, inherited: socket.socket) -> None:
        address, port = inherited.getsockname()[:2]
        if port != self.place.port or address not in (str(self.place.address), "0.0.0.0"):  # noqa: S104 - compared
            self.trouble = Trouble("web.listens_elsewhere", self.place, f"{address}:{port}")


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to edge.shared.lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
