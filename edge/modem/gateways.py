"""All gateways of the settings: started, stopped and changed with them; what one leaves undone goes to other ways."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from edge.modem.facts import GatewaySeen
from edge.modem.gateway import WORKING, GatewayKeeper
from edge.modem.http.keeper import HttpKeeper
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.smpp.keeper import SmppKeeper
from edge.shared.messages.modem import GatewayEntry
from edge.shared.model import GatewayKind, ModemSection

log = logging.getLogger(__name__)


class Gateways:
    """The gateways and the tasks that keep them."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._rules = ModemSection()
        self._keepers: dict[str, GatewayKeeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def apply(self, rules: ModemSection) -> None:
        """Follow the settings: a gateway whose entry is unchanged is not disturbed."""
        wanted = {gateway.name: gateway for gateway in rules.gateways}
        for name in [name for name, keeper in self._keepers.items() if wanted.get(name) != keeper.gateway]:
            await self._end(name)
        for name, gateway in wanted.items():
            if name in self._keepers:
                self._keepers[name].rules = rules
            else:
                keeper = HttpKeeper if gateway.kind is GatewayKind.HTTP else SmppKeeper
                self._keepers[name] = keeper(gateway, rules, self._office)
                self._tasks[name] = asyncio.create_task(self._keepers[name].run(), name=f"gateway {name}")
        self._rules = rules
        self._office.routes.follow(rules)

    def care(self) -> None:
        """Now and then: once its receipts had their time, let others send what a gateway that is away cannot."""
        for task in self._tasks.values():
            if task.done():
                task.result()  # a keeper never ends: its exception is a defect that must be seen
        window = timedelta(seconds=self._rules.report_window_s)
        now = monotonic()
        for name, keeper in self._keepers.items():
            if (
                keeper.state not in WORKING
                and now - keeper.away_since >= window.total_seconds()
                and self._office.routes.any_open()
            ):
                self._office.settling.resend_unreported(name, timedelta(0), None)
                moved = self._office.dispatch.hand_to_others(name)
                if moved:
                    log.warning("%s is away: %d messages are left to other ways", name, moved)

    async def stop(self, within_s: float) -> None:
        """End all, after the answers to what is in flight."""
        await asyncio.gather(*(keeper.wind_down(within_s) for keeper in self._keepers.values()))
        for name in list(self._keepers):
            await self._end(name)

    def names(self) -> set[str]:
        """As in the settings."""
        return set(self._keepers)

    def seen(self) -> list[GatewaySeen]:
        """The gateways as the checks look at them."""
        return [
            GatewaySeen(name, keeper.address, keeper.state, keeper.shown_trouble())
            for name, keeper in self._keepers.items()
        ]

    def listed(self) -> list[GatewayEntry]:
        """All gateways as they are now, in the order of the settings."""
        keepers = [self._keepers[gateway.name] for gateway in self._rules.gateways]
        return [
            GatewayEntry(
                name=keeper.gateway.name, address=keeper.address, state=keeper.state, in_flight=keeper.in_flight
            )
            for keeper in keepers
        ]

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name)
        self._keepers.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
