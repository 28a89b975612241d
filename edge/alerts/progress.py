"""Brings campaigns forward in the ledger: loads a standing, asks campaign.step, stores what came out, all in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.alerts.answers import INFORMATION, Meaning, read_answer
from edge.alerts.campaign import LEFT, Answered, Dispatch, Due, Event, Moved, Remind, Rules, Standing, dispatch_of, step
from edge.alerts.journal import Entry, record
from edge.alerts.ledger import Waiting, request_id
from edge.shared.clock import utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.alerts import Answer, DeliveryState
from edge.shared.messages.modem import InboundSms, ModemEvent
from edge.shared.phone_numbers import Number, normalise

ANSWERS_FOR = timedelta(days=7)  # a later OK is about something else
CLOCKS_APART = timedelta(days=1)  # the network's and the box's, at the very most


@dataclass(frozen=True)
class Cursors:
    """The last events of the modem daemon whose effects are on disk."""

    inbox: int
    outbox: int


class Progress:
    """The writer of what happens to campaigns after they started. Methods return the campaigns that changed."""

    def __init__(self, ledger: Ledger, birth: str) -> None:
        self._ledger = ledger
        self._birth = birth

    def cursors(self) -> Cursors:
        """Where to go on watching the modem daemon."""
        row = self._ledger.read("SELECT inbox, outbox FROM cursors")[0]
        return Cursors(row["inbox"], row["outbox"])

    def absorb(self, events: Iterable[ModemEvent], country_code: str, now: datetime) -> set[int]:
        """Apply what the modem daemon says; its cursors move in the same transaction, so each event counts once."""
        changed: set[int] = set()
        with self._ledger.change() as db:
            row = db.execute("SELECT inbox, outbox FROM cursors").fetchone()
            inbox, outbox = row["inbox"], row["outbox"]
            for event in events:
                if event.outbox is not None and event.outbox.change > outbox:
                    outbox = event.outbox.change
                    message = event.outbox.message
                    changed |= self._move(db, message.request_id, dispatch_of(message), now)
                if event.inbound is not None and event.inbound.seq > inbox:
                    inbox = event.inbound.seq
                    changed |= self._receive(db, event.inbound, country_code, now)
            db.execute("UPDATE cursors SET inbox = ?, outbox = ?", (inbox, outbox))
        return changed

    def refuse(self, message: Waiting, error: str, now: datetime) -> set[int]:
        """The modem daemon will never take this message."""
        with self._ledger.change() as db:
            db.execute("UPDATE dispatches SET handed = 1 WHERE id = ?", (message.id,))
            dispatch = Dispatch(DeliveryState.FAILED, error=error, refused=True)
            return self._move(db, message.request_id, dispatch, now)

    def remind(self, now: datetime, limit: int) -> set[int]:
        """Queue the reminders that are due, at most limit of them in this transaction."""
        changed: set[int] = set()
        due = self._ledger.read(
            "SELECT id, campaign FROM deliveries WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?",
            utc_text(now),
            limit,
        )
        if not due:
            return changed
        with self._ledger.change() as db:
            for row in due:
                self._apply(db, row["id"], Due(), now)
                changed.add(row["campaign"])
            record(db, now, Entry.REMINDERS, {"deliveries": [row["id"] for row in due]})
        return changed

    def next_due(self) -> str | None:
        """UTC text of the earliest due row."""
        due: str | None = self._ledger.read("SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL")[0][0]
        return due

    def _move(self, db: sqlite3.Connection, key: str, dispatch: Dispatch, now: datetime) -> set[int]:
        row = db.execute(
            "SELECT p.delivery, p.ordinal, p.refused, d.campaign FROM dispatches p JOIN deliveries d ON d.id = p.delivery"
            " WHERE p.request_id = ?",
            (key,),
        ).fetchone()
        if row is None:
            return set()  # somebody else's message: repli modem sms send, or another ledger
        db.execute("UPDATE dispatches SET handed = 1 WHERE request_id = ?", (key,))
        self._apply(db, row["delivery"], Moved(row["ordinal"], dispatch), now)
        return {row["campaign"]}

    def _receive(self, db: sqlite3.Connection, sms: InboundSms, country_code: str, now: datetime) -> set[int]:
        sender = normalise(sms.number, country_code)
        number = sender.e164 if isinstance(sender, Number) else sms.number
        # What is missing of a long message may say the contrary: it is an answer when its late parts made it whole.
        meaning = read_answer(sms.text) if sms.complete else INFORMATION
        target = _target(db, number, meaning, datetime.fromisoformat(sms.sent_at), now)
        answer = meaning.answer if target is not None else Answer.NONE
        delivery = target["id"] if target is not None else None
        db.execute(
            "INSERT INTO inbound (seq, number, text, received_at, answer, delivery) VALUES (?, ?, ?, ?, ?, ?)",
            (sms.seq, number, sms.text, sms.received_at, answer, delivery),
        )
        kind = Entry.INFORMATION if answer is Answer.NONE else Entry.ANSWER
        record(db, now, kind, {"seq": sms.seq, "delivery": delivery, "answer": answer, "text": sms.text})
        if target is None or answer is Answer.NONE:
            return set()
        self._apply(db, target["id"], Answered(answer), now)
        db.execute(
            "UPDATE deliveries SET answered_at = ?, answer_text = ? WHERE id = ?",
            (sms.received_at, sms.text, target["id"]),
        )
        return {target["campaign"]}

    def _apply(self, db: sqlite3.Connection, delivery: int, event: Event, now: datetime) -> None:
        before, rules, campaign = _load(db, delivery)
        after, actions = step(before, event, now, rules)
        for ordinal, dispatch in enumerate(after.dispatches[: len(before.dispatches)]):
            if dispatch != before.dispatches[ordinal]:
                db.execute(
                    "UPDATE dispatches SET state=?, maybe_dup=?, error=?, refused=?, moved_at=?"
                    " WHERE delivery=? AND ordinal=?",
                    (
                        *(dispatch.state, dispatch.maybe_dup, dispatch.error, dispatch.refused, utc_text(now)),
                        *(delivery, ordinal),
                    ),
                )
        for action in actions:
            self._queue(db, campaign, delivery, action, now)
        if after != before:
            db.execute(
                "UPDATE deliveries SET state=?, answer=?, reminders=?, maybe_dup=?, error=?, due_at=? WHERE id=?",
                (
                    *(after.state, after.answer, after.reminders, after.maybe_dup, after.error),
                    *(utc_text(after.due) if after.due else None, delivery),
                ),
            )

    def _queue(self, db: sqlite3.Connection, campaign: int, delivery: int, action: Remind, now: datetime) -> None:
        db.execute(
            "INSERT INTO dispatches (request_id, delivery, ordinal, created_at) VALUES (?, ?, ?, ?)",
            (request_id(self._birth, campaign, delivery, action.ordinal), delivery, action.ordinal, utc_text(now)),
        )


def _load(db: sqlite3.Connection, delivery: int) -> tuple[Standing, Rules, int]:
    row = db.execute(
        "SELECT d.campaign, d.answer, d.due_at, c.reminder_after_s, c.reminders AS allowed"
        " FROM deliveries d JOIN campaigns c ON c.number = d.campaign WHERE d.id = ?",
        (delivery,),
    ).fetchone()
    dispatches = db.execute(
        "SELECT state, maybe_dup, error, refused FROM dispatches WHERE delivery = ? ORDER BY ordinal", (delivery,)
    )
    standing = Standing(
        dispatches=tuple(
            Dispatch(DeliveryState(p["state"]), bool(p["maybe_dup"]), p["error"], bool(p["refused"]))
            for p in dispatches
        ),
        answer=Answer(row["answer"]),
        due=datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
    )
    return standing, Rules(timedelta(seconds=row["reminder_after_s"]), row["allowed"]), row["campaign"]


def _target(
    db: sqlite3.Connection, number: str, meaning: Meaning, sent_at: datetime, now: datetime
) -> sqlite3.Row | None:
    """The delivery an answer is about: the campaign it names, else the newest that may have reached the phone.

    Never one that began long after the answer was sent: an old OUI may have lain on the SIM, or with the network.
    """
    if meaning == INFORMATION:
        return None
    rows: list[sqlite3.Row] = db.execute(
        "SELECT d.id, d.campaign, d.state FROM deliveries d JOIN campaigns c ON c.number = d.campaign"
        " WHERE d.number = ? AND c.accepted_at > ? AND c.accepted_at <= ? ORDER BY d.campaign DESC",
        (number, utc_text(now - ANSWERS_FOR), utc_text(sent_at + CLOCKS_APART)),
    ).fetchall()
    if meaning.code is not None:
        return next((row for row in rows if row["campaign"] == meaning.code), None)
    reached = [row for row in rows if DeliveryState(row["state"]) in LEFT]
    return next(iter(reached or rows), None)
