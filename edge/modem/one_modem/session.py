"""One modem while its port is open: set up, then sending, errands, fetching what came in, and looking at the signal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from edge.modem.bell import first_of
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.one_modem.sender import Sender
from edge.modem.one_modem.setup import Setup
from edge.modem.port.at import REFERENCE, AtClosed, AtPort
from edge.modem.port.errands import Errand, Errands, T
from edge.modem.radio.about import About
from edge.modem.radio.looker import Looker
from edge.modem.receiving.mailbox import Mailbox
from edge.modem.seldom import Seldom
from edge.modem.sim import card
from edge.modem.sim.card import Identity
from edge.modem.sim.unlocking import Unfit, Unlocking
from edge.shared.model import ModemDevice, ModemSection

log = logging.getLogger(__name__)


class Session:
    """From the opening of a port to its end."""

    def __init__(
        self,
        device: ModemDevice,
        port: AtPort,
        mailbox: Mailbox,
        office: Office,
        *,
        rules: Callable[[], ModemSection],
        log: Seldom,
    ) -> None:
        self.name = device.name
        self.about = About()
        self.listening_since: float | None = None  # by settling.now_s()
        self.sender = Sender(device, port, office, rules, log)
        self._port = port
        self._mailbox = mailbox
        self._settling = office.settling
        self._dispatch = office.dispatch
        self._sims = office.sims
        self._radio = office.radio
        self._bell = office.bell
        self._clock = office.clock
        self._rules = rules
        self._log = log
        self._errands = Errands(port, office.bell)
        unlocking = Unlocking(self.name, device.pin, self._command, self._secret_command, office.sims)
        self._setup = Setup(device, self._command, self.about, unlocking)
        self._looker = Looker(self.name, self._setup.attempt, self.about, monotonic)
        self._sim_gone: str | None = None  # the line that said so

    async def start(self) -> None:
        """Bring the modem to a known state. Raises AtError, Unfit."""
        self._settling.recover(self.name)
        await self._port.resync(self.sender.late_reference)
        await self._setup.basics()
        await self._mailbox.start()
        await self._setup.announcements()
        await self._setup.identity()
        self.sender.sim = self.about.imsi or self.name
        await self._setup.service_centre()
        await self._looker.start()
        self._radio.look(self.name, self.about)
        # What came while nobody listened is read before anything is sent: it may settle uncertain parts.
        await self._mailbox.fetch(self.sender.may_send)
        self._meet_sim()
        self.listening_since = self._settling.now_s()

    async def run(self) -> None:
        """Send and fetch until the port closes. Raises AtClosed, AtOutOfStep."""
        while True:
            if self._port.closed:
                raise AtClosed("the device is gone")
            rings = self._bell.rings
            self._port.listen()
            await self._errands.run()
            await self._mind_sim()
            if self._looker.overdue():
                await self._look()
            if self._mailbox.fills_up():
                await self._mailbox.make_room(self._is_wanted)
                self._resend_unreported()
            elif self._mailbox.wants_skimming():
                await self._mailbox.skim()
                self._resend_unreported()
            delay = await self.sender.next()
            if delay == 0:
                continue
            if self._mailbox.has_work() or self._mailbox.poll_delay(self._uncertain()) == 0:
                await self._fetch()
                continue
            if self._looker.due():
                await self._look()
                continue
            await self._idle(rings, delay)

    async def errand(self, errand: Errand[T]) -> T:
        """Have AT work done between two parts (see Errands.ask). Raises AtError, and what it raises."""
        return await self._errands.ask(errand)

    def end(self) -> None:
        """The port is closed."""
        self.sender.end()
        self._errands.end()
        self._radio.away(self.name)

    def unsolicited(self, line: str, second: str | None) -> None:
        """A line nobody asked for."""
        late = REFERENCE.match(line)
        if late:
            self.sender.late_reference(int(late[1]))
        elif card.removed(line):
            self._sim_gone = line
        elif not self._mailbox.notice(line, second) and not self._looker.hear(line):
            log.debug("%s: %s", self.name, line)

    async def _look(self) -> None:
        if await self._looker.step():
            self._radio.look(self.name, self.about)

    def _meet_sim(self) -> None:
        """Another SIM than before gets no reports of what the last one sent: nothing waits for them."""
        found = Identity(self.about.iccid, self.about.imsi)
        if self._sims.seen(self.name, found):
            log.warning("%s: another SIM is in it: %s", self.name, card.hidden(found.iccid or found.imsi))
            self._settling.resend_unreported(self.name, timedelta(0), None)
            # Its number is another, too: no phone joins the rest of a message to what the last one sent of it.
            self._dispatch.hand_to_others(self.name, "another SIM")
        self.about.swap = self._sims.swap(self.name)

    async def _mind_sim(self) -> None:
        """A SIM that was pulled out, or that a refusal puts in doubt. Raises Unfit: the port is opened anew."""
        self.about.refusal = self.sender.refusal
        if self._sim_gone is not None:
            raise Unfit("sim_missing", self._sim_gone)
        if self.sender.refusal in card.GONE:
            self.sender.refusal = None
            await self._setup.sim()

    async def _fetch(self) -> None:
        await self._mailbox.fetch(self._is_wanted)
        self._resend_unreported()

    def _resend_unreported(self) -> None:
        """Only after what the modem holds was read: a report may lie there that spares a second sending."""
        window = timedelta(seconds=self._rules().report_window_s)
        over = self._settling.resend_unreported(self.name, window, self.listening_since)
        if over:
            self._log.warning(
                "again", "%s: %d parts are sent again: neither an answer nor a report came", self.name, over
            )

    async def _idle(self, rings: int, send_delay: float | None) -> None:
        delays = [self._looker.wait(), self._mailbox.poll_delay(self._uncertain())]
        if send_delay is not None:
            delays.append(send_delay)
        await first_of(self._bell.wait_past(rings), self._port.arrived(), timeout=max(0.0, min(delays)))

    def _is_wanted(self) -> bool:
        """Whether the port is wanted for more than deleting what was read, which can wait."""
        return self._errands.pending() or self.sender.may_send()

    def _uncertain(self) -> float | None:
        """How often to look for reports while a part is uncertain, in seconds; None when none is."""
        return self._rules().report_window_s / 5 if self._settling.uncertain(self.name) else None

    async def _command(self, command: str) -> list[str]:
        return await self._port.command(command, timeout=self._rules().command_timeout_s)

    async def _secret_command(self, command: str, secret: str) -> list[str]:
        return await self._port.secret_command(command, secret, timeout=self._rules().command_timeout_s)
