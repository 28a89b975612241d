"""What becomes of the settings: revisions, confirmation, and the file on disk. Pure: no I/O, the time is an argument."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

REVISIONS_KEPT = 50
REQUESTS_KEPT = 500

FILE = "file"  # author of a document that stood in site.toml
ROLLBACK = "rollback"  # author of a revision that came back for want of a confirmation


@dataclass(frozen=True)
class Entry:
    """One revision: the whole document as text, so that its comments live on."""

    revision: int
    text: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Pending:
    """A revision that must be confirmed, or the one before comes back."""

    revision: int
    previous: int
    confirm_by: datetime


@dataclass(frozen=True)
class Book:
    """Everything the settings daemon must not forget."""

    entries: tuple[Entry, ...] = ()
    pending: Pending | None = None
    requests: tuple[tuple[str, str], ...] = ()  # request_id, digest of its document
    file_digest: str = ""  # of site.toml when it was last known to be in step with an entry
    last: int = 0

    @property
    def current(self) -> Entry | None:
        """The revision in force."""
        return self.entries[-1] if self.entries else None


@dataclass(frozen=True)
class Applied:
    """A verified document is to be put in force."""

    text: str
    author: str
    request_id: str
    confirm_within: timedelta | None = None


@dataclass(frozen=True)
class Confirmed:
    """Somebody says that the pending revision is to stay."""


@dataclass(frozen=True)
class FileSeen:
    """What stands in site.toml; verified says whether it may be used."""

    text: str
    verified: bool


@dataclass(frozen=True)
class Tick:
    """Time has passed. overdue: the monotonic clock says that the confirmation is late, whatever the wall clock says."""

    overdue: bool = False


Event: TypeAlias = Applied | Confirmed | FileSeen | Tick


@dataclass(frozen=True)
class Step:
    """The book after an event. write_file: the current text is to be put into site.toml, after the book is kept."""

    book: Book
    write_file: bool = False


class RequestReused(Exception):
    """A request_id came back with another document."""


def digest(text: str) -> str:
    """SHA-256 of a document's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def step(book: Book, event: Event, now: datetime) -> Step:
    """What an event makes of the book. Raises RequestReused."""
    match event:
        case Applied():
            return _apply(book, event, now)
        case Confirmed():
            return Step(replace(book, pending=None))
        case FileSeen():
            return _file_seen(book, event, now)
        case Tick():
            return _tick(book, event, now)


def _apply(book: Book, event: Applied, now: datetime) -> Step:
    wanted = digest(event.text)
    done = dict(book.requests).get(event.request_id)
    if done is not None:
        if done != wanted:
            raise RequestReused(event.request_id)
        return Step(book)
    before = book.current
    # While a revision waits, the one to go back to stays the one that was last known good.
    previous = book.pending.previous if book.pending else (before.revision if before else 0)
    after = _append(book, event.text, event.author, now)
    pending = None
    if event.confirm_within is not None and previous:
        pending = Pending(after.last, previous, now + event.confirm_within)
    requests = (*book.requests, (event.request_id, wanted))[-REQUESTS_KEPT:]
    return Step(_bounded(replace(after, pending=pending, requests=requests)), write_file=True)


def _file_seen(book: Book, event: FileSeen, now: datetime) -> Step:
    seen = digest(event.text)
    if book.current is not None and seen == digest(book.current.text):
        return Step(replace(book, file_digest=seen))
    if book.current is not None and seen == book.file_digest:
        return Step(book, write_file=True)  # the file is as it was: a crash came between the book and the file
    if not event.verified:
        return Step(book)
    # Whoever edits the file means it: nothing is left to confirm.
    after = replace(_append(book, event.text, FILE, now), pending=None, file_digest=seen)
    return Step(_bounded(after))


def _tick(book: Book, event: Tick, now: datetime) -> Step:
    if book.pending is None or not (event.overdue or now >= book.pending.confirm_by):
        return Step(book)
    wanted = book.pending.previous
    previous = next(entry for entry in book.entries if entry.revision == wanted)
    return Step(_bounded(replace(_append(book, previous.text, ROLLBACK, now), pending=None)), write_file=True)


def _append(book: Book, text: str, author: str, now: datetime) -> Book:
    number = book.last + 1
    return replace(book, entries=(*book.entries, Entry(number, text, author, now)), last=number)


def _bounded(book: Book) -> Book:
    """Forget the oldest revisions, never the one that may have to come back."""
    needed = book.pending.previous if book.pending else None
    excess = len(book.entries) - REVISIONS_KEPT
    kept = [entry for place, entry in enumerate(book.entries) if place >= excess or entry.revision == needed]
    return replace(book, entries=tuple(kept))
