"""The past of the links, durably. The disk is another thread's business: no switch and no probe ever waits for it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import TypeVar

from edge.shared.clock import Clock
from edge.shared.ledger import LedgerDamaged
from edge.shared.messages.uplinks import Switch
from edge.uplinks.book import KEPT_S, Book, Moment, shift
from edge.uplinks.rollup import MINUTE, SECOND, RollUp, Round, Row

log = logging.getLogger(__name__)

RECENT = 100  # switches kept at hand: more than a flapping link makes in the minutes that checks look at
UNSAVED_MAX = 1_000  # switches kept in memory while the disk refuses
ROWS_EVERY_S = 300  # rows are written this often: an SD card wears out by writes, and kill -9 costs no more than this
RETRY_S = 30
UNSAVED_S = {SECOND: KEPT_S[SECOND], MINUTE: 86_400}  # rows kept in memory while the disk refuses
LATELY_S = 60  # rows kept in memory anyway, for the evidence of a switch

T = TypeVar("T")


class History:
    """Switches and rolled-up probes. Works from memory alone while the disk refuses, and says so in `fault`."""

    def __init__(self, path: Path, clock: Clock, boot_id: str) -> None:
        self.fault: str | None = None
        self.recent: deque[Switch] = deque(maxlen=RECENT)
        self._path = path
        self._clock = clock
        self._boot_id = boot_id
        self._first_of_boot: int | None = None  # the first switch of this boot
        self._thread = ThreadPoolExecutor(1, "history")  # SQLite connections stay in the thread that opened them
        self._book: Book | None = None
        self._unsaved: list[Switch] = []
        self._roll_up = RollUp()
        self._rows: dict[int, deque[Row]] = {SECOND: deque(), MINUTE: deque()}
        self._written_s = {SECOND: -1, MINUTE: -1}  # rows up to this start are on disk
        self._shift_s: int | None = None
        self._rows_due_s = self._now().monotonic_s + ROWS_EVERY_S
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
        self.recent.append(_without_evidence(switch))
        if self._first_of_boot is None:
            self._first_of_boot = switch.seq
        self._unsaved = [*self._unsaved, switch][-UNSAVED_MAX:]
        self.save()

    def round_over(self, link: str, entry: Round) -> None:
        """Take a round of probes into account."""
        self._roll_up.add(link, entry)

    def save(self) -> None:
        """Roll up what is complete; write down what is due, unless that is being done."""
        self._close_rows()
        due = self._unsaved or self._now().monotonic_s >= self._rows_due_s
        if due and self._book is not None and (self._saving is None or self._saving.done()):
            self._saving = asyncio.ensure_future(self._save())

    async def last(self, limit: int) -> list[Switch]:
        """The newest switches, oldest first, without their evidence: ten thousand of them would be no message."""
        saved: list[Switch] = []
        try:
            saved = await self._in_thread(lambda: self._book.switches(limit) if self._book else [])
        except sqlite3.Error as error:
            self.fault = str(error)
        known = {switch.seq for switch in saved}
        unsaved = [_without_evidence(switch) for switch in self._unsaved if switch.seq not in known]
        return [*saved, *unsaved][-limit:]

    async def one(self, seq: int) -> Switch | None:
        """One switch with its evidence."""
        unsaved = next((switch for switch in self._unsaved if switch.seq == seq), None)
        if unsaved is not None or self._book is None:
            return unsaved
        book = self._book
        try:
            return await self._in_thread(lambda: book.switch(seq))
        except sqlite3.Error as error:
            self.fault = str(error)
            return None

    async def rows(self, step: int, link: str, since: datetime, limit: int) -> list[tuple[int, Row]]:
        """The first rows of a link that begin at this moment or later, each with its UTC second, oldest first."""
        now = self._now()
        span = range(ceil(since.timestamp()), now.utc_s + 1)
        unsaved = [(row.start_s + now.shift_s, row) for row in self._rows[step] if row.link == link]
        saved: list[tuple[int, Row]] = []
        try:
            saved = await self._in_thread(lambda: self._book.rows(step, link, span, limit, now) if self._book else [])
        except sqlite3.Error as error:
            self.fault = str(error)
        known = {at for at, _ in saved}
        return [*saved, *(entry for entry in unsaved if entry[0] in span and entry[0] not in known)][:limit]

    def lately(self, link: str, seconds: int) -> list[Row]:
        """The seconds of a link just before now, the one under way too; oldest first. Reads memory only."""
        since = self._now().monotonic_s - seconds
        closed = [row for row in self._rows[SECOND] if row.link == link and row.start_s >= since]
        return [*closed, *self._roll_up.newest(link, since)]

    async def close(self) -> None:
        """Write down what is left and close the ledger."""
        if self._saving is not None:
            await self._saving
        self._rows_due_s = 0
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
    def of_this_boot(self) -> list[Switch]:
        """The recent switches whose CLOCK_MONOTONIC is this boot's, oldest first; those of earlier lives too."""
        first = self._first_of_boot
        return [] if first is None else [switch for switch in self.recent if switch.seq >= first]

    @property
    def next_seq(self) -> int:
        """The number of the next switch."""
        return self.newest.seq + 1 if self.newest else 1

    def _now(self) -> Moment:
        now_ns = self._clock.monotonic_ns()
        self._shift_s = shift(self._clock.now(), now_ns, self._shift_s)
        return Moment(now_ns // 10**9, self._shift_s)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _close_rows(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for step, closed in zip((SECOND, MINUTE), self._roll_up.close(now_ns), strict=True):
            rows = self._rows[step]
            rows.extend(closed)
            while rows and now_ns // 10**9 - rows[0].start_s > self._kept_s(step, rows[0]):
                rows.popleft()

    def _kept_s(self, step: int, row: Row) -> int:
        return LATELY_S if row.start_s <= self._written_s[step] else UNSAVED_S[step]

    async def _save(self) -> None:
        try:
            while self._unsaved:
                await self._save_switches()
            if self._now().monotonic_s >= self._rows_due_s:
                await self._save_rows()
        except (sqlite3.Error, OSError) as error:
            if str(error) != self.fault:
                log.error("history of the links cannot be written: %s", error)
            self.fault = str(error)
            self._rows_due_s = max(self._rows_due_s, self._now().monotonic_s + RETRY_S)
            return
        self.fault = None

    async def _save_switches(self) -> None:
        batch, book = list(self._unsaved), self._book
        assert book is not None
        await self._in_thread(lambda: book.write_switches(batch))
        saved = {switch.seq for switch in batch}
        self._unsaved = [switch for switch in self._unsaved if switch.seq not in saved]

    async def _save_rows(self) -> None:
        batch = {
            step: [row for row in rows if row.start_s > self._written_s[step]] for step, rows in self._rows.items()
        }
        now, book = self._now(), self._book
        assert book is not None
        await self._in_thread(lambda: book.write_rows(batch, now))
        for step, rows in batch.items():
            self._written_s[step] = max([self._written_s[step], *(row.start_s for row in rows)])
        self._rows_due_s = now.monotonic_s + ROWS_EVERY_S

    def _open(self) -> None:
        self._book = Book(self._path, self._boot_id, self._now())
        self._shift_s = self._book.shift_s
        self.recent.extend(self._book.switches(RECENT))
        self._first_of_boot = self._book.first_of_boot()

    def _close(self) -> None:
        if self._book is not None:
            self._book.close()


def _without_evidence(switch: Switch) -> Switch:
    return switch.model_copy(update={"evidence": None})
