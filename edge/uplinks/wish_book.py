"""The wishes of persons through restarts and reboots: in memory, and on disk before they are acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.uplinks import Override, OverrideParams
from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks import overrides
from edge.uplinks.overrides import Moment, Term

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
WRITE_EVERY_S = 300  # what is left is written this often while there are wishes: a power cut adds no more than this


class OverrideFile:
    """The wishes on disk, with what was left of each when they were written."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self.damaged = False  # the file is there and cannot be read: it is left as it is until the next wish
        remove_leftovers(path)

    def load(self) -> list[Term]:
        """What was kept, for this boot."""
        try:
            document = json.loads(self._path.read_bytes())
            same_boot = document["boot"] == self._boot
            return [_term(entry, same_boot=same_boot) for entry in document["wishes"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            log.error("%s cannot be read, what persons wanted of the links is lost: %s", self._path, error)
            self.damaged = True
            return []

    def write(self, terms: Sequence[Term], monotonic_ns: int) -> None:
        """Keep exactly these; returns when they are on the medium. Raises OSError, with nothing changed."""
        entries = [_entry(term, monotonic_ns) for term in terms]
        write_durably(self._path, json.dumps({"boot": self._boot, "wishes": entries}).encode())
        self.damaged = False


class WishBook:
    """All wishes. One change after the other; no caller of `in_force` ever waits for the disk."""

    def __init__(self, file: OverrideFile, clock: Clock, disciplined: Callable[[], bool | None]) -> None:
        self._file = file
        self._clock = clock
        self._disciplined = disciplined
        self._writing = asyncio.Lock()
        self._terms = file.load()
        self._written_ns: int | None = None  # in this life
        self._count()

    @property
    def damaged(self) -> bool:
        """Whether what was kept cannot be read."""
        return self._file.damaged

    def in_force(self, links: Iterable[str]) -> list[Override]:
        """What counts now, of these links."""
        now = Moment(self._clock.now(), self._clock.monotonic_ns(), disciplined=False)  # asked at every event
        return overrides.in_force(self._terms, links, now)

    async def add(self, params: OverrideParams) -> None:
        """Take a person's wish. Raises OSError when it cannot be kept; nothing is changed then."""
        async with self._writing:
            now = self._now()
            await self._write(overrides.with_wish(overrides.unexpired(self._terms, now), params, now))

    async def release(self, link: str | None) -> None:
        """End the wish about a link, or all of them. Raises OSError when that cannot be kept."""
        async with self._writing:
            others = [term for term in self._terms if link is not None and term.override.link != link]
            await self._write(overrides.unexpired(others, self._now()))

    async def run(self) -> None:
        """Write down what is left now and then, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Count the time that the box was off once it is known; write what ended, and what is left when that is due."""
        async with self._writing:
            self._count()
            now = self._now()
            left = overrides.unexpired(self._terms, now)
            last_ns = self._written_ns
            due = last_ns is None or now.monotonic_ns - last_ns >= WRITE_EVERY_S * overrides.SECOND
            if self._terms and (due or len(left) < len(self._terms)):
                try:
                    await self._write(left)
                except OSError as error:
                    log.warning("what is left of the wishes cannot be kept: %s", error.strerror)
                    self._written_ns = now.monotonic_ns  # not again at once

    def _count(self) -> None:
        now = self._now()
        self._terms = [overrides.counted(term, now) for term in self._terms]

    async def _write(self, terms: list[Term]) -> None:
        now_ns = self._clock.monotonic_ns()
        await asyncio.to_thread(self._file.write, terms, now_ns)  # a slow disk must not hold up a switch
        self._terms, self._written_ns = terms, now_ns

    def _now(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic_ns(), bool(self._disciplined()))


def _entry(term: Term, monotonic_ns: int) -> dict[str, Any]:
    return {
        "override": term.override.model_dump(mode="json"),
        "ends_ns": term.ends_ns,
        "left_ns": term.ends_ns - monotonic_ns,
        "ends_utc": utc_text(term.ends_utc) if term.ends_utc else None,
        "inherited": term.inherited,
    }


def _term(entry: Mapping[str, Any], *, same_boot: bool) -> Term:
    ends_utc = datetime.fromisoformat(entry["ends_utc"]) if entry["ends_utc"] else None
    term = Term(Override.model_validate(entry["override"]), int(entry["ends_ns"]), ends_utc, bool(entry["inherited"]))
    return term if same_boot else overrides.after_boot(term, int(entry["left_ns"]))
