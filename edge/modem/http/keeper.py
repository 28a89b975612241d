"""Keeps one HTTP gateway at work: a request for each message, several at a time, and its reports asked for until they come."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from edge.modem.bell import first_of
from edge.modem.gateway import LOOK_EVERY_S, GatewayKeeper
from edge.modem.http import ovh, template
from edge.modem.http.call import Answered, NoAnswer, NotSent, Unsendable, call, reach
from edge.modem.http.template import Request
from edge.modem.monotonic import monotonic
from edge.modem.numbers import international
from edge.modem.office import Office
from edge.modem.sending.dispatch import Claim
from edge.modem.sending.outcomes import DELIVERED, FAILED, Answer, NotTaken, Receipt, Refusal, Taken, Unanswered
from edge.shared.messages.modem import GatewayState
from edge.shared.model import Gateway, HttpCall, HttpProfile, ModemSection
from edge.shared.model.gateways_http import SEND_PLACES

log = logging.getLogger(__name__)

POLL_MAX_S = 600.0
POLLS_AT_ONCE = 4
ASKED_FOR = timedelta(days=3)  # the longest a network tries
NOT_TAKEN = frozenset({429, 503})  # too many, or closed for now: both say that nothing was done
ACCOUNT = frozenset({401, 403})


@dataclass
class _Poll:
    """When a report is asked for next."""

    due: float
    every: float


class HttpKeeper(GatewayKeeper):
    """One HTTP gateway of the settings."""

    def __init__(self, gateway: Gateway, rules: ModemSection, office: Office) -> None:
        super().__init__(gateway, rules, office)
        assert gateway.http is not None
        self._http = ovh.rules(gateway.http) if gateway.http.profile is HttpProfile.OVH else gateway.http
        self._answers: list[Answer] = []
        self._came = asyncio.Event()
        self._sending: dict[asyncio.Task[None], Sequence[Claim]] = {}
        self._polls: dict[str, _Poll] = {}
        self._polling: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return self._send_call.url.partition("?")[0]

    @property
    def in_flight(self) -> int:
        """Parts handed over and not yet answered."""
        return sum(map(len, self._sending.values()))

    @property
    def _send_call(self) -> HttpCall:
        assert self._http.send is not None  # the settings' rules
        return self._http.send

    async def run(self) -> None:
        """Work for ever. Never raises for anything a gateway does."""
        delay = self.rules.reconnect_min_s
        try:
            while True:
                try:
                    await reach(self._reached_url(), self.gateway.tls_ca, self.gateway.answer_timeout_s)
                except NotSent as error:
                    self._is_away(GatewayState.UNREACHABLE, "gateway_unreachable", str(error))
                else:
                    delay = self.rules.reconnect_min_s
                    try:
                        await self._work()
                    except sqlite3.Error as error:  # a full or failing disk: nothing leaves that cannot be written down
                        self._is_away(GatewayState.UNREACHABLE, "no_storage", str(error))
                        self._office.routes.gateway(self.gateway.name, is_open=False)
                        if self._sending:
                            await asyncio.wait(list(self._sending))
                    if self.state is GatewayState.REFUSED:
                        delay = self.rules.reconnect_max_s
                await asyncio.sleep(delay)
                delay = min(delay * 2, self.rules.reconnect_max_s)
        finally:
            self._end("the modem daemon was stopped")

    async def wind_down(self, within_s: float) -> None:
        """Begin no further request, and give those under way time to be answered."""
        self._stopping = True
        if self._sending:
            await asyncio.wait(list(self._sending), timeout=within_s)
        self._turn(0)

    # -- while it is reachable ----------------------------------------------------------------------------------

    async def _work(self) -> None:
        # What a session before this one could not write down.
        self._office.settling.recover(self.gateway.name)
        self.trouble = None
        self._listening_since = self._listening_since or self._office.settling.now_s()
        look_at = 0.0
        while self.trouble is None:
            self._note_state()
            room = 0 if self._stopping else self._throttle.room(monotonic(), self._free(), self.in_flight)
            claims = self._turn(room)
            rings = self._office.bell.rings
            for _message, parts in itertools.groupby(claims, key=lambda claim: claim.job.message):
                self._begin(list(parts))
            now = monotonic()
            if now >= look_at:
                if self._polling is None or self._polling.done():
                    self._polling = asyncio.create_task(self._poll(now))
                self._resend_unreported()
                look_at = now + LOOK_EVERY_S
            await self._wait(rings)
        self._office.routes.gateway(self.gateway.name, is_open=False)
        # What is under way still has its answer to come.
        if self._sending:
            await asyncio.wait(list(self._sending))
        self._turn(0)

    def _free(self) -> int:
        return self.gateway.window - len(self._sending)

    def _turn(self, room: int) -> list[Claim]:
        answers, self._answers = self._answers, []
        self._came.clear()
        policy = self._office.routes.policy()
        return self._office.handover.turn(self.gateway.name, policy, answers, [], room, whole=True)

    def _begin(self, parts: Sequence[Claim]) -> None:
        self._throttle.spend(monotonic())
        task = asyncio.create_task(self._send(parts))
        self._sending[task] = parts
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._sending.pop(task, None)
        self._came.set()

    async def _send(self, parts: Sequence[Claim]) -> None:
        job = parts[0].job
        number = international(job.number, self.gateway.country_code)
        left = self._office.age.left(job.expires_s, job.network_s)
        request = self._signed(
            self._send_call,
            number=number,
            digits=number.removeprefix("+"),
            text="".join(claim.job.text for claim in parts),
            reference=str(parts[0].attempt),
            validity_minutes=str(max(1, -int(-left.total_seconds() // 60))),
        )
        try:
            answered = await call(request, self.gateway.tls_ca, self.gateway.answer_timeout_s)
        except NotSent as error:
            self._is_away(GatewayState.UNREACHABLE, "gateway_unreachable", str(error))
            self._settle(parts, Refusal.SLOWER, str(error))
        except NoAnswer as error:
            self._unanswered(parts, str(error))
        except Unsendable as error:
            self._refused(parts, str(error))
        else:
            self._answered(parts, answered)

    def _answered(self, parts: Sequence[Claim], answered: Answered) -> None:
        said = f"HTTP {answered.status}"
        if answered.status < 300:
            self._said_yes(parts, answered)
        elif answered.status in ACCOUNT:
            self._account = said
            self._is_away(GatewayState.REFUSED, "gateway_refused", said)
            self._settle(parts, Refusal.SLOWER, said)
        elif answered.status in NOT_TAKEN:
            self._throttle.slower(monotonic())
            self._settle(parts, Refusal.SLOWER, said)
        elif answered.status >= 500:
            self._unanswered(parts, said)  # it broke while it worked on the request
        else:
            self._refused(parts, said)

    def _said_yes(self, parts: Sequence[Claim], answered: Answered) -> None:
        """Taken, if that is this API's answer. Without the id no report would ever tell that nobody has the message."""
        found = template.find(answered.body, self._http.id_path)
        strange = None
        if template.is_page(answered.body):
            strange = "a web page for an answer"
        elif found is None and self._http.report is not None and answered.status != HTTPStatus.NO_CONTENT:
            strange = f"no {self._http.id_path} in the answer"
        if strange is None:
            self._throttle.taken(monotonic())
            self._account = None
            self._answers += [Taken(claim, found) for claim in parts]
        else:
            self._refused(parts, f"HTTP {answered.status}: {strange}", in_doubt=True)

    def _refused(self, parts: Sequence[Claim], said: str, *, in_doubt: bool = False) -> None:
        self._log.warning("refused", "%s: message %d refused: %s", self.gateway.name, parts[0].job.message, said)
        self._refusal = (monotonic(), said)
        self._answers += [NotTaken(claim, Refusal.LASTING, said, in_doubt) for claim in parts]

    def _unanswered(self, parts: Sequence[Claim], error: str) -> None:
        """Nobody knows. One that hangs must not swallow message after message: it gets one at a time, ever more rarely."""
        self._log.warning(
            "uncertain", "%s: message %d is uncertain: %s", self.gateway.name, parts[0].job.message, error
        )
        self._throttle.slower(monotonic())
        self._answers += [Unanswered(claim, error) for claim in parts]

    def _settle(self, parts: Sequence[Claim], refusal: Refusal, error: str) -> None:
        self._answers += [NotTaken(claim, refusal, error) for claim in parts]

    # -- reports ------------------------------------------------------------------------------------------------

    async def _poll(self, now: float) -> None:
        """Ask for the reports that are due, each ever more rarely."""
        if self._http.report is None:
            return
        since = self._office.clock.now() - ASKED_FOR
        wanted = self._office.handover.unreported(self.gateway.name, since)
        self._polls = {each: self._polls.get(each) or _Poll(now, self._http.poll_s) for each in wanted}
        due = sorted((poll.due, each) for each, poll in self._polls.items() if poll.due <= now)[:POLLS_AT_ONCE]
        await asyncio.gather(*(self._ask(each) for _due, each in due))

    async def _ask(self, each: str) -> None:
        assert self._http.report is not None
        poll = self._polls[each]
        poll.due, poll.every = monotonic() + poll.every, min(POLL_MAX_S, poll.every * 2)
        try:
            answered = await call(
                self._signed(self._http.report, id=each), self.gateway.tls_ca, self.gateway.answer_timeout_s
            )
        except (NotSent, NoAnswer, Unsendable) as error:
            log.debug("%s: no report of %s: %s", self.gateway.name, each, error)
            return
        state = template.find(answered.body, self._http.state_path) if answered.status < 300 else None
        if state in self._http.delivered:
            self._office.handover.report(self.gateway.name, Receipt(each, (), DELIVERED))
        elif state in self._http.failed:
            self._office.handover.report(self.gateway.name, Receipt(each, (), FAILED, state))

    def _signed(self, template_call: HttpCall, **values: str) -> Request:
        fixed = {"account": self.gateway.account, "password": self.gateway.password, "sender": self.gateway.sender}
        request = template.fill(template_call, {**fixed, **values})
        if self._http.profile is HttpProfile.OVH:
            return ovh.signed(request, self._http, self.gateway.password, int(time.time()))
        return request

    # -- time ---------------------------------------------------------------------------------------------------

    async def _wait(self, rings: int) -> None:
        delay = min(LOOK_EVERY_S, max(0.001, self._throttle.wait(monotonic()) or LOOK_EVERY_S))
        await first_of(self._came.wait(), self._office.bell.wait_past(rings), timeout=delay)

    def _is_away(self, state: GatewayState, kind: str, reason: str) -> None:
        super()._is_away(state, kind, reason)
        self._came.set()

    def _end(self, why: str) -> None:
        self._office.routes.gateway(self.gateway.name, is_open=False)
        if self._polling is not None:
            self._polling.cancel()
        for task, parts in list(self._sending.items()):
            task.cancel()
            self._answers += [Unanswered(claim, why) for claim in parts]
        self._sending.clear()
        self._turn(0)

    def _reached_url(self) -> str:
        return template.fill(self._send_call, dict.fromkeys(SEND_PLACES, "0")).url
