"""What Kamailio's guard and its emergency calls have to tell. The parsing is pure; AlarmView does the calls."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.voice_guard import Ban, BanKind
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused
from edge.voice.kamailio_view import items_of

log = logging.getLogger(__name__)

LIMITED_S = 600  # how long a phone of the building stays in the table: kamailio.cfg


@dataclass(frozen=True)
class UrgentCall:
    """An emergency call of the last hour."""

    call_id: str
    state: str  # calling, answered, given_up, failed
    at: int  # unix time
    caller: str
    address: str
    number: str


@dataclass(frozen=True)
class Alarms:
    """Everything there is to tell."""

    bans: tuple[Ban, ...] = ()
    urgent: tuple[UrgentCall, ...] = ()
    rewritten: tuple[str, ...] = ()  # addresses between which and us somebody rewrites SIP

    def with_journal(self, journal: Iterable[UrgentCall]) -> Alarms:
        """With the emergency calls that Kamailio has forgotten: it was started again."""
        known = {call.call_id for call in self.urgent}
        return replace(self, urgent=(*(call for call in journal if call.call_id not in known), *self.urgent))


class AlarmView:
    """Asks Kamailio, but only when it counted something on."""

    def __init__(self, rpc: KamailioRpc, clock: Clock) -> None:
        self.rpc = rpc
        self.clock = clock
        self.alarms = Alarms()
        self._seen: tuple[str, str] | None = None

    async def look(self, run: str) -> Alarms:
        """What there is to tell by this start of Kamailio. Raises RpcSilent, RpcRefused."""
        count = str(items_of(await self.rpc.call("htable.dump", "alarm")).get("n", "0"))
        if self._seen != (run, count):
            self.alarms = await self._read()
            self._seen = (run, count)
        return self.alarms

    async def bans(self) -> tuple[Ban, ...]:
        """The addresses blocked or limited now. Raises RpcSilent, RpcRefused."""
        kept_out = bans_of(await self._rows("ban"), await self._rows("limited"))
        # Those whose time is over stand in the table until Kamailio's timer comes by.
        return lasting(kept_out, self.clock.now())

    async def unban(self, address: str) -> bool:
        """Let an address in again, with nothing counted against it; False: it was not kept out. Raises RpcSilent."""
        removed = False
        for table in ("ban", "limited"):
            removed = await self._delete(table, address) or removed
        for table in ("strike", "seen"):
            await self._delete(table, address)
        for counted in await self._rows("wrong"):
            if counted.partition("/")[0] == address:
                await self._delete("wrong", counted)
        self._seen = None
        return removed

    async def _read(self) -> Alarms:
        rewritten = tuple(sorted(await self._rows("rewritten")))
        return Alarms(await self.bans(), urgent_of(await self._rows("urgent")), rewritten)

    async def _rows(self, table: str) -> dict[str, str]:
        return items_of(await self.rpc.call("htable.dump", table))

    async def _delete(self, table: str, key: str) -> bool:
        held = key in await self._rows(table)
        if held:
            try:
                await self.rpc.call("htable.delete", table, key)
            except RpcRefused as error:
                log.info("%s of %s ran out by itself: %s", table, key, error)
        return held


def bans_of(blocked: Mapping[str, str], limited: Mapping[str, str]) -> tuple[Ban, ...]:
    """Tables `ban` (REASON|UNTIL) and `limited` (REASON|SINCE|EXTENSION)."""
    bans = [_ban(address, BanKind.BLOCKED, *value.split("|")) for address, value in blocked.items()]
    for address, value in limited.items():
        reason, since, extension = value.split("|")
        bans.append(_ban(address, BanKind.LIMITED, reason, str(int(since) + LIMITED_S), extension))
    return tuple(sorted(bans, key=lambda ban: (ban.kind, ban.address)))


def lasting(bans: Iterable[Ban], now: datetime) -> tuple[Ban, ...]:
    """Those whose time is not over."""
    text = utc_text(now)
    return tuple(ban for ban in bans if ban.until > text)


def _ban(address: str, kind: BanKind, reason: str, until: str, extension: str = "") -> Ban:
    moment = utc_text(datetime.fromtimestamp(int(until), UTC))
    return Ban(address=address, kind=kind, reason=reason, until=moment, extension=extension)


def urgent_of(rows: Mapping[str, Any]) -> tuple[UrgentCall, ...]:
    """Table `urgent` (STATE|UNIX TIME|CALLER|ADDRESS|NUMBER), oldest first."""
    calls = []
    for call_id, value in rows.items():
        state, at, caller, address, number = str(value).split("|")
        calls.append(UrgentCall(call_id, state, int(at), caller, address, number))
    return tuple(sorted(calls, key=lambda call: (call.at, call.call_id)))
