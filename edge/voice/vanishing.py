"""Phones that go together: a switch or the mains, not five phones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOGETHER_S = 10.0  # those gone within it go for one reason
MANY = 5
SHOWN_S = 3600.0  # somebody who took down five phones on purpose is not told for ever


@dataclass(frozen=True)
class Presence:
    """Who is there, who went when (seconds, monotonic), and those who went together and are not back."""

    present: frozenset[str] = frozenset()
    gone: Mapping[str, float] = field(default_factory=dict)
    together: Mapping[str, float] = field(default_factory=dict)


def step(before: Presence, present: frozenset[str], now: float) -> Presence:
    """What follows from one look at who is there. now in seconds, monotonic.

    Nobody is gone by a look that failed: give each look that was answered, and none else.
    """
    left = dict.fromkeys(before.present - present, now)
    lately = {who: at for who, at in before.gone.items() if now - at <= TOGETHER_S} | left
    gone = {who: at for who, at in lately.items() if who not in present}
    together = {who: at for who, at in before.together.items() if who not in present and now - at < SHOWN_S}
    if len(gone) >= MANY:
        together |= gone
    return Presence(present, gone, together)
