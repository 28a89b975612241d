"""Keeps the book and site.toml in step, whatever happens between them, and tells the watchers."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from edge.settings.book_file import BookFile
from edge.settings.decision import Applied, Book, Confirmed, Entry, Event, FileSeen, Tick, step
from edge.shared.broadcast import Broadcast
from edge.shared.clock import Clock
from edge.shared.faults import Fault
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, parse_site, read_site_text, refuse_emptied
from edge.shared.storage import write_durably

log = logging.getLogger(__name__)

CYCLE_SECONDS = 0.5
Signature = tuple[int, int, int]


@dataclass(frozen=True)
class InForce:
    """What holds now, for watchers."""

    entry: Entry
    site: Site
    refused: tuple[Fault, ...] = ()  # why site.toml is not what is in force


class Keeper:
    """The only writer of the revisions and, after a person, of site.toml."""

    def __init__(self, paths: Paths, clock: Clock) -> None:
        self.paths = paths
        self.clock = clock
        self.file = BookFile(paths.state("settings") / "revisions.json")
        self.book = self.file.read()
        self.write_error = ""  # why site.toml could not be written, if so
        self.keep_error = ""  # why the book could not be written, if so
        self._refused: tuple[Fault, ...] = ()
        self._deadline: tuple[int, int] | None = None  # pending revision, and its end on this boot's monotonic clock
        self._seen: Signature | None = None
        self._changing: Signature | None = None
        self.watchers: Broadcast[InForce]

    def start(self) -> None:
        """Read site.toml, settle what a crash left open. Raises SettingsRefused when there is nothing good to start from."""
        self._remember_deadline()
        try:
            self._take(Tick())
            self._read_file()
            self._seen = self._signature()
        except OSError as error:
            if self.book.current is None:
                raise
            self._cannot_keep(error)
        if self.book.current is None:
            raise SettingsRefused(list(self._refused))
        self.watchers = Broadcast(self.in_force())

    def in_force(self) -> InForce:
        """The newest revision that this version of the software accepts."""
        for entry in reversed(self.book.entries):
            try:
                return InForce(entry, parse_site(entry.text), self._refused)
            except SettingsRefused as refused:
                log.error("revision %d is refused by this version: %s", entry.revision, refused)
        raise SettingsRefused(list(self._refused))

    async def run(self) -> None:
        """The engine's cycle: what is due, and what was edited. Never ends."""
        while True:
            self.cycle()
            await asyncio.sleep(CYCLE_SECONDS)

    def cycle(self) -> None:
        """One turn."""
        overdue = self._deadline is not None and self.clock.monotonic_ns() >= self._deadline[1]
        try:
            self._take(Tick(overdue))
            self._look_at_file()
            if self.write_error:
                self._write_file()
        except OSError as error:
            self._cannot_keep(error)
            return
        self._publish()

    def apply(self, text: str, *, author: str, request_id: str, confirm_within_s: int | None) -> Entry:
        """Put a document in force. Raises SettingsRefused, RequestReused, OSError; then nothing has changed."""
        parse_site(text)
        within = timedelta(seconds=confirm_within_s) if confirm_within_s is not None else None
        self._take(Applied(text, author, request_id, within))
        self._publish()
        assert self.book.current is not None
        return self.book.current

    def confirm(self) -> Entry:
        """Keep the pending revision. Raises OSError."""
        self._take(Confirmed())
        self._publish()
        assert self.book.current is not None
        return self.book.current

    def _take(self, event: Event) -> None:
        outcome = step(self.book, event, self.clock.now())
        if outcome.book != self.book:
            self.file.write(outcome.book)  # raises before anything else is touched
            self.keep_error = ""
            self._tell(self.book, outcome.book)
            self.book = outcome.book
            self._remember_deadline()
        if outcome.write_file:
            self._write_file()

    def _tell(self, before: Book, after: Book) -> None:
        if after.current is not None and after.last != before.last:
            log.info("revision %d in force, by %s", after.last, after.current.author)

    def _remember_deadline(self) -> None:
        """The wall clock may be set back while a confirmation is awaited: the monotonic clock then keeps the deadline."""
        pending = self.book.pending
        if pending is None:
            self._deadline = None
        elif self._deadline is None or self._deadline[0] != pending.revision:
            left = (pending.confirm_by - self.clock.now()) // timedelta(microseconds=1)
            self._deadline = pending.revision, self.clock.monotonic_ns() + max(0, left) * 1000

    def _write_file(self) -> None:
        """site.toml follows the book; a failure is an issue and is tried again, the book is what counts."""
        assert self.book.current is not None
        text = self.book.current.text
        try:
            write_durably(self.paths.site_file, text.encode(), mode=0o640)
        except OSError as error:
            if not self.write_error:
                log.error("cannot write %s: %s", self.paths.site_file, error)
            self.write_error = str(error)
            return
        self.write_error = ""
        self._refused = ()
        self._seen = self._signature()
        self._take(FileSeen(text, verified=True))

    def _look_at_file(self) -> None:
        """Take an edited file once it has stopped changing: half a file may be a legal document."""
        signature = self._signature()
        if signature == self._seen:
            return
        if signature != self._changing:
            self._changing = signature
            return
        self._read_file()
        self._seen, self._changing = signature, None

    def _read_file(self) -> None:
        try:
            text = read_site_text(self.paths.site_file)
        except SettingsRefused as refused:
            self._refuse(refused)
            return
        try:
            site = parse_site(text)
            if self.book.current is not None:
                refuse_emptied(site, self.paths.site_file)
        except SettingsRefused as refused:
            self._refuse(refused)
            self._take(FileSeen(text, verified=False))
            return
        self._refused = ()
        self._take(FileSeen(text, verified=True))

    def _cannot_keep(self, error: OSError) -> None:
        if not self.keep_error:
            log.error("cannot keep the settings: %s", error)
        self.keep_error = error.strerror or str(error)

    def _refuse(self, refused: SettingsRefused) -> None:
        self._refused = tuple(refused.faults)
        log.error("%s refused, the revision before stays in force: %s", self.paths.site_file, refused)

    def _signature(self) -> Signature | None:
        try:
            facts = self.paths.site_file.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_ino, facts.st_size

    def _publish(self) -> None:
        now = self.watchers.state
        current = self.book.current
        if current is not None and (current.revision != now.entry.revision or self._refused != now.refused):
            self.watchers.publish(self.in_force())
