"""How one person's part of a campaign goes on. Pure: step(standing, event, now, rules) -> (standing, actions)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.shared.messages.alerts import Answer, DeliveryState
from edge.shared.messages.modem import OutboxEntry, Segment, SegmentState

# What is better for the person: the best of their messages is the state of their delivery.
RANK = {
    DeliveryState.FAILED: 0,
    DeliveryState.QUEUED: 1,
    DeliveryState.UNCERTAIN: 2,
    DeliveryState.ACCEPTED: 3,
    DeliveryState.DELIVERED: 4,
}
LEFT = frozenset({DeliveryState.UNCERTAIN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED})  # may be on the phone

# A reminder would bring an alert whose time is over, or that was taken back.
UNWANTED = frozenset({SegmentState.EXPIRED, SegmentState.WITHDRAWN})


@dataclass(frozen=True)
class Rules:
    """When to remind, and how often."""

    reminder_after: timedelta
    reminders: int


@dataclass(frozen=True)
class Dispatch:
    """One message to the person: ordinal 0 is the first, 1 the first reminder."""

    state: DeliveryState = DeliveryState.QUEUED
    maybe_dup: bool = False
    error: str | None = None
    refused: bool = False  # trying again changes nothing, or is not wanted: never taken, out of time, taken back


@dataclass(frozen=True)
class Standing:
    """Where a campaign stands with one person."""

    dispatches: tuple[Dispatch, ...] = (Dispatch(),)
    answer: Answer = Answer.NONE
    due: datetime | None = None  # when the next reminder is due

    @property
    def state(self) -> DeliveryState:
        """The best of the messages."""
        return max((dispatch.state for dispatch in self.dispatches), key=RANK.__getitem__)

    @property
    def reminders(self) -> int:
        """Reminders that left the box."""
        return sum(1 for dispatch in self.dispatches[1:] if dispatch.state in LEFT)

    @property
    def maybe_dup(self) -> bool:
        """Whether a message may have reached the phone twice."""
        return any(dispatch.maybe_dup for dispatch in self.dispatches)

    @property
    def error(self) -> str | None:
        """Why nothing reached the person, while that is so."""
        return self.dispatches[-1].error if self.state is DeliveryState.FAILED else None


@dataclass(frozen=True)
class Moved:
    """The modem says where the message of this ordinal is now."""

    ordinal: int
    dispatch: Dispatch


@dataclass(frozen=True)
class Answered:
    """The person replied with a word that counts."""

    answer: Answer


@dataclass(frozen=True)
class Due:
    """The due time may have come."""


Event = Moved | Answered | Due


@dataclass(frozen=True)
class Remind:
    """Queue the message of this ordinal."""

    ordinal: int


def step(standing: Standing, event: Event, now: datetime, rules: Rules) -> tuple[Standing, list[Remind]]:
    """One event of one person's campaign. now is UTC."""
    match event:
        case Moved(ordinal, dispatch):
            return _moved(standing, ordinal, dispatch, now, rules), []
        case Answered(answer):
            return replace(standing, answer=answer, due=None), []
        case Due():
            return _remind_if_due(standing, now, rules)


def _moved(standing: Standing, ordinal: int, dispatch: Dispatch, now: datetime, rules: Rules) -> Standing:
    before = standing.dispatches
    after = replace(standing, dispatches=(*before[:ordinal], dispatch, *before[ordinal + 1 :]))
    newest = ordinal == len(before) - 1
    if newest and _over(dispatch) and not _over(before[ordinal]) and _may_remind(after, rules):
        return replace(after, due=now + rules.reminder_after)
    return after


def _over(dispatch: Dispatch) -> bool:
    """The box has done its part: silence counts from here, not from the queue. A failed message is tried again."""
    return dispatch.state in (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.FAILED)


def _may_remind(standing: Standing, rules: Rules) -> bool:
    return (
        standing.answer is Answer.NONE
        and len(standing.dispatches) - 1 < rules.reminders
        and not any(dispatch.refused for dispatch in standing.dispatches)
    )


def _remind_if_due(standing: Standing, now: datetime, rules: Rules) -> tuple[Standing, list[Remind]]:
    if standing.due is None or now < standing.due:
        return standing, []
    if not _may_remind(standing, rules):
        return replace(standing, due=None), []
    ordinal = len(standing.dispatches)
    return replace(standing, due=None, dispatches=(*standing.dispatches, Dispatch())), [Remind(ordinal)]


def dispatch_of(message: OutboxEntry) -> Dispatch:
    """A message's state from its parts: one lost part spoils it, one uncertain part makes it uncertain."""
    ended = [segment.state for segment in message.segments if segment.state in UNWANTED]
    errors = [str(state) for state in ended] or [segment.error for segment in message.segments if segment.error]
    return Dispatch(
        state=_state_of(message.segments),
        maybe_dup=any(segment.maybe_dup for segment in message.segments),
        error=errors[-1] if errors else None,
        refused=bool(ended),
    )


def _state_of(parts: Sequence[Segment]) -> DeliveryState:
    states = {part.state for part in parts}
    lost = [part for part in parts if part.state is SegmentState.FAILED or part.state in UNWANTED]
    if lost:
        # What ended after a handing over without an answer may be on the phone.
        return DeliveryState.UNCERTAIN if all(part.may_have_left for part in lost) else DeliveryState.FAILED
    if SegmentState.UNCERTAIN in states:
        return DeliveryState.UNCERTAIN
    if not states or states & {SegmentState.QUEUED, SegmentState.CLAIMED}:
        return DeliveryState.QUEUED
    if SegmentState.SUBMITTED in states:
        return DeliveryState.ACCEPTED
    return DeliveryState.DELIVERED
