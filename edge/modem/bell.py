"""Wakes whoever waits for something new; a ring between looking and waiting is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Bell:
    """Counts rings. Read `rings`, look at the world, then wait_past that count."""

    def __init__(self) -> None:
        self.rings = 0
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.rings += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait_past(self, rings: int, timeout: float | None = None) -> bool:
        """Wait until more than so many rings were counted; False after timeout seconds."""
        if self.rings > rings:
            return True
        try:
            async with asyncio.timeout(timeout):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


async def first_of(*waits: Coroutine[Any, Any, Any], timeout: float) -> None:
    """Return when the first of these is over, or after so many seconds; the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
