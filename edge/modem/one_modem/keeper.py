"""Keeps one modem at work: opens its port whenever it is there, sets it up, and starts anew when it vanishes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.modem.bearer.desk import BearerDesk
from edge.modem.calls.desk import CallDesk
from edge.modem.calls.ussd_desk import UssdDesk
from edge.modem.companion import Companion
from edge.modem.facts import Seen, Trouble
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.one_modem import power
from edge.modem.one_modem.power import Cycles
from edge.modem.one_modem.session import Session
from edge.modem.port import strangers
from edge.modem.port.at import AtClosed, AtError, AtOutOfStep, AtPort, AtSilent, AtUnsettled
from edge.modem.port.device import Device, DeviceBusy, DeviceMissing, DeviceRefused
from edge.modem.port.errands import Errand, T
from edge.modem.port.strangers import Heard
from edge.modem.radio.about import About
from edge.modem.receiving.mailbox import Mailbox
from edge.modem.seldom import Seldom
from edge.modem.sending.estimate import PART_S
from edge.modem.sim.unlocking import Unfit
from edge.shared.messages.modem import ModemState
from edge.shared.model import ModemDevice, ModemSection

log = logging.getLogger(__name__)

HEARD_MAX = 20  # lines
PATH_CHECK_S = 0.2  # how soon a re-pointed symlink is noticed


@dataclass
class Keeper:
    """One modem of the settings, there or not."""

    device: ModemDevice
    rules: ModemSection
    office: Office
    state: ModemState = ModemState.ABSENT
    about: About = field(default_factory=About)
    trouble: Trouble | None = None
    session: Session | None = None
    cycles: Cycles = field(default_factory=Cycles)
    log: Seldom = field(default_factory=lambda: Seldom(logging.getLogger(__name__)))
    # Lines nobody asked for, before it was ready.
    heard: deque[str] = field(default_factory=lambda: deque(maxlen=HEARD_MAX))
    away_since: float = 0.0  # monotonic(): when it last stopped being ready

    def __post_init__(self) -> None:
        self.calls = CallDesk(self, self.office.calls, self.office.call_news.publish)
        self.dialogues = UssdDesk(self)
        self.bearer = BearerDesk(self, self.device.bearer, self.office.clock)
        self._companions: tuple[Companion, ...] = (self.calls, self.dialogues, self.bearer)

    async def run(self) -> None:
        """Work for ever. Never raises for anything a modem does."""
        self.away_since = monotonic()
        delay = self.rules.reconnect_min_s
        while True:
            worked = await self._once()
            if self.state is ModemState.ABSENT or worked:
                delay = self.rules.reconnect_min_s
            await asyncio.sleep(delay)
            delay = min(delay * 2, self.rules.reconnect_max_s)

    async def _once(self) -> bool:
        """One life of the port. Returns whether the modem was ready in it."""
        try:
            device = Device(self.device.device, self.device.baud)
        except DeviceMissing as error:
            self._is_away(ModemState.ABSENT, "device_missing", error)
            return False
        except DeviceBusy as error:
            self._is_away(ModemState.FAILED, "device_busy", error, holder=error.holder)
            return False
        except DeviceRefused as error:
            self._is_away(ModemState.FAILED, "device_refused", error, reason=str(error))
            return False
        with contextlib.closing(device):
            return await self._use(device)

    async def _use(self, device: Device) -> bool:
        self.heard.clear()
        port = AtPort(device.descriptor, self._unsolicited)
        mailbox = Mailbox(self.device.name, port, self.office.inbox, lambda: self.rules.command_timeout_s)
        session = self.session = Session(
            self.device, port, mailbox, self.office, rules=lambda: self.rules, log=self.log
        )
        watcher = asyncio.create_task(_close_when_gone(device, port))
        try:
            await self._work(session)
        except AtClosed as error:
            self._is_away(ModemState.ABSENT, "device_missing", error)
        except Unfit as error:
            self._is_away(ModemState.FAILED, error.trouble, error, **error.data)
        except AtUnsettled as error:
            self._is_away(ModemState.FAILED, "no_answer", error)
        except (AtOutOfStep, AtSilent) as error:
            kind = Heard.NOTHING if session.listening_since else strangers.judge(self.heard)
            self._is_away(ModemState.FAILED, kind.value, error, heard=strangers.sample(self.heard))
            # After a silence in a session it answered AT again: opened anew, it may still be of use.
            hangs = isinstance(error, AtOutOfStep) or session.listening_since is None
            if hangs and kind is not Heard.GPS:
                await self._have_power_cycled(str(error))
        except AtError as error:
            self._is_away(ModemState.FAILED, "no_answer", error)
        except sqlite3.Error as error:  # a full or failing disk: nothing leaves that cannot be written down
            self._is_away(ModemState.FAILED, "no_storage", error, reason=str(error))
        finally:
            watcher.cancel()
            port.close()
            session.end()
            self.session = None
        return session.listening_since is not None

    async def _work(self, session: Session) -> None:
        if self.state is not ModemState.FAILED:
            self.state = ModemState.STARTING
        await session.start()
        self.log.say(logging.INFO, "ready", "%s: ready at %s", self.device.name, self.device.device)
        self.state, self.about, self.trouble = ModemState.READY, session.about, None
        self.cycles = power.works(self.cycles, monotonic())
        working = [asyncio.create_task(self._accompany(companion)) for companion in self._companions]
        try:
            await session.run()
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    async def _accompany(self, companion: Companion) -> None:
        """A defect there must not cost the messages: it is told, and they go on."""
        try:
            await companion.work()
        except AtError as error:
            log.debug("%s: %s", self.name, type(error).__name__)  # the session ends for the same reason
        except Exception:
            log.exception("%s: %s failed", self.name, type(companion).__name__)

    async def _have_power_cycled(self, reason: str) -> None:
        """It answers nothing: panel may take its power away. Asked again at growing pauses, whether or not panel is there."""
        now = monotonic()
        if power.due(self.cycles, now):
            self.cycles = power.asked(self.cycles, now)
            await self.office.panel.power_cycle(self.device.name, reason)

    @property
    def sim(self) -> str:
        """Which SIM messages are counted for: its IMSI, or the modem's name until it is known."""
        return self.about.imsi or self.device.name

    @property
    def part_s(self) -> float:
        """Seconds that a part takes through this modem."""
        return PART_S if self.session is None else self.session.sender.part_s

    @property
    def name(self) -> str:
        """As the settings call it."""
        return self.device.name

    @property
    def is_ready(self) -> bool:
        """Whether it may be used now."""
        return self.state is ModemState.READY

    @property
    def command_timeout_s(self) -> float:
        """Longest wait for the answer to a command."""
        return self.rules.command_timeout_s

    def follow(self, rules: ModemSection) -> None:
        """Go by new rules from now on, without disturbing the port."""
        self.rules = rules

    async def errand(self, errand: Errand[T]) -> T:
        """Have AT work done between two parts of messages. Raises AtClosed while the modem is not ready, AtError."""
        if self.session is None or self.state is not ModemState.READY:
            raise AtClosed(f"{self.device.name} is not ready")
        return await self.session.errand(errand)

    async def wind_down(self, within_s: float) -> None:
        """Finish what is under way and send nothing more."""
        if self.session is not None:
            await self.session.sender.wind_down(within_s)

    def seen(self, others: Sequence[str] = ()) -> Seen:
        """The modem as the checks look at it."""
        return Seen(
            name=self.device.name,
            device=self.device.device,
            state=self.state,
            trouble=self.trouble,
            about=self.about,
            recipients=self.office.allowance.recipients(self.sim),
            cap=self.device.recipients_per_month,
            expect_roaming=self.device.expect_roaming,
            voice=self.device.voice,
            bearer=self.bearer.seen(),
            self_test_failed=self.office.self_tests.failed(self.device.name),
            others=others,
        )

    def _unsolicited(self, line: str, second: str | None) -> None:
        if self.state is not ModemState.READY:
            self.heard.append(line)
        if second is None and any(companion.hears(line) for companion in self._companions):
            return
        if self.session is not None:
            self.session.unsolicited(line, second)

    def _is_away(self, state: ModemState, kind: str, error: Exception, **data: str) -> None:
        if self.state is ModemState.READY:
            self.away_since = monotonic()
        if self.state is ModemState.READY or state is ModemState.ABSENT:
            for companion in self._companions:
                companion.lost()
        if self.trouble is None or self.trouble.kind != kind:
            self.log.warning(kind, "%s: %s: %s", self.device.name, kind, error)
        self.trouble = Trouble(kind, str(error), data)
        self.state = state


async def _close_when_gone(device: Device, port: AtPort) -> None:
    while device.still_there():  # noqa: ASYNC110 - nothing tells when a symlink is re-pointed (no udev here)
        await asyncio.sleep(PATH_CHECK_S)
    log.debug("%s leads elsewhere or nowhere", device.path)
    port.close()
