"""Parts handed to gateways, many at a time: one durable transaction for all that came back and all that goes out.

A part is claimed on disk before the gateway gets it, as for a modem (dispatch.py). What a lost connection leaves open is
uncertain until its receipt, or until the report window is over (settling.py).
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from edge.modem.bell import Bell
from edge.modem.numbers import same_phone_key
from edge.modem.sending import decision
from edge.modem.sending.age import Age
from edge.modem.sending.decision import Outcome, state_of_report
from edge.modem.sending.dispatch import Claim, Dispatch, job_of
from edge.modem.sending.outcomes import DELIVERED, Answer, NotTaken, Policy, Receipt, Refusal, Taken, forms
from edge.modem.sending.rows import leave_to_any, move, touch
from edge.modem.sending.severity import RANK
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SegmentState, SmsSeverity

log = logging.getLogger(__name__)

NOWHERE_ELSE = Policy(take=(), leave=())
PASSING_TRIES = 3  # then a modem takes it, if one is ready; if none is, the trouble is waited out


class Handover:
    """The outbox as a gateway's keeper uses it."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, age: Age, dispatch: Dispatch) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._age = age
        self._dispatch = dispatch

    def turn(
        self,
        gateway: str,
        policy: Policy,
        answers: Sequence[Answer],
        receipts: Sequence[Receipt],
        room: int,
        *,
        whole: bool = False,
    ) -> list[Claim]:
        """Commit what came back from a gateway, and claim up to `room` parts for it: they must be sent now.

        whole: with each part all of its message, one after another, though they are more. Reports are then told by the id
        alone, and an uncertain part keeps nothing else for its phone waiting.
        """
        if not answers and not receipts and not self._next(gateway, policy, min(room, 1), apart=not whole):
            return []
        now = self._clock.now()
        with self._ledger.change() as db:
            for answer in answers:
                self._settle(db, now, gateway, answer, policy)
            for receipt in receipts:
                self._apply(db, now, gateway, receipt, policy)
            rows = self._next(gateway, policy, room, apart=not whole)
            claims = [self._claim(db, now, gateway, row) for row in (self._whole(rows) if whole else rows)]
        self._bell.ring()
        return claims

    # -- going out ----------------------------------------------------------------------------------------------

    def _next(self, gateway: str, policy: Policy, room: int, *, apart: bool) -> list[sqlite3.Row]:
        """The most urgent parts. Rank by rank: within one the index has them in order, however many wait.

        apart: one part for a phone, and none while it has one that is not answered or is uncertain. A receipt whose id
        nobody was told names the phone only: of two parts it would be taken for that of the wrong one.
        """
        busy = self._busy_phones(gateway) if apart else []
        found: list[sqlite3.Row] = []
        for rank in sorted(RANK[severity] for severity in policy.take):
            while (wanted := room - len(found)) > 0:
                rows = self._queued(gateway, rank, busy, wanted)
                found += _one_for_each_phone(rows) if apart else rows
                if apart:
                    busy += [row["phone_key"] for row in rows]
                if len(rows) < wanted:
                    break
        return found

    def _queued(self, gateway: str, rank: int, busy: Sequence[str], most: int) -> list[sqlite3.Row]:
        """Parts that may go, but for these phones."""
        now = self._clock.now()
        return self._ledger.read(
            "SELECT s.id AS segment, s.number AS place, s.text AS part, s.expires_s, m.* FROM segments s"
            " JOIN messages m ON m.id = s.message"
            " WHERE s.state = 'queued' AND s.rank = ? AND s.expires_s > ? AND NOT s.left_to_modems"
            " AND (s.not_before <= ? OR s.not_before > ?) AND (m.modem IS NULL OR m.modem = ?)"
            " AND m.id NOT IN (SELECT value FROM json_each(?))"
            " AND m.phone_key NOT IN (SELECT value FROM json_each(?)) ORDER BY s.id LIMIT ?",
            rank,
            self._age.now_s(),
            utc_text(now),
            utc_text(now + timedelta(seconds=decision.BACKOFF_MAX_S)),  # only a clock set back puts one there
            gateway,
            json.dumps(self._dispatch.being_prepared()),
            json.dumps(busy),
            most,
        )

    def _busy_phones(self, gateway: str) -> list[str]:
        rows = self._ledger.read(
            "SELECT DISTINCT m.phone_key FROM segments s JOIN messages m ON m.id = s.message"
            " WHERE s.state IN ('claimed', 'uncertain') AND s.modem = ?",
            gateway,
        )
        return [row["phone_key"] for row in rows]

    def _whole(self, rows: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
        found: list[sqlite3.Row] = []
        for message in dict.fromkeys(row["id"] for row in rows):
            found += self._ledger.read(
                "SELECT s.id AS segment, s.number AS place, s.text AS part, s.expires_s, m.* FROM segments s"
                " JOIN messages m ON m.id = s.message WHERE m.id = ? AND s.state = 'queued' ORDER BY s.number",
                message,
            )
        return found

    def _claim(self, db: sqlite3.Connection, now: datetime, gateway: str, row: sqlite3.Row) -> Claim:
        job, at = job_of(row), utc_text(now)
        (attempts,) = db.execute(
            "UPDATE segments SET state = 'claimed', attempts = attempts + 1, modem = ?, reference = NULL,"
            " updated_at = ? WHERE id = ? RETURNING attempts",
            (gateway, at, job.segment),
        ).fetchone()
        cursor = db.execute(
            "INSERT INTO attempts (segment, modem, rank, phone_key, claimed_at, outcome)"
            " VALUES (?, ?, ?, ?, ?, 'claimed')",
            (job.segment, gateway, RANK[job.severity], row["phone_key"], at),
        )
        db.execute("UPDATE messages SET modem = ? WHERE id = ?", (gateway, job.message))
        touch(db, job.message)
        assert cursor.lastrowid is not None
        return Claim(cursor.lastrowid, job, attempts)

    # -- answers ------------------------------------------------------------------------------------------------

    def _settle(self, db: sqlite3.Connection, now: datetime, gateway: str, answer: Answer, policy: Policy) -> None:
        if isinstance(answer, Taken):
            self._taken(db, now, answer)
        elif isinstance(answer, NotTaken):
            self._not_taken(db, now, answer, policy)
        else:
            self._unanswered(db, now, answer.claim, answer.error)
        segment = answer.claim.job.segment
        query = "SELECT 1 FROM segments WHERE id = ? AND left_to_modems AND state != 'queued'"
        if db.execute(query, (segment,)).fetchone():
            _send_again(db, now, segment, f"{gateway} refused another part")

    def _taken(self, db: sqlite3.Connection, now: datetime, answer: Taken) -> None:
        claim = answer.claim
        early = db.execute("SELECT status, gateway_id FROM attempts WHERE id = ?", (claim.attempt,)).fetchone()
        status = early["status"]
        if early["gateway_id"] is not None and answer.id is not None and answer.id not in forms(early["gateway_id"]):
            status = None  # the receipt that came before this answer was about something else
        db.execute(
            "UPDATE attempts SET outcome = 'submitted', gateway_id = coalesce(?, gateway_id), status = ? WHERE id = ?",
            (answer.id, status, claim.attempt),
        )
        reported = None if status is None else state_of_report(status)
        move(db, now, claim.job.segment, reported or SegmentState.SUBMITTED)

    def _not_taken(self, db: sqlite3.Connection, now: datetime, answer: NotTaken, policy: Policy) -> None:
        job, attempts = answer.claim.job, answer.claim.attempts
        db.execute("UPDATE attempts SET outcome = ? WHERE id = ?", (Outcome.REFUSED.value, answer.claim.attempt))
        if answer.refusal is Refusal.SLOWER:
            db.execute("UPDATE segments SET attempts = attempts - 1 WHERE id = ?", (job.segment,))
            move(db, now, job.segment, SegmentState.QUEUED, error=answer.error)
            leave_to_any(db, job.message)
        elif answer.refusal is Refusal.PASSING and not (attempts >= PASSING_TRIES and _may_leave(job.severity, policy)):
            delay = decision.retry_delay(attempts)
            move(db, now, job.segment, SegmentState.QUEUED, error=answer.error, delay=delay)
            leave_to_any(db, job.message)
        else:
            if answer.in_doubt:
                db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (job.segment,))
            self._refused_for_good(db, now, job.segment, job.severity, answer.error, policy)

    def _unanswered(self, db: sqlite3.Connection, now: datetime, claim: Claim, error: str) -> None:
        attempt = db.execute("SELECT outcome, status FROM attempts WHERE id = ?", (claim.attempt,)).fetchone()
        if attempt["outcome"] == Outcome.SUBMITTED:  # a receipt came before the answer
            reported = None if attempt["status"] is None else state_of_report(attempt["status"])
            move(db, now, claim.job.segment, reported or SegmentState.SUBMITTED)
            return
        db.execute("UPDATE attempts SET outcome = ? WHERE id = ?", (Outcome.UNCERTAIN.value, claim.attempt))
        move(db, now, claim.job.segment, SegmentState.UNCERTAIN, error=error)

    def _refused_for_good(
        self, db: sqlite3.Connection, now: datetime, segment: int, severity: SmsSeverity, error: str, policy: Policy
    ) -> None:
        """A modem takes the whole message where the routes let it; else this part has failed.

        What the gateway already took of it goes again through the modem: phones join only parts of one number.
        """
        if severity not in policy.leave:
            move(db, now, segment, SegmentState.FAILED, error=error)
            return
        move(db, now, segment, SegmentState.QUEUED, error=error)
        (message,) = db.execute("SELECT message FROM segments WHERE id = ?", (segment,)).fetchone()
        db.execute("UPDATE messages SET modem = NULL WHERE id = ?", (message,))
        db.execute("UPDATE segments SET left_to_modems = 1 WHERE message = ?", (message,))
        sent = "SELECT id FROM segments WHERE message = ? AND state IN ('submitted', 'delivered', 'uncertain')"
        for row in db.execute(sent, (message,)).fetchall():
            _send_again(db, now, row["id"], error)

    # -- receipts -----------------------------------------------------------------------------------------------

    def unreported(self, gateway: str, since: datetime) -> list[str]:
        """Ids under which this gateway has parts that were claimed since then and of which nothing final is known."""
        rows = self._ledger.read(
            "SELECT DISTINCT gateway_id FROM attempts WHERE modem = ? AND gateway_id IS NOT NULL AND status IS NULL"
            " AND claimed_at >= ?",
            gateway,
            utc_text(since),
        )
        return [row["gateway_id"] for row in rows]

    def report(self, gateway: str, receipt: Receipt) -> None:
        """What became of everything that has exactly this id."""
        now = self._clock.now()
        with self._ledger.change() as db:
            query = "SELECT * FROM attempts WHERE modem = ? AND gateway_id = ? AND status IS NULL"
            for attempt in db.execute(query, (gateway, receipt.id)).fetchall():
                self._note(db, now, gateway, attempt, receipt)
        self._bell.ring()

    def _apply(self, db: sqlite3.Connection, now: datetime, gateway: str, receipt: Receipt, policy: Policy) -> None:
        attempt = (
            _by_id(db, gateway, receipt)
            or _unanswered_to(db, gateway, receipt)
            or _by_id_alone(db, gateway, receipt)
            or _taken_without_id(db, gateway, receipt)
        )
        if attempt is None:
            log.warning("%s: a receipt (id %s) matches nothing sent", gateway, receipt.id)
            return
        self._note(db, now, gateway, attempt, receipt, policy)

    def _note(
        self,
        db: sqlite3.Connection,
        now: datetime,
        gateway: str,
        attempt: sqlite3.Row,
        receipt: Receipt,
        policy: Policy = NOWHERE_ELSE,
    ) -> None:
        state = state_of_report(receipt.status)
        db.execute(
            "UPDATE attempts SET outcome = 'submitted', gateway_id = coalesce(gateway_id, ?),"
            " status = coalesce(?, status), reported_at = ? WHERE id = ?",
            (receipt.id, receipt.status if state else None, utc_text(now), attempt["id"]),
        )
        segment = db.execute(
            "SELECT s.id, s.state, s.left_to_modems, m.severity,"
            " m.parts > 1 AND m.modem IS NOT NULL AND m.modem != ? AS goes_elsewhere"
            " FROM segments s JOIN messages m ON m.id = s.message WHERE s.id = ?",
            (gateway, attempt["segment"]),
        ).fetchone()
        if segment["goes_elsewhere"] and segment["state"] == SegmentState.QUEUED:
            return  # the whole message comes from another number: the phone cannot join this part to the rest
        following = decision.after_report(SegmentState(segment["state"]), state)
        if following is None or segment["left_to_modems"]:
            return  # a modem sends all parts of it now, or phones could not join them
        error = None if receipt.status == DELIVERED else f"{gateway}: {receipt.error or receipt.status}"
        if receipt.rejected:
            self._refused_for_good(db, now, segment["id"], SmsSeverity(segment["severity"]), error or "", policy)
        else:
            move(db, now, segment["id"], following, error=error if state else None)


