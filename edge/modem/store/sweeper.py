"""Keeps modem.db bounded by the rules of retention.py. SQLite uses the room of removed rows again, so the file is too."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator

from edge.modem.seldom import Seldom
from edge.modem.store.retention import BELONGINGS, MONTHS_OF_RECIPIENTS, RULES, Rule, marks_kept, removable
from edge.shared.clock import Clock
from edge.shared.ledger import Ledger

LOOK_EVERY_S = 60.0
WRITTEN_EVERY_S = 600  # a life shorter than this does not count
AT_ONCE = 100  # rows in a transaction: others wait for it
PAUSE_S = 0.05


class Sweeper:
    """Counts the hours of running over all lives of the daemon, and sweeps in each new one."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._log = Seldom(logging.getLogger(__name__))
        self._counted_ns = clock.monotonic_ns()

    async def run(self) -> None:
        """Sweep for ever, a little at a time."""
        while True:
            try:
                for _ in self.sweep():
                    await asyncio.sleep(PAUSE_S)
            except sqlite3.Error as error:  # a full disk; what is not swept now is swept in the next hour
                self._log.warning("not swept", "nothing can be removed: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    def sweep(self) -> Iterator[int]:
        """Remove what may go, if a new hour of running began; yields the rows removed after each transaction."""
        hour = self._hour()
        if hour is None:
            return
        for rule in RULES:
            bound = self._bound(rule, hour)
            while removed := self._remove(rule, bound):
                yield removed
        with self._ledger.change() as db:
            db.execute(
                "DELETE FROM recipients WHERE month NOT IN"
                " (SELECT DISTINCT month FROM recipients ORDER BY month DESC LIMIT ?)",
                (MONTHS_OF_RECIPIENTS,),
            )
            db.execute(
                "DELETE FROM marks WHERE hour < (SELECT max(hour) FROM marks WHERE hour <= ?)", (marks_kept(hour),)
            )

    def _hour(self) -> int | None:
        """The hour of running that just began, marked; None when none did."""
        seconds = (self._clock.monotonic_ns() - self._counted_ns) // 1_000_000_000
        if seconds < WRITTEN_EVERY_S:
            return None
        self._counted_ns += seconds * 1_000_000_000
        with self._ledger.change() as db:
            (running,) = db.execute(
                "UPDATE counters SET value = value + ? WHERE name = 'running_s' RETURNING value", (seconds,)
            ).fetchone()
            hour = int(running) // 3600
            if db.execute("SELECT 1 FROM marks WHERE hour = ?", (hour,)).fetchone():
                return None
            for rule in RULES:
                db.execute("INSERT INTO marks VALUES (?, ?, ?)", (rule.table, hour, self._newest(rule)))
        return hour

    def _bound(self, rule: Rule, hour: int) -> int:
        begin = rule.days_begin(hour)
        old = self._ledger.read(
            "SELECT last FROM marks WHERE counted = ? AND hour <= ? ORDER BY hour DESC LIMIT 1", rule.table, begin
        )
        return removable(rule, self._newest(rule), old[0]["last"] if old else 0)

    def _newest(self, rule: Rule) -> int:
        if rule.order == "change":
            rows = self._ledger.read("SELECT value FROM counters WHERE name = 'change'")
        else:
            rows = self._ledger.read("SELECT seq FROM sqlite_sequence WHERE name = ?", rule.table)
        return int(rows[0][0]) if rows else 0

    def _remove(self, rule: Rule, bound: int) -> int:
        query = (
            f"SELECT rowid FROM {rule.table} WHERE {rule.order} <= ? AND {rule.condition}"  # noqa: S608 - of our own
            f" ORDER BY {rule.order} LIMIT ?"
        )
        ids = [(row[0],) for row in self._ledger.read(query, bound, AT_ONCE)]
        if ids:
            with self._ledger.change() as db:
                for belongings in BELONGINGS.get(rule.table, ()):
                    db.executemany(belongings, ids)
                db.executemany(f"DELETE FROM {rule.table} WHERE rowid = ?", ids)  # noqa: S608
        return len(ids)
