"""The calls on fr.repli.voice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import TypeVar

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.messages.voice_calls import (
    CALL_STATS,
    CALLS,
    WATCH_CALLS,
    CallsParams,
    CallsResult,
    NoSuchDay,
    RecordsNotKept,
    StatsParams,
    StatsResult,
)
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams
from edge.voice.records.book import Book
from edge.voice.records.call import TALK_MAX
from edge.voice.records.recorder import NotOpen, Recorder
from edge.voice.records.shown import shown
from edge.voice.records.stats import day_stats, span

T = TypeVar("T")


class CallService:
    """Answers from the ledger."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def serve(self, server: Server) -> None:
        """Add the methods."""
        server.on(CALLS, self.calls)
        server.on(CALL_STATS, self.stats)
        server.on_stream(WATCH_CALLS, self.watch)

    async def calls(self, params: CallsParams, _caller: Caller) -> CallsResult:
        """The newest calls, newest first."""
        now, run = self._recorder.wall(), self._recorder.tails.current()
        if params.live:
            rows = (await self._ask(lambda book: book.open_since(now - TALK_MAX)))[::-1]
        else:
            rows = await self._ask(lambda book: book.newest(params.limit))
        found = [shown(number, call, now, run) for number, call in rows]
        return CallsResult(calls=[call for call in found if call.live or not params.live][: params.limit])

    async def stats(self, params: StatsParams, _caller: Caller) -> StatsResult:
        """The calls of a day of the place."""
        day = self._day(params.day)
        calls = await self._ask(lambda book: book.between(*span(day, None)))
        groups = frozenset(group.number for group in self._recorder.settings().groups)
        return day_stats(day, calls, groups, self._recorder.wall(), self._recorder.tails.current(), None)

    async def watch(self, _: NoParams, _caller: Caller) -> AsyncIterator[CallsResult]:
        """The live calls and the last hour's emergencies, at each change; ends for a watcher that is too slow."""
        try:
            async for state in self._recorder.broadcast.watch():
                yield state
        except WatcherTooSlow:
            return

    def _day(self, text: str | None) -> date:
        if text is None:
            return self._recorder.clock.now().astimezone().date()
        try:
            day = date.fromisoformat(text)
            datetime(day.year, day.month, day.day).timestamp()
        except (ValueError, OverflowError) as error:
            raise Refused(NoSuchDay(day=text)) from error
        return day

    async def _ask(self, question: Callable[[Book], T]) -> T:
        try:
            return await self._recorder.ask(question)
        except (NotOpen, sqlite3.Error) as error:
            raise Refused(RecordsNotKept(reason=str(error))) from error
