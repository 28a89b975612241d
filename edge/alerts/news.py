"""Tells the watchers what changed, at most five times a second however fast the answers come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from edge.alerts.reports import Reports
from edge.shared.broadcast import Broadcast
from edge.shared.messages.alerts import CampaignsResult

INTERVAL = 0.2  # seconds between two updates at least


class News:
    """Gathers changes of campaigns and publishes them."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._waiting = asyncio.Event()
        self._broadcast = Broadcast(CampaignsResult(campaigns=reports.campaigns()))

    def changed(self, campaigns: set[int]) -> None:
        """What was shown of these campaigns is no longer true."""
        self._reports.changed(campaigns)
        self._waiting.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            self._broadcast.publish(CampaignsResult(campaigns=self._reports.campaigns()))
            await asyncio.sleep(INTERVAL)

    def watch(self) -> AsyncIterator[CampaignsResult]:
        """The campaigns now, then at each update. Raises WatcherTooSlow."""
        return self._broadcast.watch()
