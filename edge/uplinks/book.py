"""The history on disk: switches, and rows of seconds and minutes. Used by the history's one thread only.

Rows are numbered by the seconds that the box has run since its first record (`run_s`): CLOCK_MONOTONIC, set end to end over
boots. What is kept, and in which order, follows from that number alone; a wrong clock can neither make the file grow nor
empty it. `boots` says for each boot what to add for UTC; a clock that is put right moves the whole boot, in one row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from edge.shared.ledger import Ledger
from edge.shared.messages.uplinks import Switch
from edge.uplinks.rollup import MINUTE, SECOND, Row

SWITCHES_KEPT = 10_000  # the oldest go first
BOOTS_KEPT = 1_000  # a box that restarts every hour for longer than a month
KEPT_S = {SECOND: 3600, MINUTE: 31 * 86_400}

_TABLES = {SECOND: "seconds", MINUTE: "minutes"}
_ROWS = """(
        run_s INTEGER NOT NULL,
        link TEXT NOT NULL,
        sent INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        rtt_min_ms REAL,
        rtt_ms REAL,
        rtt_max_ms REAL,
        jitter_ms REAL,
        PRIMARY KEY (run_s, link)
    ) WITHOUT ROWID"""
_STEPS = (
    """
    CREATE TABLE switches (
        seq INTEGER PRIMARY KEY,
        cause TEXT NOT NULL,
        from_link TEXT,
        to_link TEXT,
        detected_monotonic_ns INTEGER NOT NULL,
        switched_monotonic_ns INTEGER NOT NULL,
        detected_at TEXT NOT NULL,
        switched_at TEXT NOT NULL,
        flows_flushed INTEGER NOT NULL
    )
    """,
    f"""
    ALTER TABLE switches ADD COLUMN evidence TEXT;
    CREATE TABLE boots (first_run_s INTEGER PRIMARY KEY, id TEXT NOT NULL, base_s INTEGER NOT NULL, utc_s INTEGER NOT NULL);
    CREATE TABLE seconds {_ROWS};
    CREATE TABLE minutes {_ROWS}
    """,
    "ALTER TABLE switches ADD COLUMN boot TEXT",
)
_COLUMNS = (
    "seq, cause, from_link, to_link, detected_monotonic_ns, switched_monotonic_ns, "
    "detected_at, switched_at, flows_flushed"
)


@dataclass(frozen=True)
class _Boot:
    first_run_s: int
    base_s: int  # run_s less CLOCK_MONOTONIC
    utc_s: int  # UTC less run_s


@dataclass(frozen=True)
class Moment:
    """One moment by both clocks, in whole seconds."""

    monotonic_s: int
    shift_s: int  # UTC less CLOCK_MONOTONIC

    @property
    def utc_s(self) -> int:
        """Seconds since 1970."""
        return self.monotonic_s + self.shift_s


def shift(now: datetime, monotonic_ns: int, before_s: int | None) -> int:
    """UTC less CLOCK_MONOTONIC in whole seconds; the one before as long as it is right to a second.

    Both clocks tick at different instants: rounded anew each time, the same row would be dated now here, now there.
    """
    exact = now.timestamp() - monotonic_ns / 1e9
    return before_s if before_s is not None and abs(exact - before_s) < 1 else round(exact)


class Book:
    """The open file. Every method may raise sqlite3.Error or OSError."""

    def __init__(self, path: Path, boot_id: str, now: Moment) -> None:
        """Raises LedgerBusy, LedgerDamaged, OSError."""
        self._ledger = Ledger(path, _STEPS)
        self._boot_id = boot_id
        self._boot = self._this_boot(now)

    @property
    def shift_s(self) -> int:
        """What to add to CLOCK_MONOTONIC of this boot for UTC, as it was known last."""
        return self._boot.base_s + self._boot.utc_s

    def close(self) -> None:
        """Close the file."""
        self._ledger.close()

    def switches(self, limit: int) -> list[Switch]:
        """The newest ones, oldest first."""
        rows = self._ledger.read(f"SELECT {_COLUMNS} FROM switches ORDER BY seq DESC LIMIT ?", limit)  # noqa: S608
        return [Switch.model_validate(dict(row)) for row in reversed(rows)]

    def switch(self, seq: int) -> Switch | None:
        """One switch with its evidence; those of older versions have none."""
        rows = self._ledger.read(f"SELECT {_COLUMNS}, evidence FROM switches WHERE seq = ?", seq)  # noqa: S608
        if not rows:
            return None
        fields = dict(rows[0])
        return Switch.model_validate({**fields, "evidence": json.loads(fields["evidence"] or "null")})

    def first_of_boot(self) -> int | None:
        """The number of this boot's first switch: the CLOCK_MONOTONIC of those before is another's."""
        rows = self._ledger.read("SELECT min(seq) FROM switches WHERE boot = ?", self._boot_id)
        return None if rows[0][0] is None else int(rows[0][0])

    def write_switches(self, batch: Sequence[Switch]) -> None:
        """Add or replace these."""
        with self._ledger.change() as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO switches ({_COLUMNS}, evidence, boot) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        switch.seq,
                        switch.cause,
                        switch.from_link,
                        switch.to_link,
                        switch.detected_monotonic_ns,
                        switch.switched_monotonic_ns,
                        switch.detected_at,
                        switch.switched_at,
                        switch.flows_flushed,
                        switch.evidence.model_dump_json() if switch.evidence else None,
                        self._boot_id,
                    )
                    for switch in batch
                ],
            )
            connection.execute("DELETE FROM switches WHERE seq <= ?", (batch[-1].seq - SWITCHES_KEPT,))

    def write_rows(self, rows: Mapping[int, Sequence[Row]], now: Moment) -> None:
        """Add rows of seconds and minutes, and let go of what is too old: all of it one transaction."""
        boot = self._boot
        run_s = now.monotonic_s + boot.base_s
        with self._ledger.change() as connection:
            connection.execute(
                "INSERT INTO boots VALUES (?, ?, ?, ?) ON CONFLICT (first_run_s) DO UPDATE SET utc_s = excluded.utc_s",
                (boot.first_run_s, self._boot_id, boot.base_s, now.shift_s - boot.base_s),
            )
            connection.execute(
                "DELETE FROM boots WHERE first_run_s NOT IN (SELECT first_run_s FROM boots ORDER BY 1 DESC LIMIT ?)",
                (BOOTS_KEPT,),
            )
            (oldest,) = connection.execute("SELECT min(first_run_s) FROM boots").fetchone()
            for step, entries in rows.items():
                connection.executemany(
                    f"INSERT OR REPLACE INTO {_TABLES[step]} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    [(row.start_s + boot.base_s, *astuple(row)[1:]) for row in entries],
                )
                first = max(run_s - KEPT_S[step] + 1, oldest)
                connection.execute(f"DELETE FROM {_TABLES[step]} WHERE run_s < ?", (first,))  # noqa: S608

    def rows(self, step: int, link: str, span: range, limit: int, now: Moment) -> list[tuple[int, Row]]:
        """The first rows of a link in a span of UTC seconds, each with its UTC second; oldest first."""
        found: list[tuple[int, Row]] = []
        boots = self._boots(now)
        ends = [boot.first_run_s for boot in boots[1:]] + [2**62]
        for boot, end in zip(boots, ends, strict=True):
            first, last = max(span.start - boot.utc_s, boot.first_run_s), min(span.stop - boot.utc_s, end)
            rows = self._ledger.read(
                f"SELECT * FROM {_TABLES[step]} WHERE run_s >= ? AND run_s < ? AND link = ? ORDER BY run_s LIMIT ?",  # noqa: S608
                first, last, link, limit,
            )  # fmt: skip
            found += [(row[0] + boot.utc_s, Row(row[0] - boot.base_s, *row[1:])) for row in map(tuple, rows)]
        found.sort(key=lambda entry: entry[0])
        return found[:limit]

    def _this_boot(self, now: Moment) -> _Boot:
        newest = self._ledger.read("SELECT * FROM boots ORDER BY first_run_s DESC LIMIT 1")
        if newest and newest[0]["id"] == self._boot_id:
            return _Boot(newest[0]["first_run_s"], newest[0]["base_s"], newest[0]["utc_s"])
        ends = [
            row[0]
            for table, length in (("seconds", SECOND), ("minutes", MINUTE), ("boots", SECOND))
            for row in self._ledger.read(f"SELECT max({_first_column(table)}) + {length} FROM {table}")  # noqa: S608
            if row[0] is not None
        ]
        first = max(ends, default=0)
        base = first + MINUTE - now.monotonic_s  # the first minute of this life may have begun before it
        return _Boot(first, base, now.shift_s - base)

    def _boots(self, now: Moment) -> list[_Boot]:
        rows = self._ledger.read("SELECT * FROM boots ORDER BY first_run_s")
        boots = [_Boot(row["first_run_s"], row["base_s"], row["utc_s"]) for row in rows]
        mine = self._boot
        others = [boot for boot in boots if boot.first_run_s != mine.first_run_s]
        return [*others, _Boot(mine.first_run_s, mine.base_s, now.shift_s - mine.base_s)]


def _first_column(table: str) -> str:
    return "first_run_s" if table == "boots" else "run_s"
