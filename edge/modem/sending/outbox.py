"""The outbox as others see it: messages put in, durable before they are acknowledged, and what became of their parts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from edge.modem.bell import Bell
from edge.modem.numbers import same_phone_key
from edge.modem.pdu.parts import Split
from edge.modem.sending.rows import apart_from_uncertain, next_change, next_concatenation
from edge.modem.sending.severity import RANK
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import OutboxChange, OutboxEntry, Segment, SegmentState, SmsSeverity


class RequestIdTaken(Exception):
    """This request_id stands for another number or text."""


class Outbox:
    """All messages to send and what became of them. `bell` rings at every change."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell

    def put(
        self,
        number: str,
        text: str,
        split: Split,
        request_id: str,
        severity: SmsSeverity = SmsSeverity.ROUTINE,
        *,
        only: str | None = None,
    ) -> tuple[OutboxEntry, bool]:
        """Queue a message durably; or find the one of this request_id (True). only: the modem that shall send it.

        Raises RequestIdTaken.
        """
        at = self._clock.now()
        now, phone_key = utc_text(at), same_phone_key(number)
        with self._ledger.change() as db:
            known = db.execute("SELECT * FROM messages WHERE request_id = ?", (request_id,)).fetchone()
            if known is not None:
                if (known["number"], known["text"]) != (number, text):
                    raise RequestIdTaken(request_id)
                return self._entry(known), True
            cursor = db.execute(
                "INSERT INTO messages (request_id, number, phone_key, text, encoding, parts, concatenation, queued_at,"
                " severity, change, modem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request_id,
                    number,
                    phone_key,
                    text,
                    split.encoding.value,
                    len(split.parts),
                    next_concatenation(db, number),
                    now,
                    severity.value,
                    next_change(db),
                    only,
                ),
            )
            due = apart_from_uncertain(db, phone_key, at)
            db.executemany(
                "INSERT INTO segments (message, number, text, state, rank, not_before, updated_at, left_to_modems)"
                " VALUES (?, ?, ?, 'queued', ?, ?, ?, ?)",
                [
                    (cursor.lastrowid, place, part, RANK[severity], due, now, only is not None)
                    for place, part in enumerate(split.parts, start=1)
                ],
            )
        self._bell.ring()
        return self.entries(request_id=request_id)[0], False

    def entries(
        self, *, limit: int = 1, request_id: str | None = None, states: Sequence[SegmentState] = ()
    ) -> list[OutboxEntry]:
        """Messages, newest first, or the one of a request_id; with a part in one of these states, if any are named."""
        conditions, values = [], []
        if request_id is not None:
            conditions.append("request_id = ?")
            values.append(request_id)
        if states:
            conditions.append("id IN (SELECT message FROM segments WHERE state IN (SELECT value FROM json_each(?)))")
            values.append(json.dumps([state.value for state in states]))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._ledger.read(f"SELECT * FROM messages {where} ORDER BY id DESC LIMIT ?", *values, limit)  # noqa: S608
        return [self._entry(row) for row in rows]

    def newest_change(self) -> int:
        """The number of the last change."""
        return int(self._ledger.read("SELECT value FROM counters WHERE name = 'change'")[0][0])

    def changes_after(self, change: int, limit: int) -> list[OutboxChange]:
        """The newest state of each message that changed after this change, oldest change first."""
        rows = self._ledger.read("SELECT * FROM messages WHERE change > ? ORDER BY change LIMIT ?", change, limit)
        return [OutboxChange(change=row["change"], message=self._entry(row)) for row in rows]

    def waiting(self, up_to: SmsSeverity = SmsSeverity.ROUTINE) -> int:
        """Parts not yet handed over, of this severity and those that go before it."""
        query = "SELECT count(*) FROM segments WHERE state = 'queued' AND rank <= ?"
        return int(self._ledger.read(query, RANK[up_to])[0][0])

    def accepted_since(self, moment: datetime) -> int:
        """Parts that the network accepted since then, with a reference or proven by a report."""
        query = "SELECT count(*) FROM attempts WHERE claimed_at >= ? AND (outcome = 'submitted' OR status IS NOT NULL)"
        return int(self._ledger.read(query, utc_text(moment))[0][0])

    def _entry(self, row: sqlite3.Row) -> OutboxEntry:
        segments = self._ledger.read("SELECT * FROM segments WHERE message = ? ORDER BY number", row["id"])
        return OutboxEntry(
            id=row["id"],
            request_id=row["request_id"],
            number=row["number"],
            text=row["text"],
            encoding=row["encoding"],
            severity=row["severity"],
            queued_at=row["queued_at"],
            segments=[Segment.model_validate(dict(segment)) for segment in segments],
        )
