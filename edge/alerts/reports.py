"""What people see of campaigns: counts and persons, read from the ledger."""

from __future__ import annotations

import sqlite3

from edge.shared.ledger import Ledger
from edge.shared.messages.alerts import Answer, Campaign, Counts, Delivery, DeliveryState
from edge.shared.messages.common import Actor

CAMPAIGNS_MAX = 100  # the newest ones; older ones are still there for Show

# Somebody without a number waits for nothing: not silent, failed.
COUNTS = """
SELECT count(*) AS people,
    count(*) FILTER (WHERE state = 'queued') AS queued,
    count(*) FILTER (WHERE state IN ('accepted', 'delivered')) AS accepted,
    count(*) FILTER (WHERE state = 'delivered') AS delivered,
    count(*) FILTER (WHERE state = 'uncertain') AS uncertain,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE answer = 'acknowledged') AS acknowledged,
    count(*) FILTER (WHERE answer = 'negative') AS negative,
    count(*) FILTER (WHERE reminders > 0) AS reminded,
    count(*) FILTER (WHERE answer = 'none' AND state <> 'failed') AS silent
FROM deliveries WHERE campaign = ?
"""


class Reports:
    """The reader. Counts are kept until somebody says that the campaign changed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._counts: dict[int, Counts] = {}

    def changed(self, campaigns: set[int]) -> None:
        """Forget the counts of these campaigns."""
        for number in campaigns:
            self._counts.pop(number, None)

    def campaign(self, number: int) -> Campaign | None:
        """One campaign."""
        rows = self._ledger.read("SELECT * FROM campaigns WHERE number = ?", number)
        return self._campaign(rows[0]) if rows else None

    def campaigns(self) -> list[Campaign]:
        """The newest campaigns, newest first."""
        rows = self._ledger.read("SELECT * FROM campaigns ORDER BY number DESC LIMIT ?", CAMPAIGNS_MAX)
        return [self._campaign(row) for row in rows]

    def deliveries(self, number: int) -> list[Delivery]:
        """The persons of a campaign, in the order of sending."""
        rows = self._ledger.read("SELECT * FROM deliveries WHERE campaign = ? ORDER BY id", number)
        return [_delivery(row) for row in rows]

    def _campaign(self, row: sqlite3.Row) -> Campaign:
        return Campaign(
            number=row["number"],
            scenario=row["scenario"],
            title=row["title"],
            exercise=bool(row["exercise"]),
            text=row["text"],
            accepted_at=row["accepted_at"],
            actor=Actor.model_validate_json(row["actor"]),
            request_id=row["request_id"],
            counts=self._counts_of(row["number"]),
        )

    def _counts_of(self, number: int) -> Counts:
        if number not in self._counts:
            self._counts[number] = Counts(**dict(self._ledger.read(COUNTS, number)[0]))
        return self._counts[number]


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        contact=row["contact"],
        number=row["number"],
        state=DeliveryState(row["state"]),
        answer=Answer(row["answer"]),
        answered_at=row["answered_at"],
        answer_text=row["answer_text"],
        reminders=row["reminders"],
        maybe_dup=bool(row["maybe_dup"]),
        error=row["error"],
    )
