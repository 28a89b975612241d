"""What rounds of probes and the kernel say of one link. Pure: no I/O, no asyncio, time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.quality import Quality, Thresholds

EASE = 0.7  # of every limit: what a poor link must keep to be called fine again


class Presence(StrEnum):
    """What the kernel says of a link's interface."""

    ABSENT = "absent"
    NO_CARRIER = "no_carrier"
    NO_ADDRESS = "no_address"
    READY = "ready"  # there, with carrier and address: worth probing


class Standing(StrEnum):
    """The verdict on a ready link; it takes several rounds in a row to change it."""

    UNPROVED = "unproved"
    GOOD = "good"
    DEAD = "dead"


@dataclass(frozen=True)
class Judgement:
    """How many rounds in a row make a verdict, and from where on a link that answers is poor."""

    fail_after: int
    recover_after: int
    limits: Thresholds

    @property
    def suspect_after(self) -> int:
        """Lost rounds after which the other links are asked whether they are alive, half-way to the verdict."""
        return max(1, self.fail_after // 2)


@dataclass(frozen=True)
class LinkHealth:
    """One link. All times are CLOCK_MONOTONIC in nanoseconds."""

    presence: Presence = Presence.ABSENT
    standing: Standing = Standing.UNPROVED
    judged: bool = False  # has had a verdict before: a first answer alone no longer makes it good
    lost_in_row: int = 0
    good_in_row: int = 0
    last_answer_ns: int | None = None
    good_since_ns: int | None = None
    dead_until_ns: int | None = None  # when the last lost round of its death ended: what was sent before tells of that
    poor: bool = False  # both windows of its last rounds were beyond a limit; it takes two good ones to end
    recent: Quality | None = None  # the later window
    recent_poor: bool = False

    @property
    def ready(self) -> bool:
        """Whether packets could leave by it at all."""
        return self.presence is Presence.READY

    @property
    def hopeful(self) -> bool:
        """Ready, and not known dead."""
        return self.ready and self.standing is not Standing.DEAD

    def answered_since(self, moment_ns: int) -> bool:
        """Whether it proved itself alive at or after this moment, and is ready still."""
        return self.ready and self.last_answer_ns is not None and self.last_answer_ns >= moment_ns

    def shown(self, judgement: Judgement) -> UplinkState:
        """The state as people and other daemons see it."""
        if not self.ready:
            return UplinkState(self.presence.value)
        match self.standing:
            case Standing.UNPROVED:
                return UplinkState.UNPROVED
            case Standing.DEAD:
                return UplinkState.DOWN
        if self.lost_in_row >= judgement.suspect_after:
            return UplinkState.SUSPECT
        return UplinkState.POOR if self.poor else UplinkState.UP


def after_presence(health: LinkHealth, presence: Presence) -> LinkHealth:
    """The link after the kernel's word. Whatever interrupts it voids what was proved before."""
    if presence is health.presence:
        return health
    return LinkHealth(presence=presence, judged=health.judged or health.standing is not Standing.UNPROVED)


def after_round(health: LinkHealth, *, answered: bool, now_ns: int, judgement: Judgement) -> LinkHealth:
    """The link after one round of probes. A round that ends after the link went away says nothing."""
    if not health.ready:
        return health
    return _after_answer(health, now_ns, judgement) if answered else _after_loss(health, now_ns, judgement)


def _after_answer(health: LinkHealth, now_ns: int, judgement: Judgement) -> LinkHealth:
    health = replace(health, lost_in_row=0, good_in_row=health.good_in_row + 1, last_answer_ns=now_ns)
    if health.standing is Standing.GOOD:
        return health
    if health.judged and health.good_in_row < judgement.recover_after:
        return health
    # A standby asked twice a minute would be called poor for minutes more.
    poor = health.poor and health.standing is not Standing.DEAD
    return replace(health, standing=Standing.GOOD, judged=True, good_since_ns=now_ns, poor=poor)


def _after_loss(health: LinkHealth, now_ns: int, judgement: Judgement) -> LinkHealth:
    health = replace(health, good_in_row=0, lost_in_row=health.lost_in_row + 1)
    if health.lost_in_row < judgement.fail_after:
        return health
    return replace(health, standing=Standing.DEAD, judged=True, good_since_ns=None, dead_until_ns=now_ns)


def after_measure(
    health: LinkHealth, earlier: Quality | None, later: Quality | None, *, now_ns: int, limits: Thresholds
) -> LinkHealth:
    """The link after its quality was measured over two windows, one after the other.

    One window is a moment's trouble, two are a brownout. A link that gets well counts as good from now on. What was lost
    while it was dead was its death, not poor quality.
    """
    if not health.ready or later is None or _of_its_death(health, later):
        return health
    earlier = None if earlier is None or _of_its_death(health, earlier) else earlier
    recent_poor = limits.poor(later)
    poor = health.poor
    if earlier is not None and health.poor:
        poor = limits.poor(earlier, ease=EASE) or limits.poor(later, ease=EASE)
    elif earlier is not None:
        poor = recent_poor and limits.poor(earlier)
    since = now_ns if health.poor and not poor and health.good_since_ns is not None else health.good_since_ns
    return replace(health, recent=later, recent_poor=recent_poor, poor=poor, good_since_ns=since)


def _of_its_death(health: LinkHealth, quality: Quality) -> bool:
    return health.dead_until_ns is not None and quality.since_ns < health.dead_until_ns
