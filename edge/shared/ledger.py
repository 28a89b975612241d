"""SQLite ledgers: WAL, synchronous=FULL, one writing process per file, schema steps by user_version."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path


class LedgerDamaged(Exception):
    """SQLite's quick check failed. The file is left as it is: it holds what nothing else knows."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: damaged: {detail}")
        self.path = path


class LedgerBusy(Exception):
    """Another process writes this ledger."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: another process writes this ledger")
        self.path = path


class Ledger:
    """One open ledger. Every `with ledger.change()` block is one durable transaction."""

    def __init__(self, path: Path, steps: Sequence[str]) -> None:
        """Open or create the file and bring its schema up to the last step.

        steps are SQL scripts, applied once each in order. Raises LedgerBusy, LedgerDamaged, OSError.
        """
        self.path = path
        self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            self._claim()
            self.connection = self._open(steps)
        except BaseException:
            os.close(self._lock)
            raise

    def _claim(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LedgerBusy(self.path) from error

    def _open(self, steps: Sequence[str]) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise LedgerDamaged(self.path, verdict)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            _migrate(connection, steps)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise LedgerDamaged(self.path, str(error)) from error
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on the medium when the block ends, undone whole if it raises."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def read(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def close(self) -> None:
        """Close the file and let another process have it."""
        self.connection.close()
        os.close(self._lock)


def _migrate(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(steps[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version={number}; COMMIT;")
