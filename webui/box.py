"""What the box is doing, as last heard from its daemons. Pages are made from this at once: none waits for a dead daemon."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from edge.shared.clock import Clock
from edge.shared.messages import alerts, modem, uplinks, voice
from edge.shared.messages.alerts import Campaign
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.modem import ModemsResult
from edge.shared.messages.uplinks import UplinksState
from edge.shared.messages.voice import ModeResult
from edge.shared.paths import Paths
from edge.shared.varlink import CallFailed, Client, Unreachable, call_once
from edge.shared.varlink_idl import Interface, Message, Method, NoParams

log = logging.getLogger(__name__)

ROUND_S = 1.0
ANSWER_S = 1.5  # silence on this machine after which a daemon counts as not answering
RETRY_S = 1.0

R = TypeVar("R", bound=Message)


@dataclass(frozen=True)
class Heard(Generic[R]):
    """What one daemon said last, whether it still answers, and since when it does or does not."""

    answers: bool
    since: datetime
    said: R | None = None


@dataclass(frozen=True)
class Snapshot:
    """The box at one moment. campaigns are the newest heard, newest first."""

    at: datetime
    uplinks: Heard[UplinksState]
    voice: Heard[ModeResult]
    modem: Heard[ModemsResult]
    alerts: Heard[DaemonStatus]
    campaigns: tuple[Campaign, ...] = field(default=())


class Pulse:
    """Counts changes and wakes those who wait for the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def beat(self) -> None:
        """Something changed."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, seen: int, timeout: float) -> int:
        """Wait for a count other than seen, or for timeout seconds. Returns the count."""
        if self.count == seen:
            try:
                async with asyncio.timeout(timeout):
                    await self._next.wait()
            except TimeoutError:
                return self.count
        return self.count


class Box:
    """Asks every daemon in turn, for ever, and follows the campaigns as they change."""

    def __init__(self, paths: Paths, clock: Clock) -> None:
        self.paths = paths
        self.clock = clock
        self.pulse = Pulse()
        now = clock.now()
        self.snapshot = Snapshot(now, Heard(False, now), Heard(False, now), Heard(False, now), Heard(False, now))

    async def run(self) -> None:
        """Never ends."""
        await asyncio.gather(self._poll(), self._follow_campaigns())

    async def look(self) -> None:
        """One round of questions, all asked at once."""
        before = self.snapshot
        heard = await asyncio.gather(
            self._ask("uplinks", uplinks.UPLINKS, uplinks.LIST, before.uplinks),
            self._ask("voice", voice.VOICE, voice.MODE, before.voice),
            self._ask("modem", modem.MODEM, modem.LIST, before.modem),
            self._ask("alerts", alerts.ALERTS, STATUS, before.alerts),
        )
        now = self.clock.now()
        # The campaigns may have changed while the daemons were asked.
        self.snapshot = Snapshot(now, *heard, campaigns=self.snapshot.campaigns)
        if replace(before, at=now, campaigns=()) != replace(self.snapshot, campaigns=()):
            self.pulse.beat()

    async def _poll(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(ROUND_S)

    async def _ask(self, daemon: str, interface: Interface, method: Method[NoParams, R], before: Heard[R]) -> Heard[R]:
        try:
            said = await call_once(interface, self.paths.socket(daemon), method, NoParams(), timeout=ANSWER_S)
        except (Unreachable, CallFailed, ValueError) as error:
            if before.answers:
                log.warning("%s does not answer: %s", daemon, error)
            return Heard(False, self.clock.now() if before.answers else before.since, before.said)
        return Heard(True, before.since if before.answers else self.clock.now(), said)

    async def _follow_campaigns(self) -> None:
        while True:
            try:
                async with Client(alerts.ALERTS, self.paths.socket("alerts")) as client:
                    async for heard in client.watch(alerts.WATCH, NoParams()):
                        self.snapshot = replace(self.snapshot, campaigns=tuple(heard.campaigns))
                        self.pulse.beat()
            except (Unreachable, CallFailed, ValueError) as error:
                log.debug("campaigns: %s", error)
            await asyncio.sleep(RETRY_S)