def _by_id(db: sqlite3.Connection, gateway: str, receipt: Receipt) -> sqlite3.Row | None:
    """The attempt of this id to this phone: an id in the other notation, or one used twice, may be another's."""
    if receipt.id is None:
        return None
    written, keys = forms(receipt.id), _keys(receipt)
    rows: list[sqlite3.Row] = db.execute(
        "SELECT * FROM attempts WHERE modem = ? AND gateway_id IN (SELECT value FROM json_each(?))"
        " AND phone_key IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        (gateway, json.dumps(written), keys),
    ).fetchall()

    def unlikely(row: sqlite3.Row) -> tuple[bool, int]:
        return row["status"] is not None, written.index(row["gateway_id"])

    return min(rows, key=unlikely, default=None)


def _by_id_alone(db: sqlite3.Connection, gateway: str, receipt: Receipt) -> sqlite3.Row | None:
    """For gateways whose receipts do not name the phone as we wrote it: the one attempt of exactly this id."""
    query = "SELECT * FROM attempts WHERE modem = ? AND gateway_id = ? AND status IS NULL"
    rows: list[sqlite3.Row] = db.execute(query, (gateway, receipt.id)).fetchall()
    return rows[0] if len(rows) == 1 else None


def _unanswered_to(db: sqlite3.Connection, gateway: str, receipt: Receipt) -> sqlite3.Row | None:
    """The oldest attempt to this phone whose answer did not come; the very one, where the receipt has our number."""
    rows: list[sqlite3.Row] = db.execute(
        "SELECT * FROM attempts WHERE modem = ? AND phone_key IN (SELECT value FROM json_each(?))"
        " AND outcome IN ('claimed', 'uncertain') AND gateway_id IS NULL ORDER BY id",
        (gateway, _keys(receipt)),
    ).fetchall()
    if receipt.attempt is not None:
        rows = [row for row in rows if row["id"] % 65_536 == receipt.attempt]
    return rows[0] if rows else None


