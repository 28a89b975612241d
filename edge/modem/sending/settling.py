"""Settling what is uncertain: by status reports, by answers that come late, and at last by time."""

from __future__ import annotations

import json
import logging
import sqlite3
from datetime import timedelta

from edge.modem.bell import Bell
from edge.modem.pdu.tpdu import StatusReport
from edge.modem.sending import decision
from edge.modem.sending.age import Age
from edge.modem.sending.decision import Outcome
from edge.modem.sending.expiry import end_due
from edge.modem.sending.rows import attempts_to, clock_behind, keep_apart, leave_to_any, move, set_attempt, usual_lag
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SegmentState

log = logging.getLogger(__name__)


class Settling:
    """Finds out what became of parts whose answer was lost."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, age: Age) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._age = age
        # Uncertain part -> when this process first saw it so. A window by the wall clock would end at once when a time
        # server sets the clock, before the report of anything that was under way.
        self._seen: dict[tuple[int, str], float] = {}

    def uncertain(self, modem: str) -> bool:
        """Whether a part that this modem sent is uncertain."""
        query = "SELECT 1 FROM segments WHERE state = 'uncertain' AND modem = ? LIMIT 1"
        return bool(self._ledger.read(query, modem))

    def recover(self, modem: str | None = None) -> int:
        """What a predecessor had claimed, through this modem or any, is uncertain. Returns how many parts.

        A session that failed to write what became of its part leaves one, too.
        """
        query = "SELECT id FROM segments WHERE state = 'claimed' AND (? IS NULL OR modem = ?)"
        claimed = self._ledger.read(query, modem, modem)
        if not claimed:
            return 0  # nothing to write: the disk may be full
        with self._ledger.change() as db:
            for row in claimed:
                db.execute(
                    "UPDATE attempts SET outcome = 'uncertain' WHERE segment = ? AND outcome = 'claimed'", (row["id"],)
                )
                error = "the modem daemon ended during the submit"
                move(db, self._clock.now(), row["id"], SegmentState.UNCERTAIN, error=error)
                keep_apart(db, row["id"])
        return len(claimed)

    def apply_report(self, db: sqlite3.Connection, modem: str, report: StatusReport) -> None:
        """Use a status report, in a transaction of the caller, who rings the bell."""
        attempts = attempts_to(db, modem, report.recipient)
        attempt = decision.match_report(report, attempts, clock_behind(db, modem), usual_lag(db, modem))
        if attempt is None:
            log.warning("a status report (reference %d) matches nothing sent", report.reference)
            return
        (segment,) = db.execute("SELECT segment FROM attempts WHERE id = ?", (attempt.id,)).fetchone()
        state = decision.state_of_report(report.status)
        now = utc_text(self._clock.now())
        db.execute(
            "UPDATE attempts SET outcome = 'submitted', reference = ?, status = coalesce(?, status), taken_at = ?,"
            " reported_at = ? WHERE id = ?",
            (report.reference, report.status if state else None, utc_text(report.sent_at), now, attempt.id),
        )
        current, goes_elsewhere = db.execute(
            "SELECT s.state, m.parts > 1 AND m.modem IS NOT NULL AND m.modem != a.modem FROM attempts a"
            " JOIN segments s ON s.id = a.segment JOIN messages m ON m.id = s.message WHERE a.id = ?",
            (attempt.id,),
        ).fetchone()
        if goes_elsewhere and current == SegmentState.QUEUED:
            return  # the whole message comes from another number: the phone cannot join this part to the rest
        following = decision.after_report(SegmentState(current), state)
        if following is not None:
            error = f"TP-ST 0x{report.status:02X}" if state not in (None, SegmentState.DELIVERED) else None
            move(db, self._clock.now(), segment, following, reference=report.reference, error=error)

    def resend_unreported(self, modem: str, window: timedelta, listening_since: float | None) -> int:
        """Queue again, marked maybe_dup, uncertain parts whose report did not come in time. Returns how many wait again.

        Those whose time is over meanwhile, or that somebody took back, end there.

        listening_since: see now_s; None: nobody listens.
        """
        now = self.now_s()
        rows = self._ledger.read(
            "SELECT id, uncertain_since FROM segments WHERE state = 'uncertain' AND modem = ?", modem
        )
        over = [
            row["id"]
            for row in rows
            if decision.window_is_over(self._seen_since(row, now), listening_since, window, now)
        ]
        if not over:
            return 0
        with self._ledger.change() as db:
            for segment in over:
                db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (segment,))
                message = move(
                    db, self._clock.now(), segment, SegmentState.QUEUED, error="no answer and no report in the window"
                )
                leave_to_any(db, message)
            end_due(db, self._clock, self._age.now_s())
            again = "SELECT count(*) FROM segments WHERE state = 'queued' AND id IN (SELECT value FROM json_each(?))"
            (waiting,) = db.execute(again, (json.dumps(over),)).fetchone()
        self._seen = {key: since for key, since in self._seen.items() if key[0] not in over}
        self._bell.ring()
        return int(waiting)

    def now_s(self) -> float:
        """Monotonic seconds, which windows are measured in."""
        return self._clock.monotonic_ns() / 1e9

    def _seen_since(self, row: sqlite3.Row, now: float) -> float:
        return self._seen.setdefault((row["id"], row["uncertain_since"]), now)

    def late_reference(self, modem: str, reference: int) -> bool:
        """A +CMGS that came after its submit was given up: use it if it can be about one part only."""
        query = (
            "SELECT a.id, a.segment FROM attempts a JOIN segments s ON s.id = a.segment"
            " WHERE s.state = 'uncertain' AND a.modem = ? AND a.outcome = 'uncertain' AND a.reference IS NULL"
            " AND (a.predicted IS NULL OR a.predicted = ?)"
        )
        rows = self._ledger.read(query, modem, reference)
        if len(rows) != 1:
            return False
        with self._ledger.change() as db:
            set_attempt(db, rows[0]["id"], Outcome.SUBMITTED, reference)
            move(db, self._clock.now(), rows[0]["segment"], SegmentState.SUBMITTED, reference=reference)
        self._bell.ring()
        return True
