"""The outbox as others see it: messages put in, durable before they are acknowledged, and what became of their parts."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from edge.modem.bell import Bell
from edge.modem.numbers import same_phone_key
from edge.modem.pdu.parts import Split
from edge.modem.sending.age import Age
from edge.modem.sending.expiry import end_due, is_withdrawn, withdraw
from edge.modem.sending.rows import apart_from_uncertain, next_change, next_concatenation
from edge.modem.sending.severity import RANK
from edge.modem.sending.severity import validity as default_validity
from edge.modem.sending.severity import wait as default_wait
from edge.modem.sending.withdrawal import fate
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import OutboxChange, OutboxEntry, Segment, SegmentState, SmsSeverity, Withdrawn
from edge.shared.model import ModemSection


class RequestIdTaken(Exception):
    """This request_id stands for another number or text."""


class Outbox:
    """All messages to send and what became of them. `bell` rings at every change."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, age: Age) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._age = age
        self._rules = ModemSection()

    def follow(self, rules: ModemSection) -> None:
        """Go by new settings, for messages put in from now on."""
        self._rules = rules

    def put(
        self,
        number: str,
        text: str,
        split: Split,
        request_id: str,
        severity: SmsSeverity = SmsSeverity.ROUTINE,
        *,
        validity: timedelta | None = None,
        only: str | None = None,
    ) -> tuple[OutboxEntry, bool]:
        """Queue a message durably; or find the one of this request_id (True). only: the modem that shall send it.

        validity: for how long from now on it may be sent and delivered; None: the settings say for its severity how long it
        may wait, and how long the network tries after that.

        Raises RequestIdTaken.
        """
        at = self._clock.now()
        now, phone_key = utc_text(at), same_phone_key(number)
        validity_s = (validity or default_wait(self._rules, severity)).total_seconds()
        network_s = (validity or default_validity(self._rules, severity)).total_seconds()
        with self._ledger.change() as db:
            known = db.execute("SELECT * FROM messages WHERE request_id = ?", (request_id,)).fetchone()
            if known is not None:
                if (known["number"], known["text"]) != (number, text):
                    raise RequestIdTaken(request_id)
                return self._entry(known), True
            accepted_s = self._age.accept(db)
            cursor = db.execute(
                "INSERT INTO messages (request_id, number, phone_key, text, encoding, parts, concatenation, queued_at,"
                " severity, change, modem, accepted_s, validity_s, network_s)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    accepted_s,
                    validity_s,
                    network_s,
                ),
            )
            due = apart_from_uncertain(db, phone_key, at)
            db.executemany(
                "INSERT INTO segments"
                " (message, number, text, state, rank, not_before, updated_at, left_to_modems, expires_s)"
                " VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?)",
                [
                    (cursor.lastrowid, place, part, RANK[severity], due, now, only is not None, accepted_s + validity_s)
                    for place, part in enumerate(split.parts, start=1)
                ],
            )
            if is_withdrawn(db, request_id):
                assert cursor.lastrowid is not None
                withdraw(db, cursor.lastrowid, now)
                end_due(db, self._clock, accepted_s)
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

    def ids(self, ids: Sequence[int], request_ids: Sequence[str], beginning: str | None) -> list[int]:
        """The messages of these numbers, of these request ids, and those whose request id begins so, up to a slash."""
        low, high = ("", "") if beginning is None else (beginning, beginning[:-1] + chr(ord("/") + 1))
        rows = self._ledger.read(
            "SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?))"
            " OR request_id IN (SELECT value FROM json_each(?)) OR (request_id >= ? AND request_id < ?)",
            json.dumps(list(ids)),
            json.dumps(list(request_ids)),
            low,
            high,
        )
        return [row["id"] for row in rows]

    def withdrawals(self, ids: Sequence[int]) -> list[Withdrawn]:
        """What a withdrawal of these messages came to, newest first."""
        rows = self._ledger.read(
            "SELECT m.id, m.request_id, m.number, s.state, s.may_have_left FROM messages m JOIN segments s"
            " ON s.message = m.id WHERE m.id IN (SELECT value FROM json_each(?)) ORDER BY m.id DESC",
            json.dumps(list(ids)),
        )
        found = []
        for _message, grouped in itertools.groupby(rows, key=lambda row: int(row["id"])):
            parts = list(grouped)
            states = [(SegmentState(part["state"]), bool(part["may_have_left"])) for part in parts]
            first = parts[0]
            found.append(
                Withdrawn(id=first["id"], request_id=first["request_id"], number=first["number"], fate=fate(states))
            )
        return found

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

    def expired_since(self, moment: datetime) -> int:
        """Messages that were not delivered in their time, since then."""
        query = "SELECT count(DISTINCT message) FROM segments WHERE state = 'expired' AND updated_at >= ?"
        return int(self._ledger.read(query, utc_text(moment))[0][0])

    def _valid_until(self, segments: Sequence[sqlite3.Row]) -> str | None:
        ends = [segment["expires_s"] for segment in segments if segment["state"] == SegmentState.QUEUED]
        return utc_text(self._clock.now() + self._age.left(max(ends))) if ends else None

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
            validity_s=row["validity_s"],
            valid_until=self._valid_until(segments),
            withdrawn_at=row["withdrawn_at"],
            segments=[Segment.model_validate(dict(segment)) for segment in segments],
        )
