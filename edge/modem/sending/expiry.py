"""What is not sent any more: parts whose time is over, and parts that somebody took back."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator

from edge.modem.bell import Bell
from edge.modem.seldom import Seldom
from edge.modem.sending.age import Age
from edge.modem.sending.rows import move
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SegmentState

# A long message of which some parts have left and some have not is finished for as long again: half of it is worse than late.
FINISHED_FOR = 2
AT_ONCE = 200  # messages in a transaction: others wait for it
BEGINNINGS_KEPT = 200


class Expiry:
    """Ends parts that wait and shall not be sent. Nothing else does; who hands parts out passes over what is due."""

    def __init__(self, ledger: Ledger, clock: Clock, bell: Bell, age: Age) -> None:
        self._ledger = ledger
        self._clock = clock
        self._bell = bell
        self._age = age
        self._log = Seldom(logging.getLogger(__name__))

    def end_due(self) -> Iterator[int]:
        """End what waits and shall not be sent; yields how many messages were looked at in each transaction."""
        now_s = self._age.now_s()
        while self._ledger.read(f"SELECT 1 {_DUE} LIMIT 1", now_s):
            with self._ledger.change() as db:
                looked_at, ended = end_due(db, self._clock, now_s)
            if ended:
                self._say(ended)
                self._bell.ring()
            yield looked_at

    def withdraw(self, ids: list[int], beginning: str | None) -> None:
        """Take back messages: what has not left never leaves, from the return of this on and across any crash.

        beginning: of request ids, also of those that are put in later. Ends nothing yet: see end_due.
        """
        now = utc_text(self._clock.now())
        with self._ledger.change() as db:
            if beginning is not None:
                db.execute("INSERT OR IGNORE INTO withdrawals (beginning, at) VALUES (?, ?)", (beginning, now))
                db.execute(
                    "DELETE FROM withdrawals WHERE id <= (SELECT max(id) FROM withdrawals) - ?", (BEGINNINGS_KEPT,)
                )
            for message in ids:
                withdraw(db, message, now)

    def _say(self, ended: Counter[SegmentState]) -> None:
        if late := ended[SegmentState.EXPIRED]:
            self._log.warning("expired", "%d messages expired: their time was over before they could be sent", late)
        if taken_back := ended[SegmentState.WITHDRAWN]:
            self._log.warning("withdrawn", "%d messages were taken back before they were sent", taken_back)


# The index holds what waits, by its end: nothing due costs one look, however many wait.
_DUE = "FROM segments INDEXED BY segments_by_expiry WHERE state = 'queued' AND expires_s <= ?"


def withdraw(db: sqlite3.Connection, message: int, now: str) -> None:
    """Have a message end wherever it waits, or would wait again after a refusal."""
    waits = "UPDATE segments SET expires_s = 0 WHERE message = ? AND state IN ('queued', 'claimed', 'uncertain')"
    if db.execute(waits, (message,)).rowcount:
        db.execute("UPDATE messages SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", (now, message))


def is_withdrawn(db: sqlite3.Connection, request_id: str) -> bool:
    """Whether messages whose request id begins so were withdrawn before this one came."""
    query = "SELECT 1 FROM withdrawals WHERE substr(?, 1, length(beginning)) = beginning"
    return db.execute(query, (request_id,)).fetchone() is not None


def end_due(db: sqlite3.Connection, clock: Clock, now_s: float) -> tuple[int, Counter[SegmentState]]:
    """In a transaction of the caller: how many messages were looked at, and how many of them ended how."""
    ended: Counter[SegmentState] = Counter()
    due = db.execute(f"SELECT DISTINCT message {_DUE} LIMIT ?", (now_s, AT_ONCE)).fetchall()
    for (message,) in due:
        row = db.execute(
            "SELECT accepted_s, validity_s, withdrawn_at FROM messages WHERE id = ?", (message,)
        ).fetchone()
        last_s = row["accepted_s"] + row["validity_s"] * FINISHED_FOR
        if now_s < last_s and _is_half_sent(db, message):
            db.execute("UPDATE segments SET expires_s = ? WHERE message = ? AND state = 'queued'", (last_s, message))
        else:
            state = SegmentState.EXPIRED if row["withdrawn_at"] is None else SegmentState.WITHDRAWN
            _end(db, clock, message, state)
            ended[state] += 1
    return len(due), ended


_TRIED = "SELECT count(*) FROM attempts WHERE segment = segments.id AND outcome != 'refused'"


def _is_half_sent(db: sqlite3.Connection, message: int) -> bool:
    """Whether some parts left, or may have, and others certainly did not."""
    query = f"SELECT min(({_TRIED}) > 0), max(({_TRIED}) > 0) FROM segments WHERE message = ?"  # noqa: S608
    none_unsent, any_sent = db.execute(query, (message,)).fetchone()
    return bool(any_sent and not none_unsent)


def _end(db: sqlite3.Connection, clock: Clock, message: int, state: SegmentState) -> None:
    for (segment,) in db.execute(
        "SELECT id FROM segments WHERE message = ? AND state = 'queued'", (message,)
    ).fetchall():
        move(db, clock.now(), segment, state)
        # Queued again after a try of which nobody knows, it was marked as sent twice; it was not.
        db.execute(
            f"UPDATE segments SET may_have_left = ({_TRIED}) > 0, maybe_dup = ({_TRIED}) > 1 WHERE id = ?",  # noqa: S608
            (segment,),
        )
