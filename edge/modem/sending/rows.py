"""Rows of modem.db that several transactions read and write alike."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from statistics import median_low

from edge.modem.numbers import same_phone_key
from edge.modem.sending.decision import Attempt, Outcome, state_of_report
from edge.shared.clock import utc_text
from edge.shared.messages.modem import SegmentState

LAGS = 5  # reports
APART = timedelta(seconds=3)
RECENT_ATTEMPTS = 300  # per phone and modem; TP-MR wraps after 256


def attempts_to(db: sqlite3.Connection, modem: str, recipient: str) -> list[Attempt]:
    """What was handed to this modem, or to its SIM in another, for this phone and not refused, newest first.

    Reports come to the SIM: the settings may have given the modem another name since, or a person the SIM another modem.
    """
    rows = db.execute(
        "SELECT * FROM attempts WHERE phone_key = :phone AND outcome != 'refused' AND modem IN"
        " (SELECT :modem UNION SELECT there.modem FROM sims here JOIN sims there"
        " ON here.imsi IN (there.imsi, there.before_imsi) WHERE here.modem = :modem)"
        " AND (modem = :modem OR sim = (SELECT imsi FROM sims WHERE modem = :modem)) ORDER BY id DESC LIMIT :most",
        {"phone": same_phone_key(recipient), "modem": modem, "most": RECENT_ATTEMPTS},
    )
    return [
        Attempt(
            row["id"],
            Outcome(row["outcome"]),
            moment(row["claimed_at"]),
            row["reference"],
            row["predicted"],
            row["status"] is not None,
            None if row["taken_at"] is None else moment(row["taken_at"]),
        )
        for row in rows
    ]


def clock_behind(db: sqlite3.Connection, modem: str) -> timedelta:
    """How far the network's clock was behind ours at the last report; zero when it was not, or none came."""
    last = db.execute(
        "SELECT claimed_at, taken_at FROM attempts WHERE modem = ? AND taken_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        (modem,),
    ).fetchone()
    if last is None:
        return timedelta()
    return max(timedelta(), moment(last["claimed_at"]) - moment(last["taken_at"]))


def usual_lag(db: sqlite3.Connection, modem: str) -> timedelta | None:
    """TP-SCTS less the handing over, the median of the last reports; None before there was one."""
    rows = db.execute(
        "SELECT claimed_at, taken_at FROM attempts WHERE modem = ? AND taken_at IS NOT NULL ORDER BY id DESC LIMIT ?",
        (modem, LAGS),
    )
    lags = [moment(row["taken_at"]) - moment(row["claimed_at"]) for row in rows]
    return median_low(lags) if lags else None


def set_attempt(db: sqlite3.Connection, attempt: int, outcome: Outcome, reference: int | None) -> None:
    """What became of an attempt."""
    db.execute("UPDATE attempts SET outcome = ?, reference = ? WHERE id = ?", (outcome.value, reference, attempt))


def reported_state(db: sqlite3.Connection, attempt: int) -> SegmentState | None:
    """What the report said that came before the modem's own answer, as pushed reports may."""
    (status,) = db.execute("SELECT status FROM attempts WHERE id = ?", (attempt,)).fetchone()
    return None if status is None else state_of_report(status)


def predict(db: sqlite3.Connection, modem: str) -> int | None:
    """The TP-MR the modem will probably give: modems count up by one for each part they are given."""
    last = db.execute("SELECT * FROM attempts WHERE modem = ? ORDER BY id DESC LIMIT 1", (modem,)).fetchone()
    if last is None:
        return None
    seen: int | None = last["reference"] if last["reference"] is not None else last["predicted"]
    if seen is None:
        return None
    given = 0 if last["outcome"] == Outcome.REFUSED else 1
    return (seen + given) % 256


def next_concatenation(db: sqlite3.Connection, number: str) -> int:
    """Counts per phone, so that two messages with one reference are 256 long messages to that phone apart."""
    last = db.execute(
        "SELECT concatenation FROM messages WHERE phone_key = ? ORDER BY id DESC LIMIT 1", (same_phone_key(number),)
    ).fetchone()
    if last is not None:
        return (int(last["concatenation"]) + 1) % 256
    (messages,) = db.execute("SELECT count(*) FROM messages").fetchone()
    return int(messages) % 256


def next_change(db: sqlite3.Connection) -> int:
    """The next number of the outbox's changes; numbers are never used twice."""
    (change,) = db.execute("UPDATE counters SET value = value + 1 WHERE name = 'change' RETURNING value").fetchone()
    return int(change)


def touch(db: sqlite3.Connection, message: int) -> None:
    """Note that a message or one of its parts changed."""
    db.execute("UPDATE messages SET change = ? WHERE id = ?", (next_change(db), message))


def move(
    db: sqlite3.Connection,
    now: datetime,
    segment: int,
    state: SegmentState,
    *,
    reference: int | None = None,
    error: str | None = None,
    delay: timedelta = timedelta(),
) -> int:
    """Bring a part into another state; its last error stays unless there is a new one. Returns its message."""
    uncertain_since = utc_text(now) if state is SegmentState.UNCERTAIN else None
    (message,) = db.execute(
        "UPDATE segments SET state = ?, reference = ?, error = coalesce(?, error), not_before = ?,"
        " uncertain_since = ?, updated_at = ?, may_have_left = 0 WHERE id = ? RETURNING message",
        (state.value, reference, error, utc_text(now + delay), uncertain_since, utc_text(now), segment),
    ).fetchone()
    touch(db, message)
    return int(message)


def keep_apart(db: sqlite3.Connection, segment: int) -> None:
    """Let the other parts for this phone wait until TP-SCTS, in whole seconds, can tell them from this uncertain one."""
    claimed_at, phone_key = db.execute(
        "SELECT claimed_at, phone_key FROM attempts WHERE segment = ? ORDER BY id DESC LIMIT 1", (segment,)
    ).fetchone()
    until = utc_text(moment(claimed_at) + APART)
    db.execute(
        "UPDATE segments SET not_before = ? WHERE state = 'queued' AND not_before < ?"
        " AND message IN (SELECT id FROM messages WHERE phone_key = ?)",
        (until, until, phone_key),
    )


def apart_from_uncertain(db: sqlite3.Connection, phone_key: str, now: datetime) -> str:
    """When a new part for this phone may go at the earliest, RFC 3339: see keep_apart."""
    (claimed_at,) = db.execute(
        "SELECT max(a.claimed_at) FROM segments s JOIN attempts a ON a.segment = s.id"
        " WHERE s.state = 'uncertain' AND a.outcome = 'uncertain' AND a.phone_key = ? AND a.claimed_at <= ?",
        (phone_key, utc_text(now)),
    ).fetchone()
    return utc_text(now if claimed_at is None else max(now, moment(claimed_at) + APART))


def leave_to_any(db: sqlite3.Connection, message: int) -> None:
    """Another modem may take a message of which no part has, or may have, left by the one that tried."""
    db.execute(
        "UPDATE messages SET modem = NULL WHERE id = ? AND NOT EXISTS (SELECT 1 FROM segments"
        " WHERE message = messages.id AND state IN ('claimed', 'submitted', 'uncertain', 'delivered'))",
        (message,),
    )


def moment(text: str) -> datetime:
    """A time as the rows hold it."""
    return datetime.fromisoformat(text)
