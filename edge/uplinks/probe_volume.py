"""How much the probes of each link have really cost: since the daemon started, and this month through restarts."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime
from pathlib import Path

from edge.shared.clock import Clock
from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks.probe_cost import Spent
from edge.uplinks.probes import Volume

log = logging.getLogger(__name__)

SAVE_SECONDS = 600.0  # a kill -9 costs no more than this of the count, and the medium a write
YEAR_MIN = 2025  # a clock that shows less was never set, and says nothing of the month


class VolumeBook:
    """The count of every link by name; a link that is renamed begins anew."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._since_start: dict[str, Volume] = {}
        self._month, self._before = self._load()  # this month, and its bytes that the volumes do not hold
        self._marks: dict[str, int] = {}  # what the volumes held when the month began
        self._saved: object = None

    def of(self, link: str) -> Volume:
        """The count since the start, to be added to."""
        return self._since_start.setdefault(link, Volume())

    def spent(self, link: str) -> Spent:
        """Both counts of a link."""
        return Spent(self.of(link), self.month_bytes(link))

    def month_bytes(self, link: str) -> int:
        """Sent and received this calendar month (UTC), by this life of the daemon and those before it."""
        self._turn_the_month()
        return self._before.get(link, 0) + self.of(link).total - self._marks.get(link, 0)

    async def run(self) -> None:
        """Save now and then, for ever. In a thread: a write may take longer than a probe may be late (ADR 0013)."""
        while True:
            await asyncio.to_thread(self.save)
            await asyncio.sleep(SAVE_SECONDS)

    def save(self) -> None:
        """Write the month's count down. A disk that refuses costs the count of a restart, nothing else."""
        self._turn_the_month()
        links = {*self._before, *self._since_start}
        document = {"month": self._month, "bytes": {link: self.month_bytes(link) for link in sorted(links)}}
        if document == self._saved:
            return
        try:
            write_durably(self._path, json.dumps(document).encode())
            self._saved = document
        except OSError as error:
            log.warning("%s: %s", self._path, error)

    def _turn_the_month(self) -> None:
        now = self._clock.now()
        month = _month(now)
        if month == self._month or now.year < YEAR_MIN:
            return
        if self._month:
            self._before = {}
            self._marks = {link: volume.total for link, volume in self._since_start.items()}
        self._month = month

    def _load(self) -> tuple[str, dict[str, int]]:
        remove_leftovers(self._path)
        try:
            document = json.loads(self._path.read_bytes())
            return str(document["month"]), {str(link): int(count) for link, count in document["bytes"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read, this month's count of probes begins anew: %s", self._path, error)
        return "", {}


def _month(moment: datetime) -> str:
    return moment.strftime("%Y-%m")
