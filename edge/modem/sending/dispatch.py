"""Handing parts out to the modems: the most urgent first, each claimed on disk before the modem gets its text.

What a crash, a time-out or an unplugged modem leaves open is uncertain until settling.py finds out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from edge.modem.bell import Bell
from edge.modem.numbers import same_phone_key
from edge.modem.pdu.header import Concatenation
from edge.modem.sending import decision
from edge.modem.sending.age import Age
from edge.modem.sending.allowance import Permission, count_recipient, month
from edge.modem.sending.decision import Outcome, Verdict
from edge.modem.sending.rows import keep_apart, leave_to_any, moment, move, predict, reported_state, set_attempt, touch
from edge.modem.sending.severity import RANK
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SegmentState, SmsSeverity
from edge.shared.sms_length import Encoding


class NoLongerQueued(Exception):
    """While the modem was made ready for it a report settled the part, somebody took it back, or its time was over."""


@dataclass(frozen=True)
class Job:
    """A part that may be sent now."""

    segment: int
    message: int
    number: str
    text: str
    encoding: Encoding
    concatenation: Concatenation | None
    severity: SmsSeverity
    expires_s: float  # by Age
    network_s: float  # how long the network shall try at most


@dataclass(frozen=True)
class Claim:
    """A part whose handing over is on disk."""

    attempt: int
    job: Job
    attempts: int  # of this part, this one included


@dataclass(frozen=True)
class Accepted:
    """A part that the network accepted, and the TP-MR it has there."""

    claim: Claim
    reference: int


class Dispatch:
    """Which part each modem sends next, and what came of it."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, age: Age) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._age = age
        # Modem -> the part it is being made ready for; lost with the process, as it must be.
        self._reserved: dict[str, Job] = {}

    def reserve(
        self, modem: str, sim: str, permission: Permission, open_to: Collection[SmsSeverity] = tuple(SmsSeverity)
    ) -> Job | None:
        """The next part this modem may send, kept from the other modems until claimed or released.

        open_to: the severities that need not wait for a gateway; what a gateway refused never waits for one.
        """
        free = [severity for severity in permission.severities if severity in open_to]
        if not free and not self._any_left_to_modems():
            return None  # thousands may wait for a gateway
        now = self._clock.now()
        # A message in several parts belongs to one modem from its first reservation on.
        elsewhere = [job.message for other, job in self._reserved.items() if other != modem]
        rows = self._ledger.read(
            "SELECT s.id AS segment, s.number AS place, s.text AS part, s.expires_s, m.* FROM segments s"
            " JOIN messages m ON m.id = s.message"
            " WHERE s.state = 'queued' AND s.rank IN (SELECT value FROM json_each(?)) AND s.expires_s > ?"
            " AND (s.left_to_modems OR s.rank IN (SELECT value FROM json_each(?)))"
            " AND (s.not_before <= ? OR s.not_before > ?)"
            " AND (m.modem IS NULL OR m.modem = ?) AND m.id NOT IN (SELECT value FROM json_each(?))"
            " AND (? OR s.rank < ? OR EXISTS"
            " (SELECT 1 FROM recipients r WHERE r.sim = ? AND r.month = ? AND r.phone_key = m.phone_key))"
            " ORDER BY s.rank, s.id LIMIT 1",
            json.dumps([RANK[severity] for severity in permission.severities]),
            self._age.now_s(),
            json.dumps([RANK[severity] for severity in free]),
            utc_text(now),
            utc_text(now + timedelta(seconds=decision.BACKOFF_MAX_S)),  # only a clock set back puts one there
            modem,
            json.dumps(elsewhere),
            permission.newcomers,
            RANK[SmsSeverity.ROUTINE],
            sim,
            month(now),
        )
        if not rows:
            return None
        self._reserved[modem] = job_of(rows[0])
        return self._reserved[modem]

    def release(self, modem: str) -> None:
        """End the reservation of this modem, used or not."""
        self._reserved.pop(modem, None)

    def being_prepared(self) -> list[int]:
        """Messages of which a modem is being made ready for a part."""
        return [job.message for job in self._reserved.values()]

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

    def claim(self, job: Job, modem: str, sim: str, accepted: Accepted | None = None) -> Claim:
        """Commit the intent: from now on the part may have been sent. Raises NoLongerQueued.

        accepted is the part before, committed with it: one wait for the medium for each part, not two.
        """
        at = self._clock.now()
        now, phone_key = utc_text(at), same_phone_key(job.number)
        attempt = None
        with self._ledger.change() as db:
            if accepted is not None:
                self._submitted(db, accepted)
            attempts = db.execute(
                "UPDATE segments SET state = 'claimed', attempts = attempts + 1, modem = ?, reference = NULL,"
                " updated_at = ? WHERE id = ? AND state = 'queued' AND expires_s > ? RETURNING attempts",
                (modem, now, job.segment, self._age.now_s()),
            ).fetchone()
            if attempts is not None:
                attempt = db.execute(
                    "INSERT INTO attempts (segment, modem, sim, rank, phone_key, claimed_at, predicted, outcome)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, 'claimed')",
                    (job.segment, modem, sim, RANK[job.severity], phone_key, now, predict(db, modem)),
                ).lastrowid
                count_recipient(db, sim, phone_key, at)
                self._gather(db, job, modem)
                db.execute("UPDATE messages SET modem = ? WHERE id = ?", (modem, job.message))
                touch(db, job.message)
        self._bell.ring()
        if attempt is None:
            raise NoLongerQueued(job.segment)
        return Claim(attempt, job, attempts["attempts"])

    def submitted(self, accepted: Accepted) -> None:
        """The network accepted the part under this reference."""
        with self._ledger.change() as db:
            self._submitted(db, accepted)
        self._bell.ring()

    def _submitted(self, db: sqlite3.Connection, accepted: Accepted) -> None:
        claim, reference = accepted.claim, accepted.reference
        set_attempt(db, claim.attempt, Outcome.SUBMITTED, reference)
        state = reported_state(db, claim.attempt) or SegmentState.SUBMITTED
        move(db, self._clock.now(), claim.job.segment, state, reference=reference)

    def unknown(self, claim: Claim, error: str) -> None:
        """The part was handed over and nobody knows what became of it."""
        with self._ledger.change() as db:
            reported = reported_state(db, claim.attempt)
            if reported is None:
                set_attempt(db, claim.attempt, Outcome.UNCERTAIN, None)
            move(db, self._clock.now(), claim.job.segment, reported or SegmentState.UNCERTAIN, error=error)
            if reported is None:
                keep_apart(db, claim.job.segment)
        self._bell.ring()

    def sims_refused(self, claim: Claim) -> int:
        """How many SIMs the network refused this part from, this one included."""
        query = "SELECT count(DISTINCT sim) FROM attempts WHERE segment = ? AND (outcome = 'refused' OR id = ?)"
        return int(self._ledger.read(query, claim.job.segment, claim.attempt)[0][0])

    def refused(
        self, claim: Claim, error: str, code: int | None, *, in_doubt: bool = False, others: bool = False
    ) -> None:
        """The network or the modem said no after the text was handed over.

        in_doubt: see judge_refusal. others: another modem is ready.
        """
        verdict = decision.judge_refusal(code, claim.attempts, in_doubt=in_doubt)
        if verdict is Verdict.UNKNOWN:
            self.unknown(claim, error)
            return
        with self._ledger.change() as db:
            set_attempt(db, claim.attempt, Outcome.REFUSED, None)
            if verdict is Verdict.GIVE_UP:
                move(db, self._clock.now(), claim.job.segment, SegmentState.FAILED, error=error)
            else:
                delay = decision.retry_delay(claim.attempts)
                move(db, self._clock.now(), claim.job.segment, SegmentState.QUEUED, error=error, delay=delay)
                self._leave(db, claim.job.message, claim.attempts, error, others=others)
        self._bell.ring()

    def not_taken(self, job: Job, error: str, *, others: bool = False) -> None:
        """The modem did not take the text: certainly not sent. It is tried again later, after the others.

        others: another modem is ready.
        """
        with self._ledger.change() as db:
            row = db.execute(
                "UPDATE segments SET attempts = attempts + 1 WHERE id = ? AND state = 'queued' RETURNING attempts",
                (job.segment,),
            ).fetchone()
            if row is not None:
                delay = decision.retry_delay(row["attempts"])
                move(db, self._clock.now(), job.segment, SegmentState.QUEUED, error=error, delay=delay)
                self._leave(db, job.message, row["attempts"], error, others=others)
        self._bell.ring()

    def _leave(self, db: sqlite3.Connection, message: int, tries: int, error: str, *, others: bool) -> None:
        """Who may try next: any, unless parts have left; any in the end, with all parts, for no phone joins two senders'."""
        if others and tries >= decision.BOUND_TRIES:
            self._free(db, message, error)
        else:
            leave_to_any(db, message)

    def _any_left_to_modems(self) -> bool:
        return bool(self._ledger.read("SELECT 1 FROM segments WHERE left_to_modems AND state = 'queued' LIMIT 1"))

    def hand_to_others(self, modem: str, why: str = "gone") -> int:
        """Free the messages bound to a modem that is gone, or has another number, for any. Returns how many.

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
                self._free(db, row["id"], f"{modem}: {why}")
        if rows:
            self._bell.ring()
        return len(rows)

    def _gather(self, db: sqlite3.Connection, job: Job, modem: str) -> None:
        """Have what another modem sent of a long message sent again by this one: no phone joins two senders' parts."""
        if job.concatenation is None:
            return
        elsewhere = db.execute(
            "UPDATE segments SET maybe_dup = 1 WHERE message = ? AND modem != ?"
            " AND state IN ('submitted', 'delivered', 'uncertain') RETURNING id",
            (job.message, modem),
        ).fetchall()
        for segment in elsewhere:
            move(db, self._clock.now(), segment["id"], SegmentState.QUEUED, error=f"the rest goes by {modem}")

    def _free(self, db: sqlite3.Connection, message: int, error: str) -> None:
        db.execute("UPDATE messages SET modem = NULL WHERE id = ?", (message,))
        sent = db.execute(
            "SELECT id FROM segments WHERE message = ? AND state IN ('submitted', 'delivered', 'uncertain')",
            (message,),
        ).fetchall()
        for segment in sent:
            db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (segment["id"],))
            move(db, self._clock.now(), segment["id"], SegmentState.QUEUED, error=error)
        now = utc_text(self._clock.now())
        db.execute("UPDATE segments SET not_before = ? WHERE message = ? AND state = 'queued'", (now, message))

    def bound_modems(self) -> set[str]:
        """Modems that messages still waiting are bound to."""
        query = (
            "SELECT DISTINCT m.modem FROM messages m JOIN segments s ON s.message = m.id"
            " WHERE s.state IN ('queued', 'uncertain') AND m.modem IS NOT NULL"
        )
        return {row["modem"] for row in self._ledger.read(query)}


def job_of(row: sqlite3.Row) -> Job:
    """The part in a row of segments joined with its message."""
    total = row["parts"]
    return Job(
        segment=row["segment"],
        message=row["id"],
        number=row["number"],
        text=row["part"],
        encoding=Encoding(row["encoding"]),
        concatenation=Concatenation(row["concatenation"], total, row["place"]) if total > 1 else None,
        severity=SmsSeverity(row["severity"]),
        expires_s=row["expires_s"],
        network_s=row["network_s"],
    )
