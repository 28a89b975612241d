"""Which zones of the staff are cut off, kept through restarts until somebody ends it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from edge.shared.clock import utc_text
from edge.shared.messages.uplinks_firewall import IsolateParams, Isolation
from edge.shared.model import UplinksSection
from edge.shared.storage import remove_leftovers, write_durably

log = logging.getLogger(__name__)

_REQUESTS_KEPT = 100


class Kept(BaseModel):
    """What is on disk."""

    isolation: Isolation | None = None
    requests: list[str] = []  # the newest ones last: a request that comes late must not undo a newer one


def after(kept: Kept, params: IsolateParams, zones: Iterable[str], now: datetime) -> Kept:
    """What is to be kept after a request about these zones. Pure."""
    if params.request_id in kept.requests:
        return kept
    before = kept.isolation.zones if kept.isolation else []
    if params.on:
        isolation: Isolation | None = Isolation(
            zones=sorted({*before, *zones}), reason=params.reason, author=params.actor.user, since=utc_text(now)
        )
    else:
        left = [zone for zone in before if zone not in set(zones)]
        isolation = kept.isolation.model_copy(update={"zones": left}) if kept.isolation and left else None
    return Kept(isolation=isolation, requests=[*kept.requests, params.request_id][-_REQUESTS_KEPT:])


class IsolationFile:
    """The same, on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fault: str | None = None  # why it could not be read or written: a restart forgets it
        remove_leftovers(path)
        self.kept = self._load()  # in force at once; `keep` brings it to the disk
        self._on_disk = self.kept
        self._writing = asyncio.Lock()

    def interfaces(self, section: UplinksSection) -> frozenset[str]:
        """The interfaces to cut off, of zones that the settings have."""
        zones = self.kept.isolation.zones if self.kept.isolation else []
        return frozenset(zone.interface for zone in section.zones if zone.name in zones)

    async def keep(self) -> None:
        """Return when `kept` is on the medium. A disk that refuses is no reason not to cut off: it is said as an issue."""
        async with self._writing:  # one after the other: an older state must not land on a newer one
            kept = self.kept
            if kept == self._on_disk:
                return
            try:
                # In a thread: an SD card takes up to seconds, and a stalled loop is a switch that waits.
                await asyncio.to_thread(write_durably, self._path, kept.model_dump_json().encode())
            except OSError as error:
                log.error("%s: %s", self._path, error.strerror)
                self.fault = error.strerror or str(error)
            else:
                self._on_disk, self.fault = kept, None

    def _load(self) -> Kept:
        try:
            return Kept.model_validate(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return Kept()
        except (OSError, ValueError, ValidationError) as error:
            log.error("%s cannot be read, which zones were cut off is lost: %s", self._path, error)
            self.fault = getattr(error, "strerror", None) or "unreadable"
            return Kept()
