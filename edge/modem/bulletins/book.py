"""The rows of the box's own SMS about its state: who is owed an answer to ETAT, and which change of level is to be told.

A bulletin is owed from the transaction that saw its cause on, written once, and handed to the outbox under a request id made
from its number: a crash anywhere in between neither loses nor doubles it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from edge.modem.bulletins import etat
from edge.modem.bulletins.etat import Past, Silence
from edge.modem.bulletins.level_watch import Change, Watched
from edge.modem.numbers import same_phone_key
from edge.modem.sending.rows import moment
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.level import Level
from edge.shared.messages.modem import InboundSms

log = logging.getLogger(__name__)

READ_AT_ONCE = 100
OUTBOX_LOOKED_AT = 50  # messages to one number


@dataclass(frozen=True)
class Owed:
    """A bulletin that is not yet in the outbox."""

    id: int
    number: str | None  # None: every technician
    change: Change | None
    text: str | None

    @property
    def request_id(self) -> str:
        """The same each time it is handed over."""
        return f"bulletin-{self.id}"


class Bulletins:
    """All of them, and what the watch remembers."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def read_inbox(self, technicians: Collection[str]) -> bool:
        """Owe an answer to those who asked since it was last read. Returns whether there may be more to read."""
        (read,) = self._ledger.read("SELECT inbox_read FROM watch")[0]
        rows = self._ledger.read("SELECT * FROM inbox WHERE seq > ? ORDER BY seq LIMIT ?", read, READ_AT_ONCE)
        if not rows:
            return False
        with self._ledger.change() as db:
            for row in rows:
                self._consider(db, InboundSms.model_validate(dict(row)), technicians)
            db.execute("UPDATE watch SET inbox_read = ?", (rows[-1]["seq"],))
        return len(rows) == READ_AT_ONCE

    def watched(self) -> Watched:
        """What the watch of the level remembers."""
        row = self._ledger.read("SELECT * FROM watch")[0]
        return Watched(
            told=Level(row["told"]),
            seen=None if row["seen"] is None else Level(row["seen"]),
            seen_since=moment(row["seen_since"]) if row["seen_since"] else None,
            isolated_since=moment(row["isolated_since"]) if row["isolated_since"] else None,
        )

    def remember(self, watched: Watched, change: Change | None) -> None:
        """Keep what the watch saw; owe the change to the technicians in the same transaction."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE watch SET told = ?, seen = ?, seen_since = ?, isolated_since = ?",
                (watched.told, watched.seen, _text(watched.seen_since), _text(watched.isolated_since)),
            )
            if change is not None:
                self._owe(db, change=change)

    def told_at(self) -> list[datetime]:
        """When changes of level were told of late."""
        rows = self._ledger.read("SELECT made_at FROM bulletins WHERE asked_by IS NULL")
        return [moment(row["made_at"]) for row in rows]

    def owed(self) -> list[Owed]:
        """Those not yet in the outbox, oldest first."""
        return [_owed(row) for row in self._ledger.read("SELECT * FROM bulletins WHERE queued = 0 ORDER BY id")]

    def write(self, bulletin: int, text: str) -> None:
        """From now on it says this."""
        with self._ledger.change() as db:
            db.execute("UPDATE bulletins SET text = ? WHERE id = ? AND text IS NULL", (text, bulletin))

    def queued(self, bulletin: int) -> None:
        """It is in the outbox for everybody it is for."""
        with self._ledger.change() as db:
            db.execute("UPDATE bulletins SET queued = 1 WHERE id = ?", (bulletin,))

    def _consider(self, db: sqlite3.Connection, sms: InboundSms, technicians: Collection[str]) -> None:
        number = etat.e164(sms.number)
        past = self._past(db, number) if number in technicians else Past()
        why = etat.silence(sms, technicians, past, self._clock.now())
        if why is None:
            self._owe(db, asked_by=sms.seq, number=number)
        elif why is not Silence.NO_REQUEST:
            log.warning("message %d asks for the state and gets no answer: %s", sms.seq, why)

    def _past(self, db: sqlite3.Connection, number: str | None) -> Past:
        assert number is not None
        answered = db.execute("SELECT made_at FROM bulletins WHERE number = ?", (number,)).fetchall()
        sent = db.execute(
            "SELECT text, queued_at FROM messages WHERE phone_key = ? ORDER BY id DESC LIMIT ?",
            (same_phone_key(number), OUTBOX_LOOKED_AT),
        ).fetchall()
        return Past(
            [moment(row["made_at"]) for row in answered],
            [moment(row["queued_at"]) for row in sent if etat.asks_for_state(row["text"])],
        )

    def _owe(
        self,
        db: sqlite3.Connection,
        *,
        asked_by: int | None = None,
        number: str | None = None,
        change: Change | None = None,
    ) -> None:
        now = self._clock.now()
        db.execute(
            "INSERT INTO bulletins (made_at, asked_by, number, was, level, since, isolated_since)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(utc_text(now), asked_by, number),
                *((change.was, change.level, _text(change.since)) if change else (None, None, None)),
                _text(change.isolated_since) if change else None,
            ),
        )


def _owed(row: sqlite3.Row) -> Owed:
    change = None
    if row["level"] is not None:
        change = Change(
            Level(row["was"]),
            Level(row["level"]),
            moment(row["since"]),
            moment(row["isolated_since"]) if row["isolated_since"] else None,
        )
    return Owed(row["id"], row["number"], change, row["text"])


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)
