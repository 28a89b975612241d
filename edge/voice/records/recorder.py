"""The cycle of the call records: read what Kamailio wrote, keep it, tell who watches, remove what is kept.

Whatever fails here costs no call anything: Kamailio appends to its files, up to a bound of its own, until it works again.
The disk is another thread's business: no change of mode waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge.shared.broadcast import Broadcast
from edge.shared.clock import Clock
from edge.shared.ledger import LedgerBusy, LedgerDamaged
from edge.shared.messages.voice_calls import CallsResult
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio_alarms import UrgentCall
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused, RpcSilent
from edge.voice.records.book import DAY, Book
from edge.voice.records.call import SECOND, TALK_MAX
from edge.voice.records.line import Line
from edge.voice.records.people import People
from edge.voice.records.shown import inside_numbers, shown, urgent
from edge.voice.records.tail import Tails

log = logging.getLogger(__name__)

PERIOD = 0.25  # seconds between two looks
REOPEN_S = 30.0  # after a ledger that could not be opened
ROTATE_BYTES = 512 * 1024
ROTATE_S, ROTATE_AT_LEAST_S = 3600.0, 10.0
HELD_MAX = 16 * 1024 * 1024  # bytes of lines; above, Kamailio is not told that its lines are kept
FORGET_S = 3600.0
PUBLISH_S = 2.0  # without news: what rings or talks for too long is live no more
NAME_S = 5.0  # Kamailio writes its location database every second
WAIT_S = 60.0  # a BYE waits so long for the line of its call, which another process writes
HOUR = 3600 * SECOND
WATCHED_MAX = 200

T = TypeVar("T")


class NotOpen(Exception):
    """The ledger cannot be opened, or is not yet; says why."""


class Recorder:
    """Holds the ledger, if it can be opened, and what was read and is not kept yet."""

    def __init__(self, path: Path, tails: Tails, people: People, rpc: KamailioRpc, clock: Clock) -> None:
        self.path = path
        self.people = people
        self.tails = tails
        self.rpc = rpc
        self.clock = clock
        self.settings: Callable[[], VoiceSection] = VoiceSection
        self.refused: str | None = None  # why nothing is kept
        self.broadcast: Broadcast[CallsResult] = Broadcast(CallsResult(calls=[]))
        self.urgent: tuple[UrgentCall, ...] = ()  # the emergency calls of the last hour
        self._thread = ThreadPoolExecutor(1, "calls")  # SQLite connections stay in the thread that opened them
        self._book: Book | None = None
        self._unkept: list[Line] = []
        self._nameless: list[tuple[float, Line]] = []  # answers by a phone not in the location database yet
        self._ends: list[tuple[float, Line]] = []  # BYEs of calls not known yet, and since when (monotonic)
        self._next = {"open": 0.0, "rotate": 0.0, "forget": 0.0, "publish": 0.0}
        self._rotated_at = self._now()

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                await self.cycle()
                await asyncio.sleep(PERIOD)
        finally:
            self.close()

    async def cycle(self) -> None:
        """One look and what follows from it."""
        try:
            if not await self._opened():
                return
            await self._keep()
            await self._forget()
            await self._rotate()
            self.refused = None
        except (sqlite3.Error, OSError) as error:
            self._refuse(str(error))

    async def ask(self, question: Callable[[Book], T]) -> T:
        """Ask the ledger. Raises NotOpen, sqlite3.Error."""
        book = self._book
        if book is None:
            raise NotOpen(self.refused or "starting")
        return await self._in_thread(lambda: question(book))

    def close(self) -> None:
        """Let go of every file, when the disk is done with what is being kept."""
        self.tails.close()
        if self._book is not None:
            self._thread.submit(self._book.close)
            self._book = None
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _now(self) -> float:
        return self.clock.monotonic_ns() / 1e9

    def wall(self) -> int:
        """Unix time in microseconds."""
        return int(self.clock.now().timestamp() * SECOND)

    def _refuse(self, why: str) -> None:
        if why != self.refused:
            log.error("call records are not kept: %s", why)
        self.refused = why

    async def _opened(self) -> bool:
        if self._book is None and self._due("open", REOPEN_S):
            try:
                self._book = await self._in_thread(lambda: Book(self.path))
            except (LedgerBusy, LedgerDamaged) as error:
                self._refuse(str(error))
        return self._book is not None

    async def _keep(self) -> None:
        if not self._unkept:
            self._unkept = self._read()
        waiting = [line for _, line in self._ends]
        if not self._unkept and not waiting:
            if self._due("publish", PUBLISH_S):
                await self._publish()
            return
        lines, inside = [*self._unkept, *waiting], inside_numbers(self.settings())
        unknown = await self.ask(lambda book: book.keep(lines, inside))
        now = self._now()
        since = {line: begun for begun, line in self._ends}
        self._ends = [(since.get(line, now), line) for line in unknown if now - since.get(line, now) < WAIT_S]
        self._unkept = []
        await self._publish()

    def _read(self) -> list[Line]:
        """What is new, and who answered where it was not known before. Lines may come twice."""
        now = self._now()
        fresh = self.tails.read()
        waited = {line: since for since, line in self._nameless}
        lines, nameless = self.people.named([*fresh, *waited])
        self._nameless = [(since, line) for line in nameless if now - (since := waited.get(line, now)) < NAME_S]
        return [] if not fresh and len(nameless) == len(waited) else lines

    async def _publish(self) -> None:
        now = self.wall()
        current = self.tails.current()
        emergencies = dict(await self.ask(lambda book: book.emergencies_since(now - HOUR)))
        self.urgent = tuple(urgent(call, now, current) for call in emergencies.values())
        rows = {**emergencies, **dict(await self.ask(lambda book: book.open_since(now - TALK_MAX)))}
        calls = [shown(number, call, now, current) for number, call in sorted(rows.items())]
        result = CallsResult(calls=[call for call in calls if call.live or call.emergency][-WATCHED_MAX:])
        if result != self.broadcast.state:
            self.broadcast.publish(result)

    async def _rotate(self) -> None:
        now = self._now()
        if now - self._rotated_at < ROTATE_AT_LEAST_S:
            return
        full = self.tails.grown >= ROTATE_BYTES or (self.tails.grown > 0 and now - self._rotated_at >= ROTATE_S)
        if full or self.tails.waits_for_rotation():
            try:
                if full:
                    self.tails.rename()
                await self.rpc.call("flatstore.k_rotate")
                if self.tails.held < HELD_MAX:
                    await self.rpc.call("htable.seti", "recorded", "lines", 0)
            except (RpcSilent, RpcRefused) as error:
                log.debug("not rotated: %s", error)
            self._rotated_at = self._now()
        if not (self._unkept or self._ends or self._nameless):
            self.tails.remove_done()

    async def _forget(self) -> None:
        if self._due("forget", FORGET_S):
            before = self.wall() - self.settings().records.keep_days * DAY
            count = await self.ask(lambda book: book.forget(before))
            if count:
                log.info("%d call records forgotten", count)

    def _due(self, what: str, period: float) -> bool:
        now = self._now()
        if now < self._next[what]:
            return False
        self._next[what] = now + period
        return True
