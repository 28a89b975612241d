"""Keeps one modem at work: opens its port whenever it is there, sets it up, and starts anew when it vanishes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

from edge.modem.at import AtClosed, AtError, AtPort
from edge.modem.device import Device, DeviceBusy, DeviceMissing, DeviceRefused
from edge.modem.mailbox import Mailbox
from edge.modem.office import Office
from edge.modem.pacing import Pace
from edge.modem.session import Facts, Session, Unfit
from edge.shared.clock import utc_text
from edge.shared.messages.common import Issue
from edge.shared.messages.modem import ModemState
from edge.shared.model import ModemDevice, ModemSection

log = logging.getLogger(__name__)

PATH_CHECK_S = 0.2  # how soon a re-pointed symlink is noticed


@dataclass
class Keeper:
    """One modem of the settings, there or not."""

    device: ModemDevice
    rules: ModemSection
    office: Office
    state: ModemState = ModemState.ABSENT
    facts: Facts = field(default_factory=Facts)
    issue: Issue | None = None
    session: Session | None = None
    away_since: float = 0.0  # monotonic seconds of the loop; when it last stopped being ready
    _pace: Pace | None = None

    async def run(self) -> None:
        """Work for ever. Never raises for anything a modem does."""
        loop = asyncio.get_running_loop()
        self.away_since = loop.time()
        pace = self._pace = Pace(self.rules.free_burst, self.rules.pacing_per_minute, loop.time())
        delay = self.rules.reconnect_min_s
        while True:
            worked = await self._once(pace)
            if self.state is ModemState.ABSENT or worked:
                delay = self.rules.reconnect_min_s
            await asyncio.sleep(delay)
            delay = min(delay * 2, self.rules.reconnect_max_s)

    async def _once(self, pace: Pace) -> bool:
        """One life of the port. Returns whether the modem was ready in it."""
        try:
            device = Device(self.device.device, self.device.baud)
        except DeviceMissing as error:
            self._is_away(ModemState.ABSENT, "modem.device_missing", error)
            return False
        except DeviceBusy as error:
            self._is_away(ModemState.FAILED, "modem.device_busy", error, holder=error.holder)
            return False
        except DeviceRefused as error:
            self._is_away(ModemState.FAILED, "modem.device_refused", error, reason=str(error))
            return False
        with contextlib.closing(device):
            return await self._use(device, pace)

    async def _use(self, device: Device, pace: Pace) -> bool:
        port = AtPort(device.descriptor, self._unsolicited)
        mailbox = Mailbox(self.device.name, port, self.office.inbox, lambda: self.rules.command_timeout_s)
        session = self.session = Session(
            self.device.name,
            port,
            mailbox,
            self.office,
            rules=lambda: self.rules,
            pace=pace,
        )
        watcher = asyncio.create_task(_close_when_gone(device, port))
        try:
            await self._work(session)
        except AtClosed as error:
            self._is_away(ModemState.ABSENT, "modem.device_missing", error)
        except Unfit as error:
            self._is_away(ModemState.FAILED, error.issue, error)
        except AtError as error:
            self._is_away(ModemState.FAILED, "modem.no_answer", error)
        finally:
            watcher.cancel()
            port.close()
            self.session = None
        return session.listening_since is not None

    async def _work(self, session: Session) -> None:
        if self.state is not ModemState.FAILED:
            self.state = ModemState.STARTING
        await session.start()
        log.info("%s: ready at %s", self.device.name, self.device.device)
        self.state, self.facts, self.issue = ModemState.READY, session.facts, None
        await session.run()

    def follow(self, rules: ModemSection) -> None:
        """Go by new rules from now on, without disturbing the port."""
        self.rules = rules
        if self._pace is not None:
            self._pace.change(rules.free_burst, rules.pacing_per_minute)

    async def wind_down(self, within_s: float) -> None:
        """Finish what is under way and send nothing more."""
        if self.session is not None:
            await self.session.wind_down(within_s)

    def issues(self) -> list[Issue]:
        """What is wrong with it now."""
        if self.issue is not None:
            return [self.issue]
        if self.state is ModemState.READY and self.facts.unregistered_since is not None:
            return [Issue(id="modem.no_network", subject=self.device.name, since=self.facts.unregistered_since)]
        return []

    def _unsolicited(self, line: str, second: str | None) -> None:
        if self.session is not None:
            self.session.unsolicited(line, second)

    def _is_away(self, state: ModemState, issue: str, error: Exception, **data: str) -> None:
        if self.state is ModemState.READY:
            self.away_since = asyncio.get_running_loop().time()
        if self.issue is None or self.issue.id != issue:
            # Said once: the log of a box must not fill while a modem is away.
            log.warning("%s: %s: %s", self.device.name, issue, error)
            self.issue = Issue(
                id=issue,
                subject=self.device.name,
                data={"device": self.device.device, **data},
                since=utc_text(self.office.clock.now()),
            )
        self.state = state


async def _close_when_gone(device: Device, port: AtPort) -> None:
    while device.still_there():  # noqa: ASYNC110 - nothing tells when a symlink is re-pointed (no udev here)
        await asyncio.sleep(PATH_CHECK_S)
    log.debug("%s leads elsewhere or nowhere", device.path)
    port.close()
