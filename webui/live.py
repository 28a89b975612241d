"""Live streams (server-sent events): a page's parts, sent again when they differ, and a heartbeat in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from webui.access import Gate
from webui.box import Box
from webui.pages import Pages

HEARTBEAT_S = 3.0  # pages call their figures stale after 10 s of silence
PAUSE_S = 0.5  # between two sendings: changes in between are sent together

Parts: TypeAlias = dict[str, str]  # event name -> HTML that replaces the part of that name


class Streams:
    """Makes the stream of a page from a function that renders its parts."""

    def __init__(self, box: Box, gate: Gate, pages: Pages, stop: asyncio.Event) -> None:
        self.box = box
        self.gate = gate
        self.pages = pages
        self.stop = stop

    def response(self, request: Request, render: Callable[[], Awaitable[Parts]]) -> EventSourceResponse:
        """Stream until the browser leaves, the session is over, or web stops."""
        return EventSourceResponse(self._events(request, render), ping=0, send_timeout=HEARTBEAT_S * 3)

    async def _events(self, request: Request, render: Callable[[], Awaitable[Parts]]) -> AsyncIterator[ServerSentEvent]:
        sent: Parts = {}
        while not self.stop.is_set() and self.gate.visitor(request) is not None:
            seen = self.box.pulse.count
            parts = await self._with_state(render)
            for name, html in parts.items():
                if sent.get(name) != html:
                    yield ServerSentEvent(html, event=name)
            sent = parts
            yield ServerSentEvent(self.pages.fragment("_clock.html"), event="heure")
            await self._sleep(PAUSE_S)
            await self._changed(seen)

    async def _with_state(self, render: Callable[[], Awaitable[Parts]]) -> Parts:
        return {"etat": self.pages.fragment("_level.html"), **await render()}

    async def _changed(self, seen: int) -> None:
        waits = {
            asyncio.create_task(self.box.pulse.after(seen, HEARTBEAT_S - PAUSE_S)),
            asyncio.create_task(self.stop.wait()),
        }
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return
