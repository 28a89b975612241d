"""Handing parts to one modem, one after another, each with its outcome on disk before the next."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable

from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.pdu import tpdu
from edge.modem.port.at import AtClosed, AtError, AtOutOfStep, AtPort, AtRefused, NotHandedOver, OutcomeUnknown
from edge.modem.seldom import Seldom
from edge.modem.sending.allowance import Permission
from edge.modem.sending.decision import LASTING
from edge.modem.sending.dispatch import Accepted, Claim, Job, NoLongerQueued
from edge.modem.sending.estimate import PART_S
from edge.shared.model import ModemDevice, ModemSection

log = logging.getLogger(__name__)

PAUSE_MAX_S = 10.0  # when the modem takes no message at all
KEEP_AFTER_S = 0.05  # how long the outcome of a part waits for the claim of the next
MEMORY = 0.2  # how much the newest part counts in the mean of what parts take
REFUSED_IN_A_ROW = 3  # parts
SILENT_MAX = 3  # submits in a row without an answer: it answers AT and is of no use


class Sender:
    """Sends through one port for as long as it is open."""

    def __init__(
        self, device: ModemDevice, port: AtPort, office: Office, rules: Callable[[], ModemSection], log: Seldom
    ) -> None:
        self.sim = device.name  # until the SIM says its IMSI
        self.part_s = PART_S
        self.refusal: int | None = None  # +CMS ERROR of the last part that was refused; None: the last one went
        self._device = device
        self._port = port
        self._office = office
        self._dispatch = office.dispatch
        self._rules = rules
        self._log = log
        self._stopping = False
        self._sending = False
        self._paused_until = 0.0
        self._pauses = 0
        self._silent = 0
        self._refused = 0
        self._numbers_refused: set[str] = set()  # since a part was accepted
        self._accepted: Accepted | None = None  # not on disk yet
        self._keeping: asyncio.TimerHandle | None = None

    async def next(self) -> float | None:
        """Send a part if there is one: 0. Else seconds until it is worth trying again, None for: when the bell rings.

        Raises AtClosed, AtOutOfStep.
        """
        if self._stopping:
            self._keep_accepted()
            return None
        pause = self._paused_until - monotonic()
        if pause > 0:
            return pause
        permission = self._permission()
        job = self._reserve(permission)
        if job is None:
            self._keep_accepted()
            waits = (self._dispatch.next_due_s(self._device.name), permission.wait_s)
            return min((wait for wait in waits if wait is not None), default=None)
        self._sending = True
        try:
            await self._send(job)
        finally:
            self._sending = False
            self._dispatch.release(self._device.name)
        return 0

    def may_send(self) -> bool:
        """Whether a part could go now."""
        if self._stopping or self._paused_until > monotonic():
            return False
        job = self._reserve(self._permission())
        self._dispatch.release(self._device.name)
        return job is not None

    async def wind_down(self, within_s: float) -> None:
        """Start no further part, and give the one under way time to be answered: else it would be uncertain."""
        self._stopping = True
        deadline = monotonic() + within_s
        while self._sending and monotonic() < deadline:  # noqa: ASYNC110 - the end of a process, once
            await asyncio.sleep(0.02)
        self._keep_accepted()

    def end(self) -> None:
        """The port is closed."""
        try:
            self._keep_accepted()
        except sqlite3.Error as error:
            # It stays claimed, which the next session takes for uncertain: its report tells.
            self._log.warning("not kept", "%s: what became of a part cannot be written: %s", self._device.name, error)

    def late_reference(self, reference: int) -> None:
        """The answer to a submit that was given up came after all."""
        if self._office.settling.late_reference(self._device.name, reference):
            log.info("%s: the lost answer of a submit came after all", self._device.name)

    def _permission(self) -> Permission:
        return self._office.allowance.permission(self.sim, self._device.recipients_per_month, self._rules())

    def _reserve(self, permission: Permission) -> Job | None:
        return self._dispatch.reserve(self._device.name, self.sim, permission, self._office.routes.open_to_modems())

    async def _send(self, job: Job) -> None:
        rules = self._rules()
        encoded = tpdu.submit(
            job.number,
            job.text,
            job.encoding,
            validity=self._office.age.left(job.expires_s, job.network_s),
            concatenation=job.concatenation,
        )
        claims: list[Claim] = []
        begun = monotonic()

        def hand_over() -> None:
            claims.append(self._dispatch.claim(job, self._device.name, self.sim, self._take_accepted()))
            self._office.allowance.spend(self.sim, job.severity, rules)

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
            self.refusal = getattr(error.__cause__, "sms_code", None)
            self._not_taken(job, error)
            if not isinstance(error, NotHandedOver):
                raise
        except AtRefused as refused:
            self.refusal = refused.sms_code
            self._log.warning("refused", "%s: part %d refused: %s", self._device.name, job.segment, refused)
            self._silent = 0
            self._network_refuses(job, refused.sms_code)
            self._dispatch.refused(
                claims[0], str(refused), refused.sms_code, in_doubt=self._in_doubt(claims[0]), others=self._others()
            )
        except OutcomeUnknown as error:
            self._log.warning("uncertain", "%s: part %d is uncertain: %s", self._device.name, job.segment, error)
            self._dispatch.unknown(claims[0], str(error))
            if isinstance(error.__cause__, AtClosed | AtOutOfStep):
                raise error.__cause__ from error
            self._silent += 1
            if self._silent >= SILENT_MAX:
                raise AtOutOfStep(f"{SILENT_MAX} submits in a row without an answer") from error
        except asyncio.CancelledError:
            if claims:
                self._dispatch.unknown(claims[0], "the modem daemon was stopped during the submit")
            raise
        else:
            self._pauses = self._silent = self._refused = 0
            self._numbers_refused.clear()
            self.refusal = None
            self.part_s += MEMORY * (monotonic() - begun - self.part_s)
            # Committed with the claim of the next part, or alone if there is none or its prompt takes long.
            self._accepted = Accepted(claims[0], reference)
            self._keeping = asyncio.get_running_loop().call_later(KEEP_AFTER_S, self._keep_accepted)

    def _take_accepted(self) -> Accepted | None:
        accepted, self._accepted = self._accepted, None
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        return accepted

    def _keep_accepted(self) -> None:
        accepted = self._take_accepted()
        if accepted is None:
            return
        try:
            self._dispatch.submitted(accepted)
        except sqlite3.Error:
            self._accepted = accepted  # for the next try: a timer's failure ends nothing
            raise

    def _not_taken(self, job: Job, error: AtError) -> None:
        """The modem did not take the text: it was not sent. Others get their turn, the modem a growing pause."""
        self._log.warning("not taken", "%s: part %d was not taken: %s", self._device.name, job.segment, error)
        self._dispatch.not_taken(job, str(error), others=self._others())
        self._pause()

    def _others(self) -> bool:
        return self._office.routes.modems_ready() > 1

    def _in_doubt(self, claim: Claim) -> bool:
        """Whether the refusal may be about this SIM: it is refused for several numbers and nothing goes, or another was
        not asked."""
        return len(self._numbers_refused) > 1 or self._dispatch.sims_refused(claim) < self._office.routes.modems_ready()

    def _network_refuses(self, job: Job, code: int | None) -> None:
        """What is not the number's fault will be refused for the next number, too: try ever more slowly."""
        self._numbers_refused.add(job.number)
        if code in LASTING and len(self._numbers_refused) == 1:
            return
        self._refused += 1
        if self._refused >= REFUSED_IN_A_ROW:
            self._pause()

    def _pause(self) -> None:
        self._pauses = min(self._pauses + 1, 10)
        self._paused_until = monotonic() + min(PAUSE_MAX_S, 0.1 * 2**self._pauses)
