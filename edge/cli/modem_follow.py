"""What changes in the modem daemon, followed across its restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from edge.shared.messages.modem import MODEM, WATCH, ModemEvent, WatchParams
from edge.shared.paths import Paths
from edge.shared.varlink import Client, Unreachable

RETRY_S = 0.5
NOTHING_OF_IT = 2**62  # a cursor behind everything that will ever come


async def follow(
    paths: Paths, *, inbox_after: int = NOTHING_OF_IT, changes_after: int = NOTHING_OF_IT
) -> AsyncGenerator[ModemEvent, None]:
    """Yield every event after these cursors; a daemon that dies is waited for. Raises Unreachable if it never answered."""
    reached = False
    while True:
        params = WatchParams(inbox_after=inbox_after, changes_after=changes_after)
        try:
            async with Client(MODEM, paths.socket("modem")) as client:
                reached = True
                async for event in client.watch(WATCH, params):
                    if event.outbox is not None:
                        changes_after = event.outbox.change
                    if event.inbound is not None:
                        inbox_after = event.inbound.seq
                    yield event
        except Unreachable:
            if not reached:
                raise
        await asyncio.sleep(RETRY_S)
