"""One state, many watchers: each gets the full state first, then every change; a slow one is dropped, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")

BACKLOG_MAX = 256  # changes a watcher may be behind before it is dropped


class WatcherTooSlow(Exception):
    """This watcher was dropped: it did not take its changes in time."""


class Broadcast(Generic[T]):
    """Holds the newest state and hands each change to everybody who watches."""

    def __init__(self, state: T) -> None:
        self.state = state
        self._queues: set[asyncio.Queue[T | None]] = set()

    def publish(self, state: T) -> None:
        """Remember the state and tell the watchers. Never blocks."""
        self.state = state
        for queue in list(self._queues):
            try:
                queue.put_nowait(state)
            except asyncio.QueueFull:
                self._queues.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

    async def watch(self) -> AsyncIterator[T]:
        """Yield the present state, then every later one. Raises WatcherTooSlow."""
        queue: asyncio.Queue[T | None] = asyncio.Queue(BACKLOG_MAX)
        self._queues.add(queue)
        try:
            yield self.state
            while True:
                state = await queue.get()
                if state is None:
                    raise WatcherTooSlow
                yield state
        finally:
            self._queues.discard(queue)
