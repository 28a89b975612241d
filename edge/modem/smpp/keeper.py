"""Keeps one SMPP gateway at work: connects, binds, hands parts over in a window, and starts anew when it is lost."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import dataclass, field

from edge.modem.bell import first_of
from edge.modem.gateway import LOOK_EVERY_S, GatewayKeeper
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.sending.dispatch import Claim
from edge.modem.sending.outcomes import Answer, NotTaken, Receipt, Refusal, Taken, Unanswered
from edge.modem.smpp import pdu, receipt, status, text
from edge.modem.smpp.link import BindRefused, Link, LinkFailed
from edge.modem.smpp.pdu import Command, Malformed, Pdu
from edge.shared.messages.modem import GatewayState
from edge.shared.model import Gateway, ModemSection

log = logging.getLogger(__name__)

CANNOT_READ = 0x65  # ESME_RX_P_APPN: do not send it again
UNKNOWN_COMMAND = 0x03  # ESME_RINVCMDID


@dataclass
class _Came:
    """What one look at the connection brought."""

    answers: list[Answer] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Pdu] = field(default_factory=list)  # sent only after the commit


@dataclass
class _Flight:
    """The parts that wait for their answer on one connection."""

    parts: dict[int, tuple[Claim, float]] = field(default_factory=dict)  # sequence -> claim, when sent
    heard: float = 0.0
    enquired: float | None = None
    ending: str | None = None  # why the connection is left as soon as its parts are answered


class SmppKeeper(GatewayKeeper):
    """One SMPP gateway of the settings."""

    def __init__(self, gateway: Gateway, rules: ModemSection, office: Office) -> None:
        super().__init__(gateway, rules, office)
        self._idle = asyncio.Event()
        self._idle.set()
        self._flight = _Flight()

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return f"{self.gateway.host}:{self.gateway.port}"

    @property
    def in_flight(self) -> int:
        """Parts handed over and not yet answered."""
        return len(self._flight.parts)

    async def run(self) -> None:
        """Work for ever. Never raises for anything a gateway does."""
        delay = self.rules.reconnect_min_s
        while True:
            try:
                link = await Link.open(self.gateway)
            except BindRefused as error:
                # Asked often, an account is closed for good by some.
                delay = self.rules.reconnect_max_s
                self._is_away(GatewayState.REFUSED, "gateway_refused", str(error))
            except LinkFailed as error:
                self._is_away(GatewayState.UNREACHABLE, "gateway_unreachable", str(error))
            else:
                delay = self.rules.reconnect_min_s
                try:
                    await self._use(link)
                except sqlite3.Error as error:  # a full or failing disk: nothing leaves that cannot be written down
                    self._is_away(GatewayState.UNREACHABLE, "no_storage", str(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, self.rules.reconnect_max_s)

    async def wind_down(self, within_s: float) -> None:
        """Hand over nothing more, and give what is in flight time to be answered."""
        self._stopping = True
        self._office.bell.ring()
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%s: stopped with parts in flight", self.gateway.name)

    # -- one connection -----------------------------------------------------------------------------------------

    async def _use(self, link: Link) -> None:
        self._log.say(
            logging.INFO, "bound", "%s: bound at %s:%d", self.gateway.name, self.gateway.host, self.gateway.port
        )
        # What a session before this one could not write down.
        self._office.settling.recover(self.gateway.name)
        self.trouble = None
        self._listening_since = self._office.settling.now_s()
        flight = self._flight = _Flight(heard=monotonic())
        why = "the modem daemon was stopped"
        try:
            await self._work(link, flight)
        except LinkFailed as error:
            why = str(error)
            self._is_away(GatewayState.UNREACHABLE, "gateway_unreachable", why)
        finally:
            link.close()
            self._office.routes.gateway(self.gateway.name, is_open=False)
            lost = [Unanswered(claim, why) for claim, _ in flight.parts.values()]
            if lost:
                self._log.warning("uncertain", "%s: %d parts are uncertain: %s", self.gateway.name, len(lost), why)
            flight.parts.clear()
            self._idle.set()
            self._office.handover.turn(self.gateway.name, self._office.routes.policy(), lost, [], 0)

    async def _work(self, link: Link, flight: _Flight) -> None:
        """Raises LinkFailed."""
        look_at = 0.0
        while True:
            looked = monotonic()
            came = self._sort(link.take(), flight)
            self._note_state()
            claims = self._office.handover.turn(
                self.gateway.name, self._office.routes.policy(), came.answers, came.receipts, self._room(flight)
            )
            rings = self._office.bell.rings
            for reply in came.replies:
                link.answer(reply)
            for claim in claims:
                self._submit(link, flight, claim)
            if not flight.parts:
                self._idle.set()
            if link.broken is not None:
                raise LinkFailed(link.broken)
            if flight.ending is not None and not flight.parts:
                raise LinkFailed(flight.ending)
            now = monotonic()
            if now >= look_at:
                self._resend_unreported()
                look_at = now + LOOK_EVERY_S
            # A slow disk may have held all this up: what came meanwhile is not heard yet, and no silence.
            self._listen(link, flight, looked)
            await self._wait(link, rings, self._delay(flight, now))

    def _submit(self, link: Link, flight: _Flight, claim: Claim) -> None:
        self._idle.clear()
        self._throttle.spend(monotonic())
        job = claim.job
        part = text.Part(
            job.number,
            job.text,
            job.encoding,
            job.concatenation,
            self._office.age.left(job.expires_s, job.network_s),
            claim.attempt,
        )
        body = text.submit(part, self.gateway.sender, self.gateway.country_code).encode()
        flight.parts[link.send(Command.SUBMIT_SM, body)] = (claim, monotonic())

    def _room(self, flight: _Flight) -> int:
        if self._stopping or flight.ending is not None:
            return 0
        return self._throttle.room(monotonic(), self.gateway.window - len(flight.parts), len(flight.parts))

    def _sort(self, pdus: list[Pdu], flight: _Flight) -> _Came:
        came = _Came()
        if pdus:
            flight.heard, flight.enquired = monotonic(), None
        for each in pdus:
            if each.command in (Command.SUBMIT_SM_RESP, Command.GENERIC_NACK):
                self._answered(each, flight, came)
            elif each.command == Command.DELIVER_SM:
                self._delivered(each, came)
            elif each.command in (Command.ENQUIRE_LINK, Command.UNBIND):
                came.replies.append(each.answer())
                if each.command == Command.UNBIND:
                    flight.ending = "the gateway unbound"
            elif not each.command & pdu.RESPONSE:
                came.replies.append(Pdu(Command.GENERIC_NACK, each.sequence, status=UNKNOWN_COMMAND))
        return came

    def _answered(self, answer: Pdu, flight: _Flight, came: _Came) -> None:
        claim, _ = flight.parts.pop(answer.sequence, (None, 0.0))
        if claim is None:
            log.debug("%s: an answer to nothing asked (%d)", self.gateway.name, answer.sequence)
        elif answer.status or answer.command == Command.GENERIC_NACK:
            # What it could not read at all says nothing of the number or the text.
            refusal = Refusal.PASSING if answer.command == Command.GENERIC_NACK else status.judge(answer.status)
            if answer.status == status.NOT_BOUND:
                flight.ending = "it forgot the bind"
            self._refused(claim, refusal, status.name(answer.status))
            came.answers.append(NotTaken(claim, refusal, status.name(answer.status)))
        else:
            self._throttle.taken(monotonic())
            came.answers.append(Taken(claim, _message_id(answer.body)))

    def _refused(self, claim: Claim, refusal: Refusal, error: str) -> None:
        if refusal is Refusal.SLOWER:
            self._throttle.slower(monotonic())
        else:
            self._log.warning("refused", "%s: part %d refused: %s", self.gateway.name, claim.job.segment, error)
        if refusal is Refusal.LASTING:
            self._refusal = (monotonic(), error)

    def _delivered(self, request: Pdu, came: _Came) -> None:
        try:
            message = pdu.decode_message(request.body)
        except Malformed as error:
            self._log.warning("unreadable", "%s: a deliver_sm that cannot be read: %s", self.gateway.name, error)
            came.replies.append(request.answer(b"\0", CANNOT_READ))
            return
        found = receipt.read(message)
        if found is not None:
            came.receipts.append(found)
        else:
            received = text.received(message, self._office.clock.now())
            self._office.inbox.take_received(self.gateway.name, received)
        came.replies.append(request.answer(b"\0"))

    # -- time ---------------------------------------------------------------------------------------------------

    def _listen(self, link: Link, flight: _Flight, now: float) -> None:
        """now: when we last looked what came. Raises LinkFailed: it hangs, or the connection is open at this end only."""
        patience = self.gateway.answer_timeout_s
        oldest = min((sent for _, sent in flight.parts.values()), default=now)
        if now - oldest >= patience:
            raise LinkFailed(f"no answer to a submit in {patience:g} s")
        if flight.enquired is not None and now - flight.enquired >= patience:
            raise LinkFailed(f"no answer to enquire_link in {patience:g} s")
        if flight.enquired is None and now - flight.heard >= self.gateway.enquire_s:
            link.send(Command.ENQUIRE_LINK)
            flight.enquired = monotonic()

    def _delay(self, flight: _Flight, now: float) -> float:
        """Seconds until something is due though nothing comes."""
        delays = [LOOK_EVERY_S, self._throttle.wait(now) or LOOK_EVERY_S]
        delays += [sent + self.gateway.answer_timeout_s - now for _, sent in list(flight.parts.values())[:1]]
        due = self._office.dispatch.next_due_s(self.gateway.name)
        return max(0.001, min(delays if due is None else [*delays, due]))

    async def _wait(self, link: Link, rings: int, delay: float) -> None:
        await first_of(link.wait(), self._office.bell.wait_past(rings), timeout=delay)


def _message_id(body: bytes) -> str | None:
    try:
        return receipt.plain(pdu.message_id(body))
    except Malformed:
        return None  # taken all the same; its receipt is matched by phone
