"""What modem.db keeps: for how long, how much at least, how much at most. Pure.

Time is counted in hours of running (ADR 0113): a clock without battery that jumps ten years ahead removes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DAY = 24  # hours


@dataclass(frozen=True)
class Rule:
    """Which rows of a table go, by the numbers in a column that only grow (order).

    Those numbered before the days began go, unless they are among the newest at_least numbers; those beyond the newest
    at_most go, however young. condition: SQL that says which rows may go at all.
    """

    table: str
    order: str
    days: int | None
    at_least: int
    at_most: int | None = None
    condition: str = "1"

    def days_begin(self, hour: int) -> int | None:
        """The hour of running at which its days began; None for a rule that goes by number alone."""
        return None if self.days is None else hour - self.days * DAY


FINISHED = (
    "NOT EXISTS (SELECT 1 FROM segments WHERE segments.message = messages.id"
    " AND segments.state IN ('queued', 'claimed', 'uncertain'))"
)
RULES = (
    # A request_id answers for its message while others may ask again: a week, and a day more. By its last change: four
    # of them make a message, 5 000 messages are kept.
    Rule("messages", "change", days=8, at_least=20_000, condition=FINISHED),
    # What the network did not take says nothing about reports; a part that waits for days is tried once a minute.
    Rule("attempts", "id", days=2, at_least=1_000, condition="outcome = 'refused'"),
    Rule("inbox", "seq", days=31, at_least=1_000, at_most=50_000),
    # An SMS centre tries for three days, seldom for a week.
    Rule("long_messages", "id", days=8, at_least=100, at_most=5_000, condition="NOT waiting"),
    Rule("aside", "id", days=31, at_least=50, at_most=1_000),
    # A number's allowance of answers looks a day back.
    Rule("bulletins", "id", days=2, at_least=200, condition="queued"),
    # More than all modems hold: what was taken and lies there still is not forgotten.
    Rule("taken", "id", days=None, at_least=0, at_most=5_000),
)
# Rows that go with the row they belong to: table -> what to delete for an id, in this order.
BELONGINGS: Mapping[str, tuple[str, ...]] = {
    "messages": (
        "DELETE FROM attempts WHERE segment IN (SELECT id FROM segments WHERE message = ?)",
        "DELETE FROM segments WHERE message = ?",
    ),
    "long_messages": ("DELETE FROM long_parts WHERE message = ?",),
}
MONTHS_OF_RECIPIENTS = 13


def removable(rule: Rule, newest: int, old: int) -> int:
    """Rows up to this number may go. newest: the last one given; old: the last one before the rule's days began."""
    by_age = min(old, newest - rule.at_least)
    by_number = 0 if rule.at_most is None else newest - rule.at_most
    return max(0, by_age, by_number)


def marks_kept(hour: int) -> int:
    """Marks before this hour serve no rule, but for the newest of them."""
    return min(begin for rule in RULES if (begin := rule.days_begin(hour)) is not None)
