"""What came in: messages whole, long ones joined from their parts, and status reports handed to the outbox.

A PDU is committed here before it is deleted from the modem; `taken` remembers it in between, so that a crash between
the two neither loses nor doubles it. What is no message from a person is kept aside.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from edge.modem.bell import Bell
from edge.modem.pdu import tpdu as codec
from edge.modem.pdu.tpdu import Deliver, Kind, PduError, StatusReport
from edge.modem.receiving import assembly
from edge.modem.receiving.assembly import Joined
from edge.modem.receiving.joining import MISSING_PART
from edge.modem.sending.rows import moment
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import AsideReason, InboundSms, SetAside

log = logging.getLogger(__name__)

# A centre that missed the acknowledgement delivers again, after 10 s at the soonest, with the same time stamp. Two texts
# that come closer together are two, however alike: fast senders and coarse time stamps are no repetition.
REPEATED_AFTER = timedelta(seconds=5)
# What no text of a person holds, and terminals or other readers may choke on.
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")

UseReport = Callable[[sqlite3.Connection, str, StatusReport], None]
IsOwn = Callable[[sqlite3.Connection, str], bool]


class Inbox:
    """All messages received, each with its seq. `bell` rings at every new one."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        bell: Bell,
        use_report: UseReport,
        is_own: IsOwn = lambda _db, _text: False,
    ) -> None:
        """is_own: whether a text is the box's own, sent to itself; in the transaction of its row."""
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._use_report = use_report
        self._is_own = is_own

    def after(self, seq: int, limit: int) -> list[InboundSms]:
        """Messages after a seq, oldest first."""
        rows = self._ledger.read("SELECT * FROM inbox WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
        return [InboundSms.model_validate(dict(row)) for row in rows]

    def aside(self, limit: int) -> list[SetAside]:
        """What came in and is no message from a person, newest first."""
        rows = self._ledger.read("SELECT * FROM aside ORDER BY id DESC LIMIT ?", limit)
        return [SetAside.model_validate(dict(row)) for row in rows]

    def unreadable_since(self, days: float) -> int:
        """How many PDUs of these last days nobody could read."""
        since = utc_text(self._clock.now() - timedelta(days=days))
        query = "SELECT count(*) FROM aside WHERE reason = 'unreadable' AND received_at > ?"
        return int(self._ledger.read(query, since)[0][0])

    def take(self, modem: str, storage: str, pdus: Mapping[int, str]) -> None:
        """Commit what a modem holds, place by place; it may be deleted there afterwards. One transaction for all."""
        with self._ledger.change() as db:
            for place, pdu in pdus.items():
                key = (modem, storage, place)
                query = "SELECT pdu FROM taken WHERE modem = ? AND storage = ? AND place = ?"
                known = db.execute(query, key).fetchone()
                if known is None or known["pdu"] != pdu:
                    statement = "INSERT OR REPLACE INTO taken (modem, storage, place, pdu) VALUES (?, ?, ?, ?)"
                    db.execute(statement, (*key, pdu))
                    self._use(db, modem, pdu)
        self._bell.ring()

    def take_pushed(self, modem: str, pdu: str) -> None:
        """Commit what a modem pushed (+CMT, +CDS) and does not hold."""
        with self._ledger.change() as db:
            self._use(db, modem, pdu)
        self._bell.ring()

    def take_received(self, gateway: str, received: Deliver) -> None:
        """Commit a message that a gateway handed over; it may be acknowledged there afterwards."""
        with self._ledger.change() as db:
            self._keep(db, gateway, received)
        self._bell.ring()

    def deleted(self, modem: str, storage: str, places: Iterable[int]) -> None:
        """The modem does not hold these any more."""
        with self._ledger.change() as db:
            db.executemany(
                "DELETE FROM taken WHERE modem = ? AND storage = ? AND place = ?",
                [(modem, storage, place) for place in places],
            )

    def show_incomplete(self) -> int:
        """Show long messages whose missing parts did not come. Returns how many."""
        now = self._clock.now()
        count = 0
        for message in assembly.overdue(self._ledger.connection, now):
            with self._ledger.change() as db:
                joined = assembly.give_up(db, message)
                if joined is not None:
                    self._show_joined(db, joined)
                    count += 1
        if count:
            self._bell.ring()
        return count

    def _use(self, db: sqlite3.Connection, modem: str, pdu: str) -> None:
        try:
            received = codec.decode(pdu, self._clock.now())
        except PduError as error:
            log.error("%s: a PDU cannot be read (%s); kept aside", modem, error)
            self._set_aside(db, AsideReason.UNREADABLE, modem, pdu=pdu)
            return
        if isinstance(received, StatusReport):
            self._use_report(db, modem, received)
        else:
            self._keep(db, modem, received, pdu)

    def _keep(self, db: sqlite3.Connection, modem: str, received: Deliver, pdu: str | None = None) -> None:
        if self._is_own(db, received.text):
            return
        if received.kind is not Kind.TEXT:
            reason = AsideReason(received.kind.value)
            self._set_aside(db, reason, modem, number=received.number, text=_clean(received.text), pdu=pdu)
        elif received.concatenation is None or received.concatenation.total == 1:
            self._show_single(db, received)
        else:
            joined = assembly.add(db, received, self._clock.now())
            if joined is not None:
                self._show_joined(db, joined)

    def _show_single(self, db: sqlite3.Connection, received: Deliver) -> None:
        text = received.text + (MISSING_PART if received.cut else "")
        sent_at = utc_text(received.sent_at)
        if not self._is_repeated(db, received.number, text, sent_at):
            self._show(db, received.number, text, sent_at, complete=not received.cut)

    def _is_repeated(self, db: sqlite3.Connection, number: str, text: str, sent_at: str) -> bool:
        rows = db.execute(
            "SELECT received_at FROM inbox WHERE number = ? AND sent_at = ? AND text = ?",
            (number, sent_at, _clean(text)),
        )
        now = self._clock.now()
        return any(abs(now - moment(row["received_at"])) >= REPEATED_AFTER for row in rows)

    def _show_joined(self, db: sqlite3.Connection, joined: Joined) -> None:
        if joined.replaces is not None:
            db.execute("DELETE FROM inbox WHERE seq = ?", (joined.replaces,))
        seq = self._show(
            db, joined.number, joined.text, joined.sent_at, complete=joined.complete, replaces=joined.replaces
        )
        assembly.shown(db, joined.id, seq)

    def _show(
        self,
        db: sqlite3.Connection,
        number: str,
        text: str,
        sent_at: str,
        *,
        complete: bool,
        replaces: int | None = None,
    ) -> int:
        cursor = db.execute(
            "INSERT INTO inbox (number, text, sent_at, received_at, complete, replaces) VALUES (?, ?, ?, ?, ?, ?)",
            (number, _clean(text), sent_at, utc_text(self._clock.now()), complete, replaces),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _set_aside(
        self,
        db: sqlite3.Connection,
        reason: AsideReason,
        modem: str,
        *,
        number: str | None = None,
        text: str | None = None,
        pdu: str | None = None,
    ) -> None:
        db.execute(
            "INSERT INTO aside (reason, modem, number, text, pdu, received_at) VALUES (?, ?, ?, ?, ?, ?)",
            (reason.value, modem, number, text, pdu, utc_text(self._clock.now())),
        )


def _clean(text: str) -> str:
    return CONTROLS.sub("\ufffd", text)
