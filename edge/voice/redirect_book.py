"""The redirects through restarts and kill -9: in memory, and on disk before they are acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge.shared.clock import Clock
from edge.shared.messages.voice_redirects import (
    CancelParams,
    Redirect,
    RedirectNotKept,
    RedirectParams,
    RequestIdReused,
)
from edge.shared.model.voice import VoiceSection
from edge.shared.storage import DocumentDamaged, DurableStorage
from edge.shared.varlink_idl import ErrorReply
from edge.voice import redirects
from edge.voice.redirects import Book

log = logging.getLogger(__name__)


class RedirectBook:
    """All redirects. One change after the other; nobody who asks what is in force ever waits for the disk."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._storage = DurableStorage(path)
        self._clock = clock
        self._writing = asyncio.Lock()
        self.damaged = False  # there is a document and it cannot be read: it is left as it is until the next request
        self._book = self._load()

    def in_force(self, at: datetime | None = None) -> list[Redirect]:
        """Those in force at a moment, or now."""
        return self._book.in_force(at or self._clock.now())

    def where(self, at: datetime | None = None) -> dict[str, str]:
        """The same as number -> where."""
        return {one.number: one.to for one in self.in_force(at)}

    async def add(self, voice: VoiceSection, params: RedirectParams) -> ErrorReply | None:
        """Take a request; returns why it is refused, with nothing changed then."""
        async with self._writing:
            known = self._book.requests.get(params.request_id)
            if known is not None:
                return None if known == redirects.asked(params) else RequestIdReused(request_id=params.request_id)
            now = self._clock.now()
            until = redirects.ending(params.until, now, ZoneInfo(voice.hours.timezone))
            if isinstance(until, ErrorReply):
                return until
            refused = redirects.refusal(voice, params.numbers, params.to, self.where(now))
            return refused or await self._write(redirects.with_redirects(self._book, params, until, now))

    async def cancel(self, params: CancelParams) -> ErrorReply | None:
        """End some, or all; returns why that cannot be kept, with nothing changed then."""
        async with self._writing:
            return await self._write(redirects.without_redirects(self._book, params.numbers))

    async def _write(self, book: Book) -> ErrorReply | None:
        try:
            await asyncio.to_thread(self._storage.write, _document(book))
        except OSError as error:
            return RedirectNotKept(reason=error.strerror or str(error))
        self._book, self.damaged = book, False
        return None

    def _load(self) -> Book:
        try:
            book = _book(self._storage.read() or {})
            book.in_force(self._clock.now())  # every end can be read
        except (DocumentDamaged, ValueError, AttributeError, TypeError) as error:
            log.error("the redirects are lost: %s", error)
            self.damaged = True
            return Book()
        self.damaged = self._storage.recovered  # the last request may be missing
        return book


def _book(document: Mapping[str, Mapping[str, Any]]) -> Book:
    kept = {number: Redirect.model_validate(one) for number, one in document.get("redirects", {}).items()}
    return Book(kept, dict(document.get("requests", {})))


def _document(book: Book) -> dict[str, dict[str, Any]]:
    return {
        "redirects": {number: one.model_dump(mode="json") for number, one in book.redirects.items()},
        "requests": dict(book.requests),
    }
