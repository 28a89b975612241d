"""What the decision remembers, what it hears, and what it orders. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.health import Judgement, LinkHealth, Presence
from edge.uplinks.plan import FlowClass
from edge.uplinks.quality import Quality

COMPARE_AGAIN_NS = 60 * 10**9  # asking the others costs on a metered link: at most this often, and ever less often


class Pace(StrEnum):
    """How eagerly a link is probed."""

    OFF = "off"
    STANDBY = "standby"
    SEEK = "seek"  # the active link is in trouble for long: watchful, but a metered link is not drained
    STEADY = "steady"
    BURST = "burst"


@dataclass(frozen=True)
class Rules:
    """What the settings say. The order of the links is their preference."""

    links: tuple[str, ...]
    judgement: Judgement
    hold_down_ns: int
    metered: frozenset[str] = frozenset()
    margin_mos: float = 0.5  # how much better another link must be when the active one is poor


@dataclass(frozen=True)
class Wishes:
    """What persons want, until they release it or it expires."""

    forced: str | None = None
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class State:
    """Everything the decision remembers."""

    rules: Rules
    health: dict[str, LinkHealth]
    active: str | None = None  # holds the default route
    stranded: bool = False  # the active link is dead and no other is known to be better
    trouble_since_ns: int | None = None  # since when the active link is suspect or worse
    failures: dict[str, tuple[int, ...]] = field(default_factory=dict)  # when each failed while it was active
    paces: dict[str, Pace] = field(default_factory=dict)
    removed: str | None = None  # the active link, when the settings no longer have it
    wishes: Wishes = Wishes()
    forced_at_ns: int = 0  # since when the forced link is
    born_ns: int | None = None  # when a link was first looked for
    began_ns: int | None = None  # when the first link of this life was taken, with no route from a life before
    compared_ns: int | None = None  # when the others were last asked because the active link was poor
    compare_wait_ns: int = COMPARE_AGAIN_NS  # how long until they are asked again while that lasts
    poor_before: bool = False  # whether the active link was poor at the event before
    troubled_ns: int | None = None  # when it last was, even for a moment


@dataclass(frozen=True)
class PresenceChanged:
    """The kernel says something new of a link."""

    link: str
    presence: Presence


@dataclass(frozen=True)
class PresencesRead:
    """The kernel says what every link is, at one moment: of two that went together neither is the other's refuge."""

    presences: Mapping[str, Presence]


@dataclass(frozen=True)
class RoundEnded:
    """A round of probes ended: at least one target answered in time, or none did."""

    link: str
    answered: bool


@dataclass(frozen=True)
class QualityMeasured:
    """A link's last rounds, in two windows; the earlier one is None until there are enough."""

    link: str
    earlier: Quality | None
    later: Quality | None


@dataclass(frozen=True)
class WishesChanged:
    """Persons want something else from now on."""

    wishes: Wishes


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event: TypeAlias = PresenceChanged | PresencesRead | RoundEnded | QualityMeasured | WishesChanged | Tick


@dataclass(frozen=True)
class Move:
    """The active link changes. to_link None: no link carries, the last one keeps routes and flows."""

    cause: SwitchCause
    from_link: str | None
    to_link: str | None
    detected_ns: int
    flush: str | None = None  # whose flows are to move at once
    classes: tuple[FlowClass, ...] | None = None  # of them only these; None: all


@dataclass(frozen=True)
class Flush:
    """A link that is not active died: flows still on it must leave."""

    link: str


@dataclass(frozen=True)
class SetPace:
    """Probe a link this eagerly from now on."""

    link: str
    pace: Pace


Action: TypeAlias = Move | Flush | SetPace


def initial(rules: Rules, active: str | None) -> State:
    """The state to start from; active is the link that the kernel's default route uses already."""
    known = active if active in rules.links else None
    return State(rules, {name: LinkHealth() for name in rules.links}, active=known)
