"""Contacts and their lists in the ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.alerts.contacts import ContactRow, Parsed, fixed_identity, fold, identity
from edge.alerts.journal import Entry, record
from edge.shared.ledger import Ledger
from edge.shared.messages.alerts import ContactList, ImportResult


@dataclass(frozen=True)
class Recipient:
    """A contact of a scenario's lists; number is None when no SMS reaches it."""

    name: str
    number: str | None


class Directory:
    """Who can be told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, parsed: Parsed, source: str, user: str, now: datetime) -> ImportResult:
        """Add or update the contacts of a file, in one transaction. Nobody is removed."""
        outcomes = {_ADDED: 0, _UPDATED: 0, _UNCHANGED: 0}
        with self._ledger.change() as db:
            known = {row["identity"]: row for row in db.execute("SELECT * FROM contacts")}
            lists = {row["key"]: int(row["id"]) for row in db.execute("SELECT key, id FROM lists")}
            for contact in parsed.contacts:
                outcomes[_take_one(db, contact, known, lists, source)] += 1
            if outcomes[_ADDED] or outcomes[_UPDATED]:
                db.execute("UPDATE versions SET contacts = contacts + 1")
            result = ImportResult(
                added=outcomes[_ADDED],
                updated=outcomes[_UPDATED],
                unchanged=outcomes[_UNCHANGED],
                faults=parsed.faults,
            )
            counts = result.model_dump(exclude={"faults"})
            record(db, now, Entry.IMPORT, {"source": source, "user": user, **counts, "faults": len(parsed.faults)})
        return result

    def lists(self) -> list[ContactList]:
        """Every list with its number of contacts."""
        rows = self._ledger.read(
            "SELECT l.name, count(DISTINCT m.contact) AS contacts FROM lists l JOIN members m ON m.list = l.id"
            " GROUP BY l.id ORDER BY l.key"
        )
        return [ContactList(name=row["name"], contacts=row["contacts"]) for row in rows]

    def total(self) -> int:
        """Number of contacts."""
        return int(self._ledger.read("SELECT count(*) FROM contacts")[0][0])

    def version(self) -> int:
        """Grows with every import that changed something: says which lists a campaign used."""
        return int(self._ledger.read("SELECT contacts FROM versions")[0][0])

    def recipients(self, lists: Sequence[str]) -> list[Recipient]:
        """The contacts of these lists, each once; of no list: everybody."""
        if not lists:
            rows = self._ledger.read("SELECT name, sms FROM contacts ORDER BY id")
        else:
            rows = self._ledger.read(
                "SELECT name, sms FROM contacts WHERE id IN (SELECT m.contact FROM members m"
                " JOIN lists l ON l.id = m.list WHERE l.key IN (SELECT value FROM json_each(?))) ORDER BY id",
                json.dumps([fold(name) for name in lists]),
            )
        return [Recipient(row["name"], row["sms"]) for row in rows]


_ADDED, _UPDATED, _UNCHANGED = "added", "updated", "unchanged"


def _take_one(
    db: sqlite3.Connection,
    contact: ContactRow,
    known: dict[str, sqlite3.Row],
    lists: dict[str, int],
    source: str,
) -> str:
    present = known.get(identity(contact)) or known.get(fixed_identity(contact))  # the office line, now with a mobile
    fields = (contact.name, contact.sms, contact.fixed, contact.service)
    if present is None:
        cursor = db.execute(
            "INSERT INTO contacts (identity, name, sms, fixed, service) VALUES (?, ?, ?, ?, ?)",
            (identity(contact), *fields),
        )
        assert cursor.lastrowid is not None
        _put_on_lists(db, cursor.lastrowid, contact, lists, source)
        return _ADDED
    moved = _put_on_lists(db, present["id"], contact, lists, source)
    if fields == (present["name"], present["sms"], present["fixed"], present["service"]):
        return _UPDATED if moved else _UNCHANGED
    db.execute(
        "UPDATE contacts SET identity=?, name=?, sms=?, fixed=?, service=? WHERE id=?",
        (identity(contact), *fields, present["id"]),
    )
    return _UPDATED


def _put_on_lists(
    db: sqlite3.Connection, contact_id: int, contact: ContactRow, lists: dict[str, int], source: str
) -> bool:
    """Make what this source says of the person's lists true. What other files said stays: nobody vanishes silently."""
    for name in contact.lists:
        if fold(name) not in lists:
            cursor = db.execute("INSERT INTO lists (key, name) VALUES (?, ?)", (fold(name), name))
            assert cursor.lastrowid is not None
            lists[fold(name)] = cursor.lastrowid
    wanted = {lists[fold(name)] for name in contact.lists}
    rows = db.execute("SELECT list FROM members WHERE contact=? AND source=?", (contact_id, source))
    present = {row["list"] for row in rows}
    for gone in present - wanted:
        db.execute("DELETE FROM members WHERE list=? AND contact=? AND source=?", (gone, contact_id, source))
    for new in wanted - present:
        db.execute("INSERT INTO members (list, contact, source) VALUES (?, ?, ?)", (new, contact_id, source))
    return wanted != present
