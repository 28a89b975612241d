"""Long messages that come in parts, in modem.db. They stay for a while after they were shown: parts come late, or again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem.pdu.body import Body, Writing
from edge.modem.pdu.coding import Alphabet
from edge.modem.pdu.tpdu import Deliver
from edge.modem.receiving.joining import Joins, LongMessage, Part, is_echo, place
from edge.modem.sending.rows import moment
from edge.shared.clock import utc_text

PARTS_AWAITED = timedelta(minutes=10)  # after the last part that came; then the message is shown as it is


@dataclass(frozen=True)
class Joined:
    """A long message to be shown, whole or not, in place of what was shown of it before (its seq)."""

    id: int
    number: str
    text: str
    sent_at: str
    complete: bool
    replaces: int | None


def add(db: sqlite3.Connection, received: Deliver, now: datetime) -> Joined | None:
    """Keep a part. Returns its message when that is now complete and not shown."""
    concatenation = received.concatenation
    assert concatenation is not None
    key = (received.number, concatenation.reference, concatenation.wide, concatenation.total)
    part = Part(received.body, received.sent_at, received.cut)
    placed = place(concatenation.number, part, _alike(db, key))
    if not isinstance(placed, Joins):
        return None
    message = placed.message
    if message is None:
        cursor = db.execute(
            "INSERT INTO long_messages (number, reference, wide, total, last_at) VALUES (?, ?, ?, ?, ?)",
            (*key, utc_text(now)),
        )
        assert cursor.lastrowid is not None
        message = cursor.lastrowid
    else:
        db.execute("UPDATE long_messages SET last_at = ?, waiting = 1 WHERE id = ?", (utc_text(now), message))
    _insert(db, message, concatenation.number, part)
    return _joined(db, message) if _parts(db, message, concatenation.total).complete else None


def overdue(db: sqlite3.Connection, now: datetime) -> list[int]:
    """Messages with something that is not shown and whose other parts had their time."""
    # A part from the future came before the clock was set back: it cannot be waited for.
    rows = db.execute(
        "SELECT id FROM long_messages WHERE waiting AND (last_at < ? OR last_at > ?) ORDER BY id",
        (utc_text(now - PARTS_AWAITED), utc_text(now + PARTS_AWAITED)),
    )
    return [row["id"] for row in rows]


def give_up(db: sqlite3.Connection, message: int) -> Joined | None:
    """What there is of a message whose parts do not come; None when it is all known from another one."""
    row = db.execute("SELECT * FROM long_messages WHERE id = ?", (message,)).fetchone()
    key = (row["number"], row["reference"], row["wide"], row["total"])
    if row["shown"] is None and is_echo(_parts(db, message, row["total"]), _alike(db, key)):
        db.execute("UPDATE long_messages SET waiting = 0 WHERE id = ?", (message,))
        return None
    return _joined(db, message)


def shown(db: sqlite3.Connection, message: int, seq: int) -> None:
    """All that came of the message is in the inbox under this seq."""
    db.execute("UPDATE long_messages SET shown = ?, waiting = 0 WHERE id = ?", (seq, message))


def _joined(db: sqlite3.Connection, message: int) -> Joined:
    row = db.execute("SELECT * FROM long_messages WHERE id = ?", (message,)).fetchone()
    long = _parts(db, message, row["total"])
    first = min(part.sent_at for part in long.parts.values())
    return Joined(message, row["number"], long.text, utc_text(first), long.intact, row["shown"])


def _alike(db: sqlite3.Connection, key: Sequence[object]) -> list[LongMessage]:
    rows = db.execute(
        "SELECT id, total FROM long_messages WHERE number = ? AND reference = ? AND wide = ? AND total = ?", key
    ).fetchall()
    return [_parts(db, row["id"], row["total"]) for row in rows]


def _parts(db: sqlite3.Connection, message: int, total: int) -> LongMessage:
    rows = db.execute("SELECT * FROM long_parts WHERE message = ? ORDER BY part", (message,))
    return LongMessage(message, total, {row["part"]: _part(row) for row in rows})


def _part(row: sqlite3.Row) -> Part:
    writing = Writing(Alphabet(row["alphabet"]), row["locking"], row["single"])
    return Part(Body(writing, row["octets"]), moment(row["sent_at"]), bool(row["cut"]))


def _insert(db: sqlite3.Connection, message: int, number: int, part: Part) -> None:
    writing = part.body.writing
    db.execute(
        "INSERT INTO long_parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(message, number, writing.alphabet.value, writing.locking, writing.single),
            *(part.body.octets, utc_text(part.sent_at), part.cut),
        ),
    )
