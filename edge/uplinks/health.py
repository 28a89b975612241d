"""What rounds of probes and the kernel say of one link. Pure: no I/O, no asyncio, time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.shared.messages.uplinks import UplinkState


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
    """How many rounds in a row make a verdict."""

    fail_after: int
    recover_after: int

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
        match self.presence:
            case Presence.ABSENT:
                return UplinkState.ABSENT
            case Presence.NO_CARRIER:
                return UplinkState.NO_CARRIER
            case Presence.NO_ADDRESS:
                return UplinkState.NO_ADDRESS
        match self.standing:
            case Standing.UNPROVED:
                return UplinkState.UNPROVED
            case Standing.DEAD:
                return UplinkState.DOWN
        return UplinkState.SUSPECT if self.lost_in_row >= judgement.suspect_after else UplinkState.UP


def after_presence(health: LinkHealth, presence: Presence) -> LinkHealth:
    """The link after the kernel's word. Whatever interrupts it voids what was proved before."""
    if presence is health.presence:
        return health
    return LinkHealth(presence=presence, judged=health.judged or health.standing is not Standing.UNPROVED)


def after_round(health: LinkHealth, *, answered: bool, now_ns: int, judgement: Judgement) -> LinkHealth:
    """The link after one round of probes. A round that ends after the link went away says nothing."""
    if not health.ready:
        return health
    return _after_answer(health, now_ns, judgement) if answered else _after_loss(health, judgement)


def _after_answer(health: LinkHealth, now_ns: int, judgement: Judgement) -> LinkHealth:
    health = replace(health, lost_in_row=0, good_in_row=health.good_in_row + 1, last_answer_ns=now_ns)
    if health.standing is Standing.GOOD:
        return health
    if health.judged and health.good_in_row < judgement.recover_after:
        return health
    return replace(health, standing=Standing.GOOD, judged=True, good_since_ns=now_ns)


def _after_loss(health: LinkHealth, judgement: Judgement) -> LinkHealth:
    health = replace(health, good_in_row=0, lost_in_row=health.lost_in_row + 1)
    if health.lost_in_row < judgement.fail_after:
        return health
    return replace(health, standing=Standing.DEAD, judged=True, good_since_ns=None)
