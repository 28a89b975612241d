"""One modem while its port is open: set up, then sending, fetching what came in, and looking at the signal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem import answers, pdu
from edge.modem.at import REFERENCE, AtClosed, AtError, AtOutOfStep, AtPort, AtRefused, NotHandedOver, OutcomeUnknown
from edge.modem.mailbox import Mailbox
from edge.modem.office import Office
from edge.modem.outbox import Claim, Job, NoLongerQueued
from edge.modem.pacing import Pace
from edge.shared.clock import utc_text
from edge.shared.model import ModemSection

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0  # signal and registration
SIM_TRIES, SIM_WAIT_S = 20, 1.0  # SMS commands answer 314 until the SIM is read after power-up
PAUSE_MAX_S = 10.0  # when the modem takes no message at all
SIM_LOCKED = ("SIM PIN", "SIM PUK", "SIM PIN2", "SIM PUK2", "PH-SIM PIN")
# Reports stored and announced (ds=2) outlive this process; pushed ones (ds=1) are the second best, none the last.
ANNOUNCE = ("AT+CNMI=2,1,0,2,0", "AT+CNMI=1,1,0,2,0", "AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1")


class Unfit(AtError):
    """It answers, but cannot send SMS now. issue is the id of what to tell people."""

    def __init__(self, issue: str, text: str) -> None:
        super().__init__(text)
        self.issue = issue


@dataclass
class Facts:
    """What the modem says of itself."""

    manufacturer: str | None = None
    model: str | None = None
    signal_dbm: int | None = None
    registered: bool | None = None
    operator: str | None = None
    unregistered_since: str | None = None


class Session:
    """From the opening of a port to its end."""

    def __init__(
        self,
        name: str,
        port: AtPort,
        mailbox: Mailbox,
        office: Office,
        *,
        rules: Callable[[], ModemSection],
        pace: Pace,
    ) -> None:
        self.name = name
        self.facts = Facts()
        self.listening_since: datetime | None = None
        self._port = port
        self._mailbox = mailbox
        self._outbox = office.outbox
        self._bell = office.bell
        self._clock = office.clock
        self._rules = rules
        self._pace = pace
        self._stopping = False
        self._sending = False
        self._look_at = 0.0
        self._paused_until = 0.0
        self._pauses = 0

    # -- setting up ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the modem to a known state: it forgot everything if it was off. Raises AtError, Unfit."""
        await self._port.resync(self._late_reference)
        await self._try("ATE0")
        await self._try("AT+CMEE=1")
        await self._check_sim()
        await self._set_pdu_mode()
        await self._mailbox.start()
        for announce in ANNOUNCE:
            if await self._try(announce) is not None:
                break
        else:
            log.warning("%s: cannot announce messages and reports; they are only looked for", self.name)
        self.facts.manufacturer = answers.plain(await self._try("AT+CGMI") or [])
        self.facts.model = answers.plain(await self._try("AT+CGMM") or [])
        await self._look()
        # What came while nobody listened is read before anything is sent: it may settle uncertain parts.
        await self._mailbox.fetch()
        self.listening_since = self._clock.now()

    async def _check_sim(self) -> None:
        for _ in range(SIM_TRIES):
            try:
                lines = await self._command("AT+CPIN?")
            except AtRefused as refused:
                if refused.code in (10, 13, 15):
                    raise Unfit("modem.sim_missing", str(refused)) from refused
                if refused.code != 14:  # SIM busy
                    return
            else:
                # A PIN is never tried: a wrong one three times blocks the SIM for good.
                if any(locked in line for line in lines for locked in SIM_LOCKED):
                    raise Unfit("modem.sim_locked", " ".join(lines))
                return
            await asyncio.sleep(SIM_WAIT_S)

    async def _set_pdu_mode(self) -> None:
        for _ in range(SIM_TRIES):
            try:
                await self._command("AT+CMGF=0")
            except AtRefused as refused:
                if refused.code in (310, 311, 316):
                    raise Unfit("modem.sim_missing", str(refused)) from refused
                if refused.code not in (14, 314, 515):
                    raise
                await asyncio.sleep(SIM_WAIT_S)
            else:
                return
        raise Unfit("modem.sim_missing", "the SIM stays busy")

    async def _look(self) -> None:
        self.facts.signal_dbm = answers.signal_dbm(await self._try("AT+CSQ") or [])
        self.facts.registered = answers.registered(await self._try("AT+CREG?") or [])
        self.facts.operator = answers.operator(await self._try("AT+COPS?") or [])
        if self.facts.registered is not False:
            self.facts.unregistered_since = None
        elif self.facts.unregistered_since is None:
            self.facts.unregistered_since = utc_text(self._clock.now())
        self._look_at = _monotonic() + LOOK_EVERY_S

    # -- at work ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send and fetch until the port closes. Raises AtClosed, AtOutOfStep."""
        while True:
            if self._port.closed:
                raise AtClosed("the device is gone")
            rings = self._bell.rings
            self._port.listen()
            if self._mailbox.fills_up():
                await self._fetch()
            elif self._mailbox.wants_skimming():
                await self._mailbox.skim()
                self._resend_unreported()
            delay = await self._send_next()
            if delay == 0:
                continue
            if self._mailbox.has_work() or self._mailbox.poll_delay(self._uncertain()) == 0:
                await self._fetch()
                continue
            if _monotonic() >= self._look_at:
                await self._look()
                continue
            await self._idle(rings, delay)

    async def wind_down(self, within_s: float) -> None:
        """Start no further part, and give the one under way time to be answered: else it would be uncertain."""
        self._stopping = True
        deadline = _monotonic() + within_s
        while self._sending and _monotonic() < deadline:  # noqa: ASYNC110 - the end of a process, once
            await asyncio.sleep(0.02)

    def unsolicited(self, line: str, second: str | None) -> None:
        """A line nobody asked for."""
        late = REFERENCE.match(line)
        if late:
            self._late_reference(int(late[1]))
        elif not self._mailbox.notice(line, second):
            log.debug("%s: %s", self.name, line)

    async def _fetch(self) -> None:
        await self._mailbox.fetch()
        self._resend_unreported()

    def _resend_unreported(self) -> None:
        """Only after what the modem holds was read: a report may lie there that spares a second sending."""
        window = timedelta(seconds=self._rules().report_window_s)
        over = self._outbox.resend_unreported(self.name, window, self.listening_since)
        if over:
            log.warning("%s: %d parts are sent again: neither an answer nor a report came", self.name, over)

    async def _idle(self, rings: int, send_delay: float | None) -> None:
        now = _monotonic()
        delays = [self._look_at - now, self._mailbox.poll_delay(self._uncertain())]
        if send_delay is not None:
            delays.append(send_delay)
        waiting = {
            asyncio.ensure_future(self._bell.wait_past(rings)),
            asyncio.ensure_future(self._port.arrived()),
        }
        try:
            await asyncio.wait(waiting, timeout=max(0.0, min(delays)), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _send_next(self) -> float | None:
        """Send a part if there is one: 0. Else seconds until it is worth trying again, None for: when the bell rings."""
        if self._stopping:
            return None
        now = _monotonic()
        delay = max(self._pace.wait(now), self._paused_until - now)
        if delay > 0:
            return delay
        job = self._outbox.reserve(self.name)
        if job is None:
            return self._outbox.next_due_s(self.name)
        self._sending = True
        try:
            await self._send(job)
        finally:
            self._sending = False
            self._outbox.release(self.name)
        return 0

    async def _send(self, job: Job) -> None:
        rules = self._rules()
        encoded = pdu.submit(
            job.number,
            job.text,
            job.encoding,
            validity=timedelta(hours=rules.validity_h),
            concatenation=job.concatenation,
        )
        claims: list[Claim] = []

        def hand_over() -> None:
            claims.append(self._outbox.claim(job, self.name))
            self._pace.spend(_monotonic())

        try:
            reference = await self._port.submit(
                encoded.length,
                encoded.hex,
                hand_over=hand_over,
                prompt_timeout=rules.command_timeout_s,
                answer_timeout=rules.submit_timeout_s,
            )
        except NoLongerQueued:
            return
        except (NotHandedOver, AtClosed, AtOutOfStep) as error:
            self._not_taken(job, error)
            if not isinstance(error, NotHandedOver):
                raise
        except AtRefused as refused:
            log.warning("%s: part %d refused: %s", self.name, job.segment, refused)
            self._outbox.refused(claims[0], str(refused), refused.code)
        except OutcomeUnknown as error:
            log.warning("%s: part %d is uncertain: %s", self.name, job.segment, error)
            self._outbox.unknown(claims[0], str(error))
            if isinstance(error.__cause__, AtClosed | AtOutOfStep):
                raise error.__cause__ from error
        except asyncio.CancelledError:
            if claims:
                self._outbox.unknown(claims[0], "the modem daemon was stopped during the submit")
            raise
        else:
            self._pauses = 0
            self._outbox.submitted(claims[0], reference)

    def _not_taken(self, job: Job, error: AtError) -> None:
        """The modem did not take the text: it was not sent. Others get their turn, the modem a growing pause."""
        log.warning("%s: part %d was not taken: %s", self.name, job.segment, error)
        self._outbox.not_taken(job, str(error))
        self._pauses += 1
        self._paused_until = _monotonic() + min(PAUSE_MAX_S, 0.1 * 2**self._pauses)

    def _late_reference(self, reference: int) -> None:
        if self._outbox.late_reference(self.name, reference):
            log.info("%s: the lost answer of a submit came after all", self.name)

    def _uncertain(self) -> float | None:
        """How often to look for reports while a part is uncertain, in seconds; None when none is."""
        return self._rules().report_window_s / 5 if self._outbox.uncertain(self.name) else None

    async def _command(self, command: str) -> list[str]:
        return await self._port.command(command, timeout=self._rules().command_timeout_s)

    async def _try(self, command: str) -> list[str] | None:
        """A command that a modem may not know: None when it refuses."""
        try:
            return await self._command(command)
        except AtRefused as refused:
            log.debug("%s: %s", self.name, refused)
            return None


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
