"""What persons want of the links, kept through restarts: force or forbid, with reason and expiry."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from edge.shared.clock import utc_text
from edge.shared.messages.uplinks import Override, OverrideParams, Wish
from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks.situation import Wishes

log = logging.getLogger(__name__)


def with_wish(entries: Sequence[Override], params: OverrideParams, now: datetime) -> list[Override]:
    """The wishes after one more: one a link, one forced link in all. The same request again changes nothing. Pure."""
    if any(entry.request_id == params.request_id for entry in entries):
        return list(entries)
    new = Override(
        link=params.link,
        wish=params.wish,
        reason=params.reason,
        author=params.actor.user,
        set_at=utc_text(now),
        expires_at=utc_text(now + timedelta(seconds=params.expires_in_s)),
        request_id=params.request_id,
    )
    kept = [
        entry
        for entry in entries
        if entry.link != new.link and not (entry.wish is Wish.FORCE and new.wish is Wish.FORCE)
    ]
    return [*kept, new]


def in_force(entries: Iterable[Override], links: Iterable[str], now: datetime) -> list[Override]:
    """Those that have not expired, of links that the settings have. Pure."""
    known = set(links)
    return [entry for entry in entries if entry.link in known and datetime.fromisoformat(entry.expires_at) > now]


def wishes(entries: Iterable[Override]) -> Wishes:
    """What the decision has to know of them. Pure."""
    entries = list(entries)
    forced = [entry.link for entry in entries if entry.wish is Wish.FORCE]
    return Wishes(
        forced=forced[-1] if forced else None,
        forbidden=frozenset(entry.link for entry in entries if entry.wish is Wish.FORBID),
    )


class OverrideFile:
    """The wishes on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.damaged = False  # the file is there and cannot be read: it is left as it is until the next wish
        remove_leftovers(path)
        self.entries = self._load()

    def write(self, entries: Sequence[Override]) -> None:
        """Keep exactly these; returns when they are on the medium. Raises OSError, with nothing changed."""
        content = json.dumps([entry.model_dump(mode="json") for entry in entries]).encode()
        write_durably(self._path, content)
        self.entries = list(entries)
        self.damaged = False

    def _load(self) -> list[Override]:
        try:
            return [Override.model_validate(entry) for entry in json.loads(self._path.read_bytes())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, ValidationError) as error:
            log.error("%s cannot be read, what persons wanted of the links is lost: %s", self._path, error)
            self.damaged = True
            return []
