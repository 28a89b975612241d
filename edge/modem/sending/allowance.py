"""What each SIM may still send: its pace for each severity, and how many people it may write to in a month.

Both are counted from the ledger, by SIM: neither a restart nor another modem gives a SIM a fresh start. Operators cap
the distinct recipients of "unlimited" plans and block SIMs that send like machines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem.monotonic import monotonic
from edge.modem.sending import severity
from edge.modem.sending.pacing import Pace
from edge.modem.sending.rows import moment
from edge.modem.sending.severity import RANK
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SmsSeverity
from edge.shared.model import ModemSection


@dataclass(frozen=True)
class Permission:
    """What a SIM may send now."""

    severities: Collection[SmsSeverity]
    wait_s: float | None  # until the next severity may go; None when all may now
    newcomers: bool  # routine messages to people it has not written to this month, too


class Allowance:
    """The paces and the monthly recipients of all SIMs."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._paces: dict[tuple[str, SmsSeverity], Pace] = {}

    def permission(self, sim: str, cap: int | None, rules: ModemSection) -> Permission:
        """What this SIM may send now; cap: recipients a month, None for no limit."""
        now = monotonic()
        waits = {each: self._wait(sim, each, rules, now) for each in SmsSeverity}
        held = [wait for wait in waits.values() if wait > 0]
        return Permission(
            severities=[each for each, wait in waits.items() if wait == 0],
            wait_s=min(held, default=None),
            newcomers=cap is None or self.recipients(sim) < cap,
        )

    def spend(self, sim: str, each: SmsSeverity, rules: ModemSection) -> None:
        """A part goes."""
        pace = self._pace(sim, each, rules)
        if pace is not None:
            pace.spend(monotonic())

    def recipients(self, sim: str) -> int:
        """How many people this SIM has written to this month (UTC)."""
        query = "SELECT count(*) FROM recipients WHERE sim = ? AND month = ?"
        return int(self._ledger.read(query, sim, month(self._clock.now()))[0][0])

    def left_at_once(self, sim: str, each: SmsSeverity, rules: ModemSection) -> float | None:
        """Parts that may go before pacing sets in; None without pacing."""
        pace = self._pace(sim, each, rules)
        return None if pace is None else pace.left(monotonic())

    def _wait(self, sim: str, each: SmsSeverity, rules: ModemSection, now: float) -> float:
        pace = self._pace(sim, each, rules)
        return 0.0 if pace is None else pace.wait(now)

    def _pace(self, sim: str, each: SmsSeverity, rules: ModemSection) -> Pace | None:
        wanted = severity.pacing(rules, each)
        if wanted is None:
            return None
        pace = self._paces.get((sim, each))
        if pace is None:
            pace = self._paces[sim, each] = self._resumed(sim, each, *wanted)
        pace.change(*wanted)
        return pace

    def _resumed(self, sim: str, each: SmsSeverity, burst: int, per_minute: float) -> Pace:
        now = self._clock.now()
        refill = timedelta(minutes=min(burst / per_minute, 60 * 24) + 1)
        rows = self._ledger.read(
            "SELECT claimed_at FROM attempts WHERE sim = ? AND rank = ? AND claimed_at BETWEEN ? AND ? ORDER BY claimed_at",
            sim,
            RANK[each],
            utc_text(now - refill),
            utc_text(now),
        )
        ages = [(now - moment(row["claimed_at"])).total_seconds() for row in rows]
        return Pace.resumed(burst, per_minute, ages, monotonic())


def count_recipient(db: sqlite3.Connection, sim: str, phone_key: str, now: datetime) -> None:
    """A part goes to this phone."""
    db.execute("INSERT OR IGNORE INTO recipients VALUES (?, ?, ?)", (sim, month(now), phone_key))


def month(now: datetime) -> str:
    """The calendar month (UTC) that a plan is counted by."""
    return now.strftime("%Y-%m")
