"""The outbox: messages, their parts and every attempt, durable before anything is done about them.

A part is claimed on disk before the modem gets its text. What a crash, a time-out or an unplugged modem leaves open is
uncertain until a status report tells, or until the report window is over and it is sent again, marked maybe_dup.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem import decision
from edge.modem.bell import Bell
from edge.modem.decision import Outcome, Verdict
from edge.modem.numbers import same_phone_key
from edge.modem.parts import Split
from edge.modem.pdu import Concatenation, StatusReport
from edge.modem.rows import (
    attempts_to,
    clock_behind,
    moment,
    next_change,
    next_concatenation,
    predict,
    reported_state,
    set_attempt,
    touch,
)
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import OutboxChange, OutboxEntry, Segment, SegmentState
from edge.shared.sms_length import Encoding

log = logging.getLogger(__name__)


class RequestIdTaken(Exception):
    """This request_id stands for another number or text."""


class NoLongerQueued(Exception):
    """A report settled the part while the modem was made ready for it: it must not be sent again."""


@dataclass(frozen=True)
class Job:
    """A part that may be sent now."""

    segment: int
    message: int
    number: str
    text: str
    encoding: Encoding
    concatenation: Concatenation | None


@dataclass(frozen=True)
class Claim:
    """A part whose handing over is on disk."""

    attempt: int
    job: Job
    attempts: int  # of this part, this one included


class Outbox:
    """All messages to send and what became of them. `bell` rings at every change."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        # Modem -> the part it is being made ready for; lost with the process, as it must be.
        self._reserved: dict[str, Job] = {}

    # -- putting in and looking ---------------------------------------------------------------------------------

    def put(self, number: str, text: str, split: Split, request_id: str) -> tuple[OutboxEntry, bool]:
        """Queue a message durably; or find the one of this request_id (True). Raises RequestIdTaken."""
        now = utc_text(self._clock.now())
        with self._ledger.change() as db:
            known = db.execute("SELECT * FROM messages WHERE request_id = ?", (request_id,)).fetchone()
            if known is not None:
                if (known["number"], known["text"]) != (number, text):
                    raise RequestIdTaken(request_id)
                return self._entry(known), True
            cursor = db.execute(
                "INSERT INTO messages (request_id, number, phone_key, text, encoding, parts, concatenation, queued_at,"
                " change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request_id,
                    number,
                    same_phone_key(number),
                    text,
                    split.encoding.value,
                    len(split.parts),
                    next_concatenation(db, number),
                    now,
                    next_change(db),
                ),
            )
            db.executemany(
                "INSERT INTO segments (message, number, text, state, not_before, updated_at)"
                " VALUES (?, ?, ?, 'queued', ?, ?)",
                [(cursor.lastrowid, place, part, now, now) for place, part in enumerate(split.parts, start=1)],
            )
        self._bell.ring()
        return self.entries(request_id=request_id)[0], False

    def entries(self, *, limit: int = 1, request_id: str | None = None) -> list[OutboxEntry]:
        """Messages, newest first, or the one of a request_id."""
        if request_id is not None:
            rows = self._ledger.read("SELECT * FROM messages WHERE request_id = ?", request_id)
        else:
            rows = self._ledger.read("SELECT * FROM messages ORDER BY id DESC LIMIT ?", limit)
        return [self._entry(row) for row in rows]

    def changes_after(self, change: int, limit: int) -> list[OutboxChange]:
        """The newest state of each message that changed after this change, oldest change first."""
        rows = self._ledger.read("SELECT * FROM messages WHERE change > ? ORDER BY change LIMIT ?", change, limit)
        return [OutboxChange(change=row["change"], message=self._entry(row)) for row in rows]

    def waiting(self) -> int:
        """Parts not yet handed over."""
        return int(self._ledger.read("SELECT count(*) FROM segments WHERE state = 'queued'")[0][0])

    def uncertain(self, modem: str) -> bool:
        """Whether a part that this modem sent is uncertain."""
        query = "SELECT 1 FROM segments WHERE state = 'uncertain' AND modem = ? LIMIT 1"
        return bool(self._ledger.read(query, modem))

    def accepted_since(self, moment: datetime) -> int:
        """Parts that the network accepted since then, with a reference or proven by a report."""
        query = "SELECT count(*) FROM attempts WHERE claimed_at >= ? AND (outcome = 'submitted' OR status IS NOT NULL)"
        return int(self._ledger.read(query, utc_text(moment))[0][0])

    # -- sending ------------------------------------------------------------------------------------------------

    def reserve(self, modem: str) -> Job | None:
        """The next part this modem may send, kept from the other modems until claimed or released."""
        now = self._clock.now()
        # A message in several parts belongs to one modem from its first reservation on.
        elsewhere = [job.message for other, job in self._reserved.items() if other != modem]
        rows = self._ledger.read(
            "SELECT s.id AS segment, s.number AS place, s.text AS part, m.* FROM segments s"
            " JOIN messages m ON m.id = s.message"
            " WHERE s.state = 'queued' AND (s.not_before <= ? OR s.not_before > ?)"
            " AND (m.modem IS NULL OR m.modem = ?) AND m.id NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY s.id LIMIT 1",
            utc_text(now),
            utc_text(now + timedelta(seconds=decision.BACKOFF_MAX_S)),  # only a clock set back puts one there
            modem,
            json.dumps(elsewhere),
        )
        if not rows:
            return None
        self._reserved[modem] = _job(rows[0])
        return self._reserved[modem]

    def release(self, modem: str) -> None:
        """End the reservation of this modem, used or not."""
        self._reserved.pop(modem, None)

    def next_due_s(self, modem: str) -> float | None:
        """Seconds until a part that waits after a refusal may go through this modem; None when there is none."""
        now = self._clock.now()
        (due,) = self._ledger.read(
            "SELECT min(s.not_before) FROM segments s JOIN messages m ON m.id = s.message"
            " WHERE s.state = 'queued' AND s.not_before > ? AND (m.modem IS NULL OR m.modem = ?)",
            utc_text(now),
            modem,
        )[0]
        return None if due is None else min(decision.BACKOFF_MAX_S, (moment(due) - now).total_seconds() + 0.001)

    def claim(self, job: Job, modem: str) -> Claim:
        """Commit the intent: from now on the part may have been sent. Raises NoLongerQueued."""
        now = utc_text(self._clock.now())
        with self._ledger.change() as db:
            attempts = db.execute(
                "UPDATE segments SET state = 'claimed', attempts = attempts + 1, modem = ?, reference = NULL,"
                " updated_at = ? WHERE id = ? AND state = 'queued' RETURNING attempts",
                (modem, now, job.segment),
            ).fetchone()
            if attempts is None:
                raise NoLongerQueued(job.segment)
            cursor = db.execute(
                "INSERT INTO attempts (segment, modem, phone_key, claimed_at, predicted, outcome)"
                " VALUES (?, ?, ?, ?, ?, 'claimed')",
                (job.segment, modem, same_phone_key(job.number), now, predict(db, modem)),
            )
            db.execute("UPDATE messages SET modem = ? WHERE id = ?", (modem, job.message))
            touch(db, job.message)
        self._bell.ring()
        assert cursor.lastrowid is not None
        return Claim(cursor.lastrowid, job, attempts["attempts"])

    def submitted(self, claim: Claim, reference: int) -> None:
        """The network accepted the part under this reference."""
        with self._ledger.change() as db:
            set_attempt(db, claim.attempt, Outcome.SUBMITTED, reference)
            state = reported_state(db, claim.attempt) or SegmentState.SUBMITTED
            self._move(db, claim.job.segment, state, reference=reference)
        self._bell.ring()

    def unknown(self, claim: Claim, error: str) -> None:
        """The part was handed over and nobody knows what became of it."""
        with self._ledger.change() as db:
            reported = reported_state(db, claim.attempt)
            if reported is None:
                set_attempt(db, claim.attempt, Outcome.UNCERTAIN, None)
            self._move(db, claim.job.segment, reported or SegmentState.UNCERTAIN, error=error)
        self._bell.ring()

    def refused(self, claim: Claim, error: str, code: int | None) -> None:
        """The network or the modem said no after the text was handed over."""
        verdict = decision.judge_refusal(code, claim.attempts)
        if verdict is Verdict.UNKNOWN:
            self.unknown(claim, error)
            return
        with self._ledger.change() as db:
            set_attempt(db, claim.attempt, Outcome.REFUSED, None)
            if verdict is Verdict.GIVE_UP:
                self._move(db, claim.job.segment, SegmentState.FAILED, error=error)
            else:
                delay = decision.retry_delay(claim.attempts)
                self._move(db, claim.job.segment, SegmentState.QUEUED, error=error, delay=delay)
        self._bell.ring()

    def not_taken(self, job: Job, error: str) -> None:
        """The modem did not take the text: certainly not sent. It is tried again later, after the others."""
        with self._ledger.change() as db:
            row = db.execute(
                "UPDATE segments SET attempts = attempts + 1 WHERE id = ? AND state = 'queued' RETURNING attempts",
                (job.segment,),
            ).fetchone()
            if row is not None:
                delay = decision.retry_delay(row["attempts"])
                self._move(db, job.segment, SegmentState.QUEUED, error=error, delay=delay)
        self._bell.ring()

    # -- reports and time ---------------------------------------------------------------------------------------

    def recover(self) -> int:
        """At start: what a predecessor had claimed is uncertain. Returns how many parts."""
        with self._ledger.change() as db:
            rows = db.execute("SELECT id FROM segments WHERE state = 'claimed'").fetchall()
            for row in rows:
                db.execute(
                    "UPDATE attempts SET outcome = 'uncertain' WHERE segment = ? AND outcome = 'claimed'", (row["id"],)
                )
                self._move(db, row["id"], SegmentState.UNCERTAIN, error="the modem daemon ended during the submit")
        return len(rows)

    def apply_report(self, db: sqlite3.Connection, modem: str, report: StatusReport) -> None:
        """Use a status report, in a transaction of the caller, who rings the bell."""
        attempt = decision.match_report(report, attempts_to(db, modem, report.recipient), clock_behind(db, modem))
        if attempt is None:
            log.warning("a status report (reference %d) matches nothing sent", report.reference)
            return
        (segment,) = db.execute("SELECT segment FROM attempts WHERE id = ?", (attempt.id,)).fetchone()
        state = decision.state_of_report(report.status)
        now = utc_text(self._clock.now())
        db.execute(
            "UPDATE attempts SET outcome = 'submitted', reference = ?, status = ?, taken_at = ?, reported_at = ?"
            " WHERE id = ?",
            (report.reference, report.status if state else None, utc_text(report.sent_at), now, attempt.id),
        )
        (current,) = db.execute("SELECT state FROM segments WHERE id = ?", (segment,)).fetchone()
        following = _after_report(SegmentState(current), state)
        if following is not None:
            error = f"TP-ST 0x{report.status:02X}" if state not in (None, SegmentState.DELIVERED) else None
            self._move(db, segment, following, reference=report.reference, error=error)

    def resend_unreported(self, modem: str, window: timedelta, listening_since: datetime | None) -> int:
        """Queue again, marked maybe_dup, uncertain parts whose report did not come in time. Returns how many."""
        now = self._clock.now()
        rows = self._ledger.read(
            "SELECT id, uncertain_since FROM segments WHERE state = 'uncertain' AND modem = ?", modem
        )
        over = [
            row["id"]
            for row in rows
            if decision.window_is_over(moment(row["uncertain_since"]), listening_since, window, now)
        ]
        if not over:
            return 0
        with self._ledger.change() as db:
            for segment in over:
                db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (segment,))
                self._move(db, segment, SegmentState.QUEUED, error="no answer and no report in the window")
        self._bell.ring()
        return len(over)

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
            self._move(db, rows[0]["segment"], SegmentState.SUBMITTED, reference=reference)
        self._bell.ring()
        return True

    def hand_to_others(self, modem: str) -> int:
        """Free the messages bound to a modem that is gone, for any other. Returns how many.

        The parts of one message must come from one number to be joined by the phone: what the lost modem already sent
        of a message in several parts is sent again, marked maybe_dup.
        """
        with self._ledger.change() as db:
            rows = db.execute(
                "SELECT DISTINCT m.id FROM messages m JOIN segments s ON s.message = m.id"
                " WHERE m.modem = ? AND s.state = 'queued'",
                (modem,),
            ).fetchall()
            for row in rows:
                db.execute("UPDATE messages SET modem = NULL WHERE id = ?", (row["id"],))
                sent = db.execute(
                    "SELECT id FROM segments WHERE message = ? AND state IN ('submitted', 'delivered', 'uncertain')",
                    (row["id"],),
                ).fetchall()
                for segment in sent:
                    db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (segment["id"],))
                    self._move(db, segment["id"], SegmentState.QUEUED, error=f"{modem} is gone")
        if rows:
            self._bell.ring()
        return len(rows)

    def bound_modems(self) -> set[str]:
        """Modems that messages still waiting are bound to."""
        query = (
            "SELECT DISTINCT m.modem FROM messages m JOIN segments s ON s.message = m.id"
            " WHERE s.state IN ('queued', 'uncertain') AND m.modem IS NOT NULL"
        )
        return {row["modem"] for row in self._ledger.read(query)}

    # -- rows ---------------------------------------------------------------------------------------------------

    def _move(
        self,
        db: sqlite3.Connection,
        segment: int,
        state: SegmentState,
        *,
        reference: int | None = None,
        error: str | None = None,
        delay: timedelta = timedelta(),
    ) -> None:
        now = self._clock.now()
        uncertain_since = utc_text(now) if state is SegmentState.UNCERTAIN else None
        (message,) = db.execute(
            "UPDATE segments SET state = ?, reference = ?, error = coalesce(?, error), not_before = ?,"
            " uncertain_since = ?, updated_at = ? WHERE id = ? RETURNING message",
            (state.value, reference, error, utc_text(now + delay), uncertain_since, utc_text(now), segment),
        ).fetchone()
        touch(db, message)

    def _entry(self, row: sqlite3.Row) -> OutboxEntry:
        segments = self._ledger.read("SELECT * FROM segments WHERE message = ? ORDER BY number", row["id"])
        return OutboxEntry(
            id=row["id"],
            request_id=row["request_id"],
            number=row["number"],
            text=row["text"],
            encoding=row["encoding"],
            queued_at=row["queued_at"],
            segments=[Segment.model_validate(dict(segment)) for segment in segments],
        )


def _after_report(current: SegmentState, reported: SegmentState | None) -> SegmentState | None:
    """The state a report leads to; None when it changes nothing."""
    if reported is None:  # the network has it and still tries
        return SegmentState.SUBMITTED if current is SegmentState.UNCERTAIN else None
    if current is SegmentState.DELIVERED or current is reported:
        return None
    if reported is not SegmentState.DELIVERED and current in (SegmentState.QUEUED, SegmentState.CLAIMED):
        return None  # the first sending failed; a second one is under way
    if current is SegmentState.CLAIMED:
        return None  # the modem is being given it again just now: its own answer moves it
    return reported


def _job(row: sqlite3.Row) -> Job:
    total = row["parts"]
    concatenation = Concatenation(row["concatenation"], total, row["place"]) if total > 1 else None
    return Job(row["segment"], row["id"], row["number"], row["part"], Encoding(row["encoding"]), concatenation)
