"""Phones that go together: a switch or the mains, not five phones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TOGETHER_S = 10.0  # those gone within it go for one reason
MANY = 5  # devices: a DECT base or an ATA with thirty extensions is one
SHOWN_S = 3600.0  # somebody who took down five phones on purpose is not told for ever


@dataclass(frozen=True)
class Span:
    """Something happened in between, in seconds, monotonic."""

    after: float
    before: float


@dataclass(frozen=True)
class Seen:
    """An extension with phones registered: which devices, and whether all of them fell silent."""

    devices: frozenset[str]
    silent: Span | None = None


@dataclass(frozen=True)
class Gone:
    """The devices that an extension lost, and when the last of them went."""

    devices: frozenset[str]
    when: Span


@dataclass(frozen=True)
class Presence:
    """Which extensions are there, by which devices; which went; and those who went together and are not back."""

    there: Mapping[str, frozenset[str]] = field(default_factory=dict)
    gone: Mapping[str, Gone] = field(default_factory=dict)
    together: frozenset[str] = frozenset()


def step(before: Presence, seen: Mapping[str, Seen], now: float) -> Presence:
    """What follows from one look at who is registered. now in seconds, monotonic.

    Nobody is gone by a look that failed: give each look that was answered, and none else.
    """
    there = {who: one.devices for who, one in seen.items() if one.silent is None}
    gone = {who: one for who, one in before.gone.items() if who not in there and now - one.when.before < SHOWN_S}
    for who in before.there.keys() - there.keys():
        silent = seen[who].silent if who in seen else None
        gone[who] = Gone(before.there[who], silent or Span(now, now))
    return Presence(there, gone, (before.together & gone.keys()) | _together(gone))


def forgetful(before: Presence, seen: Mapping[str, Seen]) -> Presence:
    """After a restart of what holds the registrations: those it does not know are not gone, they are unknown."""
    return Presence({who: one for who, one in before.there.items() if who in seen}, before.gone, before.together)


def _together(gone: Mapping[str, Gone]) -> frozenset[str]:
    """Those who may have gone within TOGETHER_S of each other, MANY devices of them."""
    found: set[str] = set()
    for start in {one.when.before for one in gone.values()}:
        alike = {who for who, one in gone.items() if one.when.after - TOGETHER_S <= start <= one.when.before}
        if len(_devices(gone[who] for who in alike)) >= MANY:
            found |= alike
    return frozenset(found)


def _devices(gone: Iterable[Gone]) -> frozenset[str]:
    return frozenset().union(*(one.devices for one in gone))
