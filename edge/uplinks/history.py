"""Every change of the active link, durably. The disk is another thread's business: no switch ever waits for it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge.shared.ledger import Ledger, LedgerDamaged
from edge.shared.messages.uplinks import Switch

log = logging.getLogger(__name__)

RECENT = 100  # switches kept at hand: more than a flapping link makes in the minutes that checks look at
KEPT = 10_000  # switches; the oldest go first
UNSAVED_MAX = 1_000  # kept in memory while the disk refuses

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
)
_COLUMNS = (
    "seq, cause, from_link, to_link, detected_monotonic_ns, switched_monotonic_ns, "
    "detected_at, switched_at, flows_flushed"
)

T = TypeVar("T")


class History:
    """The ledger of switches. Works from memory alone while the disk refuses, and says so in `fault`."""

    def __init__(self, path: Path) -> None:
        self.fault: str | None = None
        self.recent: deque[Switch] = deque(maxlen=RECENT)
        self._path = path
        self._thread = ThreadPoolExecutor(1, "history")  # SQLite connections stay in the thread that opened them
        self._ledger: Ledger | None = None
        self._unsaved: list[Switch] = []
        self._saving: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Open the ledger. Raises LedgerBusy: another uplinks daemon lives in this root."""
        try:
            await self._in_thread(self._open)
        except (LedgerDamaged, OSError, sqlite3.Error) as error:
            # Links matter more than their history: the damaged file stays as it is, for a person to look at.
            log.error("history of the links: %s", error)
            self.fault = str(error)

    def record(self, switch: Switch) -> None:
        """Remember a switch now and write it down soon."""
        self.recent.append(switch)
        self._unsaved = [*self._unsaved, switch][-UNSAVED_MAX:]
        self.save()

    def save(self) -> None:
        """Write down what is not yet, unless that is being done."""
        if self._unsaved and self._ledger is not None and (self._saving is None or self._saving.done()):
            self._saving = asyncio.ensure_future(self._save())

    async def last(self, limit: int) -> list[Switch]:
        """The newest switches, oldest first."""
        saved: list[Switch] = []
        try:
            saved = await self._in_thread(lambda: self._read(limit))
        except sqlite3.Error as error:
            self.fault = str(error)
        known = {switch.seq for switch in saved}
        return [*saved, *(switch for switch in self._unsaved if switch.seq not in known)][-limit:]

    async def close(self) -> None:
        """Write down what is left and close the ledger."""
        if self._saving is not None:
            await self._saving
        self.save()
        if self._saving is not None:
            await self._saving
        await self._in_thread(self._close)
        self._thread.shutdown()

    @property
    def newest(self) -> Switch | None:
        """The last switch."""
        return self.recent[-1] if self.recent else None

    @property
    def next_seq(self) -> int:
        """The number of the next switch."""
        return self.newest.seq + 1 if self.newest else 1

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _save(self) -> None:
        while self._unsaved:
            batch = list(self._unsaved)
            try:
                await self._in_thread(lambda batch=batch: self._write(batch))  # type: ignore[misc]
            except (sqlite3.Error, OSError) as error:
                if str(error) != self.fault:
                    log.error("history of the links cannot be written: %s", error)
                self.fault = str(error)
                return
            self.fault = None
            saved = {switch.seq for switch in batch}
            self._unsaved = [switch for switch in self._unsaved if switch.seq not in saved]

    def _open(self) -> None:
        self._ledger = Ledger(self._path, _STEPS)
        self.recent.extend(self._read(RECENT))

    def _write(self, batch: list[Switch]) -> None:
        assert self._ledger is not None
        with self._ledger.change() as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO switches ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
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
                    )
                    for switch in batch
                ],
            )
            connection.execute("DELETE FROM switches WHERE seq <= ?", (batch[-1].seq - KEPT,))

    def _read(self, limit: int) -> list[Switch]:
        if self._ledger is None:
            return []
        rows = self._ledger.read(f"SELECT {_COLUMNS} FROM switches ORDER BY seq DESC LIMIT ?", limit)  # noqa: S608
        return [Switch.model_validate(dict(row)) for row in reversed(rows)]

    def _close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
