"""The links as uplinks tells them. Without uplinks nothing is told, and phones register again by themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edge.shared.clock import Clock
from edge.shared.messages.uplinks import UPLINKS, WATCH, Switch
from edge.shared.paths import Paths
from edge.shared.varlink import CallFailed, Client, Unreachable
from edge.shared.varlink_idl import NoParams

log = logging.getLogger(__name__)

AGAIN_S = 2.0  # before uplinks is asked again when it does not answer
RECENT_S = 60.0  # a switch before our own start: by then phones have registered by themselves


class Switches:
    """Which switch was seen last."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def is_news(self, switch: Switch | None, now_ns: int) -> bool:
        """Whether another link carries than was known. now_ns: CLOCK_MONOTONIC."""
        if switch is None or switch.to_link is None:
            return False
        before, self._last = self._last, (switch.seq, switch.switched_monotonic_ns)
        if before is None:
            return now_ns - switch.switched_monotonic_ns <= RECENT_S * 1e9
        return before != self._last


async def follow_links(paths: Paths, clock: Clock, switched: Callable[[str], Awaitable[None]]) -> None:
    """Await switched(link) at each switch. Never ends, never raises for a dead uplinks."""
    switches = Switches()
    while True:
        try:
            async with Client(UPLINKS, paths.socket("uplinks")) as client:
                async for state in client.watch(WATCH, NoParams()):
                    if switches.is_news(state.last_switch, clock.monotonic_ns()):
                        await switched(str(state.active))
        except (Unreachable, CallFailed) as error:
            log.debug("uplinks: %s", error)
        await asyncio.sleep(AGAIN_S)
