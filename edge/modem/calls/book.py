"""Calls and dialogues on disk: what was asked for is written down before a modem hears of it, so that it is done once."""

from __future__ import annotations

import sqlite3

from edge.modem.calls.state import Talk
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem_calls import Call, CallState, UssdOutcome, UssdResult

KEEP = 2000  # calls, and dialogues; older ones that ended are forgotten
FORGET_CALLS = "DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - ? AND ended_at IS NOT NULL"
FORGET_DIALOGUES = "DELETE FROM dialogues WHERE id <= (SELECT max(id) FROM dialogues) - ?"


class RequestIdTaken(Exception):
    """This request_id stands for another number, code or modem."""


class CallBook:
    """Every call of every modem. One process writes."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def request(self, number: str, modem: str, request_id: str) -> Call:
        """Write down that a number is to be dialled."""
        with self._ledger.change() as db:
            cursor = db.execute(
                "INSERT INTO calls (request_id, modem, incoming, number, state, started_at) VALUES (?, ?, 0, ?, ?, ?)",
                (request_id, modem, number, CallState.REQUESTED, self._now()),
            )
            db.execute(FORGET_CALLS, (KEEP,))
        return self.find(int(cursor.lastrowid or 0))

    def requested(self, request_id: str, number: str) -> Call | None:
        """The call of a request_id, if there is one. Raises RequestIdTaken."""
        rows = self._ledger.read("SELECT * FROM calls WHERE request_id = ?", request_id)
        if not rows:
            return None
        if rows[0]["number"] != number:
            raise RequestIdTaken(request_id)
        return _call(rows[0])

    def keep(self, modem: str, talk: Talk) -> Call:
        """Write down how a call is now; a key that is no row's (negative) gets a row. Returns it as it stands."""
        now = self._now()
        answered = now if talk.spoke or talk.state is CallState.ACTIVE else None
        ended = now if talk.state is CallState.ENDED else None
        with self._ledger.change() as db:
            if talk.key > 0:
                key = talk.key
                db.execute(
                    "UPDATE calls SET number = ?, state = ?, cause = ?, detail = ?,"
                    " answered_at = coalesce(answered_at, ?), ended_at = ? WHERE id = ?",
                    (talk.number, talk.state, talk.cause if ended else None, talk.detail, answered, ended, key),
                )
            else:
                cursor = db.execute(
                    "INSERT INTO calls (modem, incoming, number, state, started_at, answered_at) VALUES (?, ?, ?, ?, ?, ?)",
                    (modem, talk.incoming, talk.number, talk.state, now, answered),
                )
                key = int(cursor.lastrowid or 0)
                db.execute(FORGET_CALLS, (KEEP,))
        return self.find(key)

    def find(self, key: int) -> Call:
        """The call of this id. Raises KeyError."""
        rows = self._ledger.read("SELECT * FROM calls WHERE id = ?", key)
        if not rows:
            raise KeyError(key)
        return _call(rows[0])

    def calls(self, limit: int, request_id: str | None) -> list[Call]:
        """Newest first, or the one of a request_id."""
        if request_id is not None:
            rows = self._ledger.read("SELECT * FROM calls WHERE request_id = ?", request_id)
        else:
            rows = self._ledger.read("SELECT * FROM calls ORDER BY id DESC LIMIT ?", limit)
        return [_call(row) for row in rows]

    def in_progress(self, modem: str | None = None) -> list[Call]:
        """Calls that have not ended, of one modem or of all, oldest first."""
        rows = self._ledger.read("SELECT * FROM calls WHERE ended_at IS NULL ORDER BY id")
        return [_call(row) for row in rows if modem is None or row["modem"] == modem]

    # -- dialogues ----------------------------------------------------------------------------------------------

    def ask(self, code: str, modem: str, request_id: str) -> None:
        """Write down that a code is to be given to a modem."""
        with self._ledger.change() as db:
            db.execute(
                "INSERT INTO dialogues (request_id, modem, code, outcome, text, asked_at) VALUES (?, ?, ?, ?, '', ?)",
                (request_id, modem, code, UssdOutcome.ASKED, self._now()),
            )
            db.execute(FORGET_DIALOGUES, (KEEP,))

    def asked(self, request_id: str, code: str) -> UssdResult | None:
        """What became of a request_id, if it is known. Raises RequestIdTaken."""
        rows = self._ledger.read("SELECT * FROM dialogues WHERE request_id = ?", request_id)
        if not rows:
            return None
        row = rows[0]
        if row["code"] != code:
            raise RequestIdTaken(request_id)
        return UssdResult(modem=row["modem"], outcome=UssdOutcome(row["outcome"]), text=row["text"], repeated=True)

    def answered(self, request_id: str, outcome: UssdOutcome, text: str) -> None:
        """Write down what the network said."""
        with self._ledger.change() as db:
            db.execute("UPDATE dialogues SET outcome = ?, text = ? WHERE request_id = ?", (outcome, text, request_id))

    def _now(self) -> str:
        return utc_text(self._clock.now())


def _call(row: sqlite3.Row) -> Call:
    fields = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over values
    return Call(**fields)
