"""What came in: messages whole, long ones joined from their parts, and status reports handed to the outbox.

A PDU is committed here before it is deleted from the modem; `taken` remembers it in between, so that a crash between
the two neither loses nor doubles it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import timedelta

from edge.modem import pdu as codec
from edge.modem.bell import Bell
from edge.modem.pdu import Deliver, PduError, StatusReport
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import InboundSms

log = logging.getLogger(__name__)

PARTS_AWAITED = timedelta(minutes=10)  # after the last part that came; then the message is shown as it is
MISSING_PART = "[…]"

UseReport = Callable[[sqlite3.Connection, str, StatusReport], None]


class Inbox:
    """All messages received, each with its seq. `bell` rings at every new one."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, use_report: UseReport) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._use_report = use_report

    def after(self, seq: int, limit: int) -> list[InboundSms]:
        """Messages after a seq, oldest first."""
        rows = self._ledger.read("SELECT * FROM inbox WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
        return [InboundSms.model_validate(dict(row)) for row in rows]

    def take(self, modem: str, storage: str, place: int, pdu: str) -> None:
        """Commit what a modem holds at this place of a storage; it may be deleted there afterwards."""
        with self._ledger.change() as db:
            key = (modem, storage, place)
            known = db.execute("SELECT pdu FROM taken WHERE modem = ? AND storage = ? AND place = ?", key).fetchone()
            if known is not None and known["pdu"] == pdu:
                return
            db.execute("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?)", (*key, pdu))
            self._use(db, modem, pdu)
        self._bell.ring()

    def take_pushed(self, modem: str, pdu: str) -> None:
        """Commit what a modem pushed (+CMT, +CDS) and does not hold."""
        with self._ledger.change() as db:
            self._use(db, modem, pdu)
        self._bell.ring()

    def deleted(self, modem: str, storage: str, place: int) -> None:
        """The modem does not hold it any more."""
        with self._ledger.change() as db:
            db.execute("DELETE FROM taken WHERE modem = ? AND storage = ? AND place = ?", (modem, storage, place))

    def show_incomplete(self) -> int:
        """Show long messages whose missing parts did not come. Returns how many."""
        now = self._clock.now()
        rows = self._ledger.read(
            "SELECT modem, number, reference, total FROM inbound_parts GROUP BY modem, number, reference, total"
            " HAVING max(received_at) < ?",
            utc_text(now - PARTS_AWAITED),
        )
        for row in rows:
            with self._ledger.change() as db:
                self._join(db, tuple(row))
        if rows:
            self._bell.ring()
        return len(rows)

    def _use(self, db: sqlite3.Connection, modem: str, pdu: str) -> None:
        try:
            received = codec.decode(pdu)
        except PduError as error:
            log.error("%s: a stored PDU cannot be read (%s); kept aside", modem, error)
            db.execute(
                "INSERT INTO unreadable (modem, pdu, received_at) VALUES (?, ?, ?)",
                (modem, pdu, utc_text(self._clock.now())),
            )
            return
        if isinstance(received, StatusReport):
            self._use_report(db, modem, received)
        elif received.concatenation is None or received.concatenation.total == 1:
            self._show(db, received.number, received.text, utc_text(received.sent_at), complete=True)
        else:
            self._collect(db, modem, received)

    def _collect(self, db: sqlite3.Connection, modem: str, received: Deliver) -> None:
        part = received.concatenation
        assert part is not None
        key = (modem, received.number, part.reference, part.total)
        db.execute(
            "INSERT OR IGNORE INTO inbound_parts (modem, number, reference, total, part, text, sent_at, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, part.number, received.text, utc_text(received.sent_at), utc_text(self._clock.now())),
        )
        (count,) = db.execute(f"SELECT count(*) FROM inbound_parts WHERE {_SAME}", key).fetchone()  # noqa: S608
        if count == part.total:
            self._join(db, key)

    def _join(self, db: sqlite3.Connection, key: tuple[object, ...]) -> None:
        _modem, number, _reference, total = key
        rows = db.execute(f"SELECT * FROM inbound_parts WHERE {_SAME} ORDER BY part", key).fetchall()  # noqa: S608
        texts = {row["part"]: row["text"] for row in rows}
        assert isinstance(total, int)
        text = "".join(texts.get(part, MISSING_PART) for part in range(1, total + 1))
        self._show(db, str(number), text, min(row["sent_at"] for row in rows), complete=len(rows) == total)
        db.execute(f"DELETE FROM inbound_parts WHERE {_SAME}", key)  # noqa: S608

    def _show(self, db: sqlite3.Connection, number: str, text: str, sent_at: str, *, complete: bool) -> None:
        db.execute(
            "INSERT INTO inbox (number, text, sent_at, received_at, complete) VALUES (?, ?, ?, ?, ?)",
            (number, text, sent_at, utc_text(self._clock.now()), complete),
        )


_SAME = "modem = ? AND number = ? AND reference = ? AND total = ?"
