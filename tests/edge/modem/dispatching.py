"""What decides about parts, on a ledger of its own and a clock that can be set: no port, no waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from edge.modem.bell import Bell
from edge.modem.pdu.parts import split
from edge.modem.sending.age import Age
from edge.modem.sending.allowance import Permission
from edge.modem.sending.dispatch import Claim, Dispatch
from edge.modem.sending.expiry import Expiry
from edge.modem.sending.outbox import Outbox
from edge.modem.sending.settling import Settling
from edge.modem.store.schema import STEPS
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import Fate, Segment, SmsSeverity
from edge.shared.model import ModemSection

WINDOW = timedelta(seconds=120)
ANY = Permission(severities=tuple(SmsSeverity), wait_s=None, newcomers=True)


class Desk:
    """Puts messages in, and hands parts to modems as their sessions do."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger(folder / "modem.db", STEPS)
        self.boot, self.disciplined = "first boot", False
        self.start()

    def start(self) -> None:
        """As at each start of the daemon."""
        self.age = Age(self.ledger, self.clock, self.boot, lambda: self.disciplined)
        self.outbox = Outbox(self.ledger, self.clock, Bell(), self.age)
        self.outbox.follow(ModemSection(wait_h=6.0))
        self.expiry = Expiry(self.ledger, self.clock, Bell(), self.age)
        self.dispatch = Dispatch(self.ledger, self.clock, Bell(), self.age)
        self.settling = Settling(self.ledger, self.clock, Bell(), self.age)

    def reboot(self, *, uptime_s: float = 20.0, wall: datetime | None = None) -> None:
        """The machine starts again and the daemon with it; wall: what its clock says then, else that it went on."""
        now = (self.clock.now() if wall is None else wall) - timedelta(seconds=uptime_s)
        self.clock = VirtualClock(now, timedelta(seconds=uptime_s))
        self.boot += "+"
        self.start()

    def put(
        self, text: str, number: str = "+33612345678", *, request_id: str | None = None, validity_s: float | None = None
    ) -> int:
        """Queue a message; its number."""
        validity = None if validity_s is None else timedelta(seconds=validity_s)
        return self.outbox.put(number, text, split(text), request_id or text, validity=validity)[0].id

    def has_work(self) -> bool:
        """Whether m1 would be given a part."""
        job = self.dispatch.reserve("m1", "m1", ANY)
        self.dispatch.release("m1")
        return job is not None

    def care(self) -> None:
        """What the fleet does once a second."""
        self.age.look()
        for _ in self.expiry.end_due():
            pass

    def withdraw(self, *messages: int, beginning: str | None = None) -> list[Fate]:
        """Take messages back; what became of each, newest first."""
        meant = self.outbox.ids(messages, [], beginning)
        self.expiry.withdraw(meant, beginning)
        self.care()
        return [each.fate for each in self.outbox.withdrawals(meant)]

    def states(self) -> list[tuple[str, bool]]:
        """Each part of each message, in order: its state, and whether it may have left though it ended."""
        rows = self.ledger.read("SELECT state, may_have_left FROM segments ORDER BY id")
        return [(row["state"], bool(row["may_have_left"])) for row in rows]

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