def _one_for_each_phone(rows: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
    first: dict[str, sqlite3.Row] = {}
    for row in rows:
        first.setdefault(row["phone_key"], row)
    return list(first.values())


def _taken_without_id(db: sqlite3.Connection, gateway: str, receipt: Receipt) -> sqlite3.Row | None:
    """The oldest attempt to this phone that the gateway took and gave no id."""
    rows: list[sqlite3.Row] = db.execute(
        "SELECT * FROM attempts WHERE modem = ? AND phone_key IN (SELECT value FROM json_each(?))"
        " AND outcome = 'submitted' AND gateway_id IS NULL AND status IS NULL ORDER BY id LIMIT 1",
        (gateway, _keys(receipt)),
    ).fetchall()
    return rows[0] if rows else None


def _may_leave(severity: SmsSeverity, policy: Policy) -> bool:
    return policy.modem_ready and severity in policy.leave


def _keys(receipt: Receipt) -> str:
    return json.dumps([same_phone_key(phone) for phone in receipt.phones if phone])


def _send_again(db: sqlite3.Connection, now: datetime, segment: int, error: str) -> None:
    db.execute("UPDATE segments SET maybe_dup = 1 WHERE id = ?", (segment,))
    move(db, now, segment, SegmentState.QUEUED, error=error)
