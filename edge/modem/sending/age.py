"""The seconds by which the age of what waits is counted: time of running, and what a disciplined clock says the box was off.

The wall clock alone would expire everything when it jumps ahead, and keep everything when it jumps back (docs/adr/0135).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger

KEPT_EVERY_S = 60.0  # what a power cut gives a message more, at most, where no clock tells how long the box was off
OFF_MIN_S = 1.0  # less is how far two readings of two clocks are apart


@dataclass(frozen=True)
class Anchor:
    """A moment at which the wall clock was disciplined, by both countings."""

    utc: datetime
    seconds: float


@dataclass(frozen=True)
class Counted:
    """The count at one moment of one boot."""

    seconds: float = 0.0
    boot: str | None = None
    monotonic_s: float = 0.0
    anchor: Anchor | None = None
    # When the box went off for a time not known yet: the first time after the anchor.
    off_since_s: float | None = None


def resumed(kept: Counted, newest_s: float, boot: str, monotonic_s: float) -> Counted:
    """The count of a new life of the daemon. newest_s: the last count that a message got; it may be after what was kept."""
    if kept.boot is None:
        return replace(kept, seconds=max(kept.seconds, newest_s), boot=boot, monotonic_s=monotonic_s)
    if kept.boot == boot:
        return later(kept, monotonic_s)
    end = max(kept.seconds, newest_s)
    return Counted(
        seconds=end + monotonic_s,  # the boot itself counts
        boot=boot,
        monotonic_s=monotonic_s,
        anchor=kept.anchor,
        off_since_s=end if kept.off_since_s is None else kept.off_since_s,
    )


def later(counted: Counted, monotonic_s: float) -> Counted:
    """The count later in the same boot."""
    passed = max(0.0, monotonic_s - counted.monotonic_s)
    return replace(counted, seconds=counted.seconds + passed, monotonic_s=monotonic_s)


def told(counted: Counted, utc: datetime) -> tuple[Counted, float]:
    """What a disciplined clock tells: the same, anchored anew; and the seconds not counted since the last anchor.

    They are counted only where the box was off: a clock that is set while it runs says nothing about age.
    """
    missing = 0.0
    if counted.anchor is not None and counted.off_since_s is not None:
        missing = (utc - counted.anchor.utc).total_seconds() - (counted.seconds - counted.anchor.seconds)
    return replace(counted, anchor=Anchor(utc, counted.seconds), off_since_s=None), max(0.0, missing)


class Age:
    """The count, kept in modem.db."""

    def __init__(self, ledger: Ledger, clock: Clock, boot: str, disciplined: Callable[[], bool | None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._disciplined = disciplined
        kept = _read(ledger)
        newest = ledger.read("SELECT accepted_s FROM messages ORDER BY id DESC LIMIT 1")
        self._counted = resumed(kept, newest[0]["accepted_s"] if newest else 0.0, boot, self._monotonic_s())
        self._is_new = kept.boot != boot
        self._kept_s = self._counted.seconds

    def now_s(self) -> float:
        """The count now. It never goes back."""
        self._counted = later(self._counted, self._monotonic_s())
        return self._counted.seconds

    def left(self, expires_s: float, at_most_s: float = math.inf) -> timedelta:
        """How long until then, so many seconds at most; zero when it is over."""
        return timedelta(seconds=min(max(0.0, expires_s - self.now_s()), at_most_s))

    def accept(self, db: sqlite3.Connection) -> float:
        """The count for a message that is put in, in a transaction of the caller: a boot is known before its messages."""
        now = self.now_s()
        if self._is_new:
            _keep(db, self._counted)
        return now

    def look(self) -> None:
        """Now and then: learn how long the box was off, and keep the count while something waits."""
        now = self.now_s()
        before = self._counted
        counted, missing = told(before, self._clock.now()) if self._disciplined() else (before, 0.0)
        learnt = counted.off_since_s != before.off_since_s
        if learnt or self._is_new or (now - self._kept_s >= KEPT_EVERY_S and self._anything_waits()):
            with self._ledger.change() as db:
                if missing >= OFF_MIN_S:
                    _make_older(db, missing, before.off_since_s)
                _keep(db, counted)
            self._is_new, self._kept_s = False, now
        self._counted = counted

    def _anything_waits(self) -> bool:
        return bool(self._ledger.read("SELECT 1 FROM segments WHERE state IN ('queued', 'uncertain') LIMIT 1"))

    def _monotonic_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _keep(db: sqlite3.Connection, counted: Counted) -> None:
    anchor = counted.anchor
    db.execute(
        "INSERT OR REPLACE INTO age VALUES (1, ?, ?, ?, ?, ?, ?)",
        (
            *(counted.seconds, counted.boot, counted.monotonic_s),
            *((utc_text(anchor.utc), anchor.seconds) if anchor else (None, None)),
            counted.off_since_s,
        ),
    )


def _make_older(db: sqlite3.Connection, missing: float, off_since_s: float | None) -> None:
    """What was put in before the box went off, and still waits, is older by so much."""
    waits = "SELECT message FROM segments WHERE state IN ('queued', 'claimed', 'uncertain')"
    before = f"SELECT id FROM messages WHERE accepted_s <= :off AND id IN ({waits})"  # noqa: S608 - of our own
    values = {"missing": missing, "off": off_since_s}
    db.execute(f"UPDATE segments SET expires_s = expires_s - :missing WHERE message IN ({before})", values)  # noqa: S608
    db.execute(f"UPDATE messages SET accepted_s = accepted_s - :missing WHERE id IN ({before})", values)  # noqa: S608


def _read(ledger: Ledger) -> Counted:
    rows = ledger.read("SELECT * FROM age")
    if not rows:
        return Counted()
    row = rows[0]
    anchor = Anchor(datetime.fromisoformat(row["anchor_utc"]), row["anchor_s"]) if row["anchor_utc"] else None
    return Counted(row["seconds"], row["boot"], row["monotonic_s"], anchor, row["off_since_s"])
