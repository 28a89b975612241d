"""The copy of the registrations that outlives a power cut: every 20 s, when something changed, and at the end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from edge.shared.storage import remove_leftovers, write_durably
from edge.voice.kamailio.location_file import snapshot

log = logging.getLogger(__name__)

PROMISED = 30.0  # seconds: older registrations outlive a power cut
BEHIND = 2.0  # seconds that the live file may be behind what phones were granted: usrloc writes at each second's tick
PERIOD = 20.0  # seconds from the beginning of a copy to that of the next
WRITE_MAX = PROMISED - BEHIND - PERIOD  # seconds a copy may take until it is on the disk
FIRST = 1.0  # seconds between two looks while there is no copy yet


class Keeper:
    """Copies one database to one file."""

    def __init__(
        self, live: Path, copy: Path, period: float = PERIOD, write: Callable[[Path, bytes], None] = write_durably
    ) -> None:
        self.live = live
        self.copy = copy
        self.period = period
        self.write = write
        self.written = 0  # bytes, since our start
        self.failure: str | None = None
        self._kept: str | None = None  # digest of the copy; None: not looked yet

    async def run(self) -> None:
        """Copy for ever."""
        while True:
            begun = time.monotonic()
            await asyncio.to_thread(self.keep)
            taken = time.monotonic() - begun
            if taken > WRITE_MAX:
                log.warning(
                    "%s took the registrations in %.1f s: a power cut would lose more than promised", self.copy, taken
                )
            period = self.period if self._kept else min(self.period, FIRST)
            await asyncio.sleep(max(0.0, period - taken))

    def keep(self) -> None:
        """Copy what changed. A disk that does not take it is said, and tried again: the telephones do not mind."""
        try:
            if self._kept is None:
                self._kept = self._look()
            content = snapshot(self.live)
            if content is not None and _digest(content) != self._kept:
                self.write(self.copy, content)
                self._kept = _digest(content)
                self.written += len(content)
            self.failure = None
        except (OSError, sqlite3.Error) as error:
            if self.failure is None:
                log.warning("registrations are not copied to %s: %s", self.copy, error)
            self.failure = str(error)

    def _look(self) -> str:
        self.copy.parent.mkdir(mode=0o750, exist_ok=True)
        remove_leftovers(self.copy)
        return _digest(self.copy.read_bytes()) if self.copy.exists() else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
