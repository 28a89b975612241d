"""Campaigns in the ledger: starting one, and the messages that wait for the modem daemon."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.alerts.directory import Recipient
from edge.alerts.journal import Entry, record
from edge.shared.clock import utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.alerts import Answer, DeliveryState
from edge.shared.messages.common import Actor

OPEN_FOR = timedelta(hours=24)  # how long a campaign waits for answers
NO_NUMBER = "no_number"


@dataclass(frozen=True)
class Order:
    """A campaign to start: everything that must not change afterwards."""

    request_id: str
    scenario: str
    title: str
    exercise: bool
    text: str
    reminder_text: str
    actor: Actor
    contacts_version: int
    reminder_after_s: float
    reminders: int


@dataclass(frozen=True)
class Waiting:
    """A message the modem daemon does not have yet."""

    id: int
    request_id: str
    number: str
    text: str
    exercise: bool


class CampaignLedger:
    """The writer of campaigns."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.birth: str = ledger.read("SELECT birth FROM identity")[0][0]

    def start(self, order: Order, recipients: Sequence[Recipient], now: datetime) -> int:
        """Write a campaign with its recipients and their first messages. Returns its number."""
        at = utc_text(now)
        with self._ledger.change() as db:
            number = db.execute(
                "INSERT INTO campaigns (request_id, scenario, title, exercise, text, reminder_text, accepted_at, actor,"
                " contacts_version, reminder_after_s, reminders) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *(order.request_id, order.scenario, order.title, order.exercise, order.text, order.reminder_text),
                    *(at, order.actor.model_dump_json(), order.contacts_version),
                    *(order.reminder_after_s, order.reminders),
                ),
            ).lastrowid
            assert number is not None
            first = int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM deliveries").fetchone()[0])
            people = list(enumerate(recipients, start=first))
            db.executemany(
                "INSERT INTO deliveries (id, campaign, contact, number, state, answer, error) VALUES (?,?,?,?,?,?,?)",
                [(key, number, *_delivery_of(person)) for key, person in people],
            )
            db.executemany(
                "INSERT INTO dispatches (request_id, delivery, ordinal, created_at) VALUES (?, ?, 0, ?)",
                [(request_id(self.birth, number, key, 0), key, at) for key, person in people if person.number],
            )
            record(db, now, Entry.CAMPAIGN, _journalled(number, order, len(people)))
        return number

    def numbered(self, client_request_id: str) -> int | None:
        """The campaign this request started, if it did."""
        rows = self._ledger.read("SELECT number FROM campaigns WHERE request_id = ?", client_request_id)
        return int(rows[0]["number"]) if rows else None

    def awaited_from(self, people: Sequence[Recipient], now: datetime) -> bool:
        """Whether one of these people still owes an open campaign an answer: theirs to the next one must say which."""
        rows = self._ledger.read(
            "SELECT 1 FROM deliveries d JOIN campaigns c ON c.number = d.campaign WHERE c.accepted_at > ?"
            " AND d.answer = 'none' AND d.state <> 'failed' AND d.number IN (SELECT value FROM json_each(?)) LIMIT 1",
            utc_text(now - OPEN_FOR),
            json.dumps([person.number for person in people if person.number]),
        )
        return bool(rows)

    def next_number(self) -> int:
        """The number the next campaign gets."""
        return int(self._ledger.read("SELECT coalesce(max(number), 0) + 1 FROM campaigns")[0][0])

    def waiting_firsts(self, limit: int) -> list[Waiting]:
        """First messages to hand over, oldest first."""
        return [
            _waiting(row) for row in self._ledger.read(_WAITING + " AND p.ordinal = 0 ORDER BY p.id LIMIT ?", limit)
        ]

    def waiting_reminders(self, limit: int) -> list[Waiting]:
        """Reminders to hand over, oldest first; none for somebody who answered meanwhile."""
        query = _WAITING + " AND p.ordinal > 0 AND d.answer = 'none' ORDER BY p.id LIMIT ?"
        return [_waiting(row) for row in self._ledger.read(query, limit)]

    def taken(self, messages: Sequence[Waiting]) -> None:
        """The modem daemon has these messages on its disk."""
        with self._ledger.change() as db:
            db.executemany("UPDATE dispatches SET handed = 1 WHERE id = ?", [(message.id,) for message in messages])


_WAITING = (
    "SELECT p.id, p.request_id, d.number, CASE p.ordinal WHEN 0 THEN c.text ELSE c.reminder_text END AS text, c.exercise"
    " FROM dispatches p JOIN deliveries d ON d.id = p.delivery JOIN campaigns c ON c.number = d.campaign"
    " WHERE p.handed = 0"
)


def _waiting(row: sqlite3.Row) -> Waiting:
    return Waiting(row["id"], row["request_id"], row["number"], row["text"], bool(row["exercise"]))


def request_id(birth: str, campaign: int, delivery: int, ordinal: int) -> str:
    """The id under which the modem daemon gets a message: the same after any restart, never one of another ledger."""
    which = "first" if ordinal == 0 else f"reminder-{ordinal}"
    return f"{birth}/campaign-{campaign}/delivery-{delivery}/{which}"


def _delivery_of(person: Recipient) -> tuple[str, str | None, str, str, str | None]:
    """Somebody without a number is in the campaign too: the evidence must say who was not told."""
    if person.number is None:
        return (person.name, None, DeliveryState.FAILED, Answer.NONE, NO_NUMBER)
    return (person.name, person.number, DeliveryState.QUEUED, Answer.NONE, None)


def _journalled(number: int, order: Order, people: int) -> dict[str, object]:
    return {
        "campaign": number,
        "scenario": order.scenario,
        "exercise": order.exercise,
        "text": order.text,
        "actor": order.actor.model_dump(mode="json"),
        "contacts_version": order.contacts_version,
        "people": people,
        "request_id": order.request_id,
    }
