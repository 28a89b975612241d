"""What all modems share."""

from __future__ import annotations

from dataclasses import dataclass

from edge.modem.bell import Bell
from edge.modem.calls.book import CallBook
from edge.modem.panel_link import PanelLink
from edge.modem.radio.log import RadioLog
from edge.modem.receiving.inbox import Inbox
from edge.modem.sending.age import Age
from edge.modem.sending.allowance import Allowance
from edge.modem.sending.dispatch import Dispatch
from edge.modem.sending.expiry import Expiry
from edge.modem.sending.handover import Handover
from edge.modem.sending.outbox import Outbox
from edge.modem.sending.route import Routes
from edge.modem.sending.self_test import SelfTests
from edge.modem.sending.settling import Settling
from edge.modem.sim.book import SimBook
from edge.shared import timex
from edge.shared.broadcast import Broadcast
from edge.shared.clock import Clock, boot_id
from edge.shared.ledger import Ledger
from edge.shared.messages.modem_calls import CallEvent


@dataclass(frozen=True)
class Office:
    """The one outbox and inbox, the bell that rings at their changes, the clock, and who can take a modem's power away."""

    age: Age
    outbox: Outbox
    expiry: Expiry
    dispatch: Dispatch
    handover: Handover
    routes: Routes
    settling: Settling
    allowance: Allowance
    inbox: Inbox
    self_tests: SelfTests
    calls: CallBook
    call_news: Broadcast[CallEvent | None]
    sims: SimBook
    radio: RadioLog
    bell: Bell
    clock: Clock
    panel: PanelLink


def open_office(ledger: Ledger, clock: Clock, bell: Bell, panel: PanelLink) -> Office:
    """Everything that stands on one ledger."""
    age = Age(ledger, clock, boot_id(), timex.synchronised)
    settling = Settling(ledger, clock, bell, age)
    self_tests = SelfTests(ledger, clock)
    dispatch = Dispatch(ledger, clock, bell, age)
    return Office(
        age=age,
        outbox=Outbox(ledger, clock, bell, age),
        expiry=Expiry(ledger, clock, bell, age),
        dispatch=dispatch,
        handover=Handover(ledger, clock, bell, age, dispatch),
        routes=Routes(bell),
        settling=settling,
        allowance=Allowance(ledger, clock),
        inbox=Inbox(ledger, clock, bell, settling.apply_report, self_tests.take),
        self_tests=self_tests,
        sims=SimBook(ledger, clock),
        calls=CallBook(ledger, clock),
        call_news=Broadcast(None),
        radio=RadioLog(ledger, clock),
        bell=bell,
        clock=clock,
        panel=panel,
    )
