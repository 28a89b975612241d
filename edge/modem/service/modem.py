"""fr.repli.modem: what other daemons and the command line may ask."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

from edge.modem.fleet import Fleet
from edge.modem.numbers import dialled
from edge.modem.office import Office
from edge.modem.pdu.parts import TooManyParts, UnsendableCharacter, split
from edge.modem.sending.outbox import RequestIdTaken
from edge.shared.messages import modem as messages
from edge.shared.messages.common import STATUS, DaemonStatus, state_of
from edge.shared.messages.modem import (
    EstimateParams,
    EstimateResult,
    InboxParams,
    InboxResult,
    ModemEvent,
    ModemsResult,
    ModemState,
    OutboxParams,
    OutboxResult,
    SendParams,
    SendResult,
    WatchParams,
    WithdrawParams,
    WithdrawResult,
)
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams

log = logging.getLogger(__name__)

REPLAY_AT_ONCE = 100


class ModemService:
    """Answers for the modem daemon."""

    def __init__(self, fleet: Fleet, office: Office) -> None:
        self._fleet = fleet
        self._outbox = office.outbox
        self._expiry = office.expiry
        self._inbox = office.inbox
        self._bell = office.bell
        self._clock = office.clock

    def serve_on(self, server: Server) -> None:
        """Register every method."""
        server.on(STATUS, self.status)
        server.on(messages.LIST, self.list_modems)
        server.on(messages.SEND, self.send)
        server.on(messages.WITHDRAW, self.withdraw)
        server.on(messages.OUTBOX, self.outbox)
        server.on(messages.INBOX, self.inbox)
        server.on(messages.ESTIMATE, self.estimate)
        server.on_stream(messages.WATCH, self.watch)

    async def status(self, _params: NoParams, _caller: Caller) -> DaemonStatus:
        """Figures for `repli status`: modems ready, best signal, parts waiting; sent and expired since midnight UTC."""
        modems = self._fleet.modems()
        issues = self._fleet.issues()
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        ready = [modem for modem in modems if modem.state is ModemState.READY]
        summary = {
            "modems": str(len(modems)),
            "ready": str(len(ready)),
            "queued": str(self._outbox.waiting()),
            "sent_today": str(self._outbox.accepted_since(midnight)),
            "expired_today": str(self._outbox.expired_since(midnight)),
        }
        signals = [modem.signal_dbm for modem in ready if modem.signal_dbm is not None]
        if signals:
            summary["signal_dbm"] = str(max(signals))
        return DaemonStatus(daemon="modem", state=state_of(issues), summary=summary, issues=issues)

    async def list_modems(self, _params: NoParams, _caller: Caller) -> ModemsResult:
        """All modems as they are now."""
        return ModemsResult(modems=self._fleet.modems(), gateways=self._fleet.gateways.listed())

    async def send(self, params: SendParams, _caller: Caller) -> SendResult:
        """Queue a message; it is on disk when this answers."""
        number = dialled(params.number)
        if number is None:
            raise Refused(messages.NumberRefused(number=params.number))
        try:
            message, repeated = self._outbox.put(
                number,
                params.text,
                split(params.text),
                params.request_id,
                params.severity,
                validity=None if params.validity_s is None else timedelta(seconds=params.validity_s),
            )
        except UnsendableCharacter as error:
            raise Refused(messages.CharacterRefused(character=error.code, place=error.place)) from error
        except TooManyParts as error:
            raise Refused(messages.TextRefused(segments=error.parts)) from error
        except RequestIdTaken as error:
            raise Refused(messages.RequestIdReused(request_id=params.request_id)) from error
        return SendResult(message=message, repeated=repeated)

    async def withdraw(self, params: WithdrawParams, caller: Caller) -> WithdrawResult:
        """Take messages back; what has not left never leaves once this answers."""
        if not (params.messages or params.request_ids or params.beginning):
            raise Refused(messages.NothingNamed())
        meant = self._outbox.ids(params.messages, params.request_ids, params.beginning)
        self._expiry.withdraw(meant, params.beginning)
        for _ in self._expiry.end_due():
            await asyncio.sleep(0)
        found = self._outbox.withdrawals(meant)
        counts = Counter(each.fate.value for each in found)
        log.warning("%s took messages back: %s", caller.user, dict(counts))
        return WithdrawResult(messages=found[: messages.WITHDRAW_MAX], counts=dict(counts))

    async def outbox(self, params: OutboxParams, _caller: Caller) -> OutboxResult:
        """Messages and the states of their parts."""
        messages = self._outbox.entries(limit=params.limit, request_id=params.request_id, states=params.states)
        return OutboxResult(messages=messages, change=self._outbox.newest_change())

    async def inbox(self, params: InboxParams, _caller: Caller) -> InboxResult:
        """Messages received."""
        return InboxResult(
            messages=self._inbox.after(params.after, params.limit), aside=self._inbox.aside(params.aside)
        )

    async def estimate(self, params: EstimateParams, _caller: Caller) -> EstimateResult:
        """How long messages would take; nothing is sent."""
        return self._fleet.estimate(params)

    async def watch(self, params: WatchParams, _caller: Caller) -> AsyncIterator[ModemEvent]:
        """What happened after the reader's cursors, each message in its newest state, then what happens."""
        change, seq = params.changes_after, params.inbox_after
        while True:
            rings = self._bell.rings
            changes = self._outbox.changes_after(change, REPLAY_AT_ONCE)
            received = self._inbox.after(seq, REPLAY_AT_ONCE)
            for item in changes:
                change = item.change
                yield ModemEvent(outbox=item)
            for sms in received:
                seq = sms.seq
                yield ModemEvent(inbound=sms)
            if not changes and not received:
                await self._bell.wait_past(rings)
