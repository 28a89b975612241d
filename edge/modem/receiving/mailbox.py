"""The storages of one modem: what lies there is committed here, then deleted there.

Real modems are slow at deleting, so it is done while nothing is to be sent, and left at once when something is. In
between, when much has gathered or has waited long, only what is new is read and committed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge.modem.monotonic import monotonic
from edge.modem.port import answers
from edge.modem.port.answers import Stored
from edge.modem.port.at import AtPort, AtRefused, AtSilent
from edge.modem.receiving.inbox import Inbox

log = logging.getLogger(__name__)

MANY_NOTICES = 12
OLD_NOTICE_S = 4.0
ROOM_MIN = 5  # entries deleted at a time: each time costs a listing too
POLL_EVERY_S = 20.0  # a notice may be lost
POLL_MIN_S = 0.5
DAMAGED_READS = 3  # an entry that reads damaged this often is damaged in the modem, not on the wire
LIST_TIMEOUT_FACTOR = 4  # listing a full storage takes real modems seconds
LIST_NEW, LIST_ALL = "AT+CMGL=0", "AT+CMGL=4"
CAPACITY_ASSUMED = 20  # places; a small SIM

IsWanted = Callable[[], bool]


class Mailbox:
    """Fetches what one modem holds, for as long as its port is open."""

    def __init__(self, modem: str, port: AtPort, inbox: Inbox, command_timeout: Callable[[], float]) -> None:
        self._modem = modem
        self._port = port
        self._inbox = inbox
        self._command_timeout = command_timeout
        self._selected: str | None = None
        self._storages: list[str] = [""]  # "" is whichever the modem has selected
        self._notices: dict[str, set[int]] = {}
        self._oldest_notice: float | None = None
        self._last_fetch = 0.0
        self._all_next = True
        self._damaged: dict[tuple[str, int], int] = {}
        self._left: dict[str, int] = {}  # storage -> entries committed and not yet deleted
        self._capacity = CAPACITY_ASSUMED

    async def start(self) -> None:
        """Find the storages, and have messages received kept in the modem's own where it has one."""
        groups = answers.storages(await self._try("AT+CPMS=?") or [])
        self._storages = [name for name in answers.READABLE if groups and name in groups[0]] or [""]
        own = len(groups) == 3 and all("ME" in group for group in groups)
        selected = await self._try('AT+CPMS="ME","ME","ME"') if own else None
        if selected is not None:
            self._selected = "ME"
            self._capacity = answers.capacity(selected) or CAPACITY_ASSUMED
        else:
            # A small SIM is full before it has announced much: the network then holds what comes.
            self._capacity = answers.receiving_capacity(await self._try("AT+CPMS?") or []) or CAPACITY_ASSUMED
        self._all_next = True

    def notice(self, line: str, second: str | None) -> bool:
        """Take a line nobody asked for, if it is about something received."""
        if second is not None:
            if not line.startswith("+CBM"):  # the page of a cell broadcast reads as a message, and is none
                self._inbox.take_pushed(self._modem, second)
            return True
        stored = answers.stored_notice(line)
        if stored is None:
            return False
        storage, place = stored
        self._notices.setdefault(storage, set()).add(place)
        if self._oldest_notice is None:
            self._oldest_notice = monotonic()
        return True

    def has_work(self) -> bool:
        """Whether something is known to lie there."""
        return bool(self._notices or self._left)

    def wants_skimming(self) -> bool:
        """Whether what is new should be read although there is something to send."""
        if self._oldest_notice is None:
            return False
        waiting = sum(len(places) for places in self._notices.values())
        return waiting >= min(MANY_NOTICES, self._capacity // 2) or monotonic() - self._oldest_notice >= OLD_NOTICE_S

    def fills_up(self) -> bool:
        """Whether there must be room made before more is sent."""
        return sum(self._left.values()) >= self._capacity // 2

    def poll_delay(self, every_s: float | None) -> float:
        """Seconds until the storages are looked through without a notice; every_s shortens the usual time."""
        every = POLL_EVERY_S if every_s is None else max(POLL_MIN_S, min(POLL_EVERY_S, every_s))
        return max(0.0, self._last_fetch + every - monotonic())

    async def skim(self) -> None:
        """Commit what is new in the storages that announced something; leave it there for now."""
        notices, self._notices, self._oldest_notice = self._notices, {}, None
        for storage, places in notices.items():
            if await self._select(storage):
                found = await self._stored(LIST_NEW, places)
                self._take(storage, [stored for stored in found if stored.intact])
                self._left[storage] = self._left.get(storage, 0) + len(found)

    async def make_room(self, is_wanted: IsWanted) -> None:
        """Fetch, and delete some even if the port is wanted."""
        await self.fetch(is_wanted, max(self._capacity // 4, ROOM_MIN))

    async def fetch(self, is_wanted: IsWanted = lambda: False, at_least: int = 0) -> None:
        """Commit and delete what lies in the storages that have something; in all of them when none is named.

        Everything is committed. Once is_wanted() says that the port is wanted to send, what is not deleted yet stays for
        the next time: at_least so many of a storage go.
        """
        notices, self._notices, self._oldest_notice = self._notices, {}, None
        named = [*notices, *(storage for storage in self._left if storage not in notices)]
        everywhere = self._all_next or not named
        storages = [*self._storages, *(storage for storage in named if storage not in self._storages)]
        self._all_next, self._left = False, {}
        for storage in storages if everywhere else named:
            if await self._select(storage):
                await self._empty(storage, notices.get(storage, set()), is_wanted, at_least)
        self._last_fetch = monotonic()

    async def _select(self, storage: str) -> bool:
        if storage in ("", self._selected):
            return True
        if await self._try(f'AT+CPMS="{storage}"') is None:
            return False
        self._selected = storage
        return True

    async def _empty(self, storage: str, places: set[int], is_wanted: IsWanted, at_least: int) -> None:
        found = await self._stored(LIST_ALL, places)
        good = [one for one in found if one.intact or self._is_damaged_for_good(storage, one.place)]
        self._take(storage, good)
        gone: list[int] = []
        try:
            for stored in good:
                if len(gone) >= at_least and is_wanted():
                    break
                if await self._delete(stored.place):
                    gone.append(stored.place)
        finally:
            if gone:
                self._inbox.deleted(self._modem, storage, gone)
        left = len(found) - len(gone)
        if left:
            self._left[storage] = self._left.get(storage, 0) + left  # damaged: read again at once

    def _take(self, storage: str, found: list[Stored]) -> None:
        if found:
            self._inbox.take(self._modem, storage, {stored.place: stored.pdu for stored in found})

    async def _stored(self, listing: str, places: set[int]) -> list[Stored]:
        timeout = self._command_timeout() * LIST_TIMEOUT_FACTOR
        try:
            return answers.parse_list(await self._port.command(listing, timeout=timeout))
        except AtRefused as refused:
            log.debug("%s: %s", self._modem, refused)
        found = []
        for place in sorted(places):
            one = answers.parse_one(place, await self._try(f"AT+CMGR={place}") or [])
            if one is not None:
                found.append(one)
        return found

    async def _delete(self, place: int) -> bool:
        """Whether it is gone for certain."""
        try:
            await self._port.command(f"AT+CMGD={place}", timeout=self._command_timeout())
        except AtRefused as refused:
            log.warning("%s: %s", self._modem, refused)
        except AtSilent as error:
            # Deleted or not: the next listing tells, and what was taken is not taken twice.
            log.warning("%s: %s", self._modem, error)
            self._all_next = True
        else:
            return True
        return False

    def _is_damaged_for_good(self, storage: str, place: int) -> bool:
        reads = self._damaged.pop((storage, place), 0) + 1
        if reads >= DAMAGED_READS:
            return True
        self._damaged[storage, place] = reads
        return False

    async def _try(self, command: str) -> list[str] | None:
        try:
            return await self._port.command(command, timeout=self._command_timeout())
        except AtRefused as refused:
            log.debug("%s: %s", self._modem, refused)
            return None
