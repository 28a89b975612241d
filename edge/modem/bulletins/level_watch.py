"""Which changes of level the technicians are told, and when. Pure.

A change is told once it lasted. A link that flaps would have each of its lasting changes told: after a few in an hour they
are told far apart, each time the state as it is by then, so that what was told last is true in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.shared.level import Level, usable_modem
from edge.shared.messages.modem import GatewayState, ModemsResult

LASTS = timedelta(seconds=15)
BURST, BURST_IN = 4, timedelta(hours=1)  # told as soon as they lasted
APART = timedelta(minutes=15)  # after that


@dataclass(frozen=True)
class Watched:
    """What was told, and what has been seen since. Kept in a row."""

    told: Level = Level.NORMAL
    seen: Level | None = None
    seen_since: datetime | None = None
    isolated_since: datetime | None = None  # cut off from everybody for a while; nobody could be told


@dataclass(frozen=True)
class Sight:
    """One look at the box."""

    level: Level | None  # None: not known, which is no change
    cloud_known: bool = True  # whether voice says if the cloud PBX is lost
    can_send: bool = True  # whether an SMS would leave now


@dataclass(frozen=True)
class Change:
    """A change to be told."""

    was: Level
    level: Level
    since: datetime
    isolated_since: datetime | None = None


def step(watched: Watched, sight: Sight, told_at: Sequence[datetime], now: datetime) -> tuple[Watched, Change | None]:
    """What is to be remembered after a look, and the change to be told now, if one is. told_at: of the changes told."""
    level = _believed(watched, sight)
    if level is None:
        return watched, None
    if level is not watched.seen or watched.seen_since is None or watched.seen_since > now:
        watched = replace(watched, seen=level, seen_since=now)
    since = watched.seen_since
    assert since is not None
    if now - since < LASTS:
        return watched, None
    if level is Level.ISOLATED:
        return replace(watched, isolated_since=watched.isolated_since or since), None
    if level is watched.told and watched.isolated_since is None:
        return watched, None
    if not sight.can_send or _too_soon(told_at, now):
        return watched, None
    change = Change(watched.told, level, since, watched.isolated_since)
    return replace(watched, told=level, isolated_since=None), change


def can_send(ways: ModemsResult) -> bool:
    """Whether an SMS would leave now, by a modem or by a gateway."""
    return usable_modem(ways) is not None or any(way.state is GatewayState.READY for way in ways.gateways)


def _believed(watched: Watched, sight: Sight) -> Level | None:
    """A silent voice daemon is no sign that the cloud PBX is back."""
    if not sight.cloud_known and watched.told is Level.CLOUD_LOST and sight.level in (Level.NORMAL, Level.LINK_SWITCH):
        return Level.CLOUD_LOST
    return sight.level


def _too_soon(told_at: Sequence[datetime], now: datetime) -> bool:
    """Times after now are from before the clock was set back: they say nothing."""
    ago = [now - at for at in told_at if at <= now]
    return sum(age < BURST_IN for age in ago) >= BURST and min(ago) < APART
