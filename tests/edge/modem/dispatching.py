"""What decides about parts, on a ledger of its own and a clock that can be set: no port, no waiting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from edge.modem.bell import Bell
from edge.modem.pdu.parts import split
from edge.modem.sending.allowance import Permission
from edge.modem.sending.dispatch import Claim, Dispatch
from edge.modem.sending.outbox import Outbox
from edge.modem.sending.settling import Settling
from edge.modem.store.schema import STEPS
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import Segment, SmsSeverity

WINDOW = timedelta(seconds=120)
ANY = Permission(severities=tuple(SmsSeverity), wait_s=None, newcomers=True)


class Desk:
    """Puts messages in, and hands parts to modems as their sessions do."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger(folder / "modem.db", STEPS)
        self.outbox = Outbox(self.ledger, self.clock, Bell())
        self.dispatch = Dispatch(self.ledger, self.clock, Bell())
        self.settling = Settling(self.ledger, self.clock, Bell())

    def put(self, text: str, number: str = "+33612345678") -> None:
        """Queue a message."""
        self.outbox.put(number, text, split(text), text)

    def hand_over(self, modem: str = "m1", *, sim: str | None = None) -> Claim:
        """Claim the next part for a modem; each is its own SIM unless told."""
        job = self.dispatch.reserve(modem, sim or modem, ANY)
        assert job is not None
        claim = self.dispatch.claim(job, modem, sim or modem)
        self.dispatch.release(modem)
        return claim

    def resend(self) -> int:
        """Parts of m1 whose window is over."""
        return self.settling.resend_unreported("m1", WINDOW, 0.0)

    def parts(self) -> list[Segment]:
        """Of the newest message."""
        return self.outbox.entries()[0].segments
