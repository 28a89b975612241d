"""One person's part of a campaign, event by event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.campaign import Answered, Dispatch, Due, Event, Moved, Remind, Rules, Standing, dispatch_of, step
from edge.shared.messages.alerts import Answer, DeliveryState
from edge.shared.messages.modem import OutboxEntry, Segment, SegmentState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = Rules(timedelta(seconds=300), 1)

ACCEPTED = Moved(0, Dispatch(DeliveryState.ACCEPTED))


def run(*events: tuple[float, Event], rules: Rules = RULES) -> tuple[Standing, list[tuple[float, Remind]]]:
    standing, reminded = Standing(), []
    for at, event in events:
        standing, actions = step(standing, event, NOW + timedelta(seconds=at), rules)
        reminded += [(at, action) for action in actions]
    return standing, reminded


def test_silence_counts_from_the_moment_the_network_took_the_message() -> None:
    standing, reminded = run((1000, ACCEPTED), (1299, Due()), (1300, Due()))
    assert reminded == [(1300, Remind(1))]
    assert standing.state is DeliveryState.ACCEPTED
    assert standing.reminders == 0  # decided, not yet out


def test_a_message_still_in_the_queue_is_not_reminded_of() -> None:
    assert run((10_000, Due())) == (Standing(), [])


@pytest.mark.parametrize("answer", [Answer.ACKNOWLEDGED, Answer.NEGATIVE])
def test_who_answered_is_not_reminded(answer: Answer) -> None:
    standing, reminded = run((0, ACCEPTED), (5, Answered(answer)), (300, Due()), (9999, Due()))
    assert (standing.answer, reminded) == (answer, [])


def test_an_answer_told_before_the_acceptance_counts() -> None:
    standing, reminded = run((0, Answered(Answer.ACKNOWLEDGED)), (1, ACCEPTED), (999, Due()))
    assert (standing.state, standing.due, reminded) == (DeliveryState.ACCEPTED, None, [])


def test_a_report_after_the_acceptance_does_not_put_the_reminder_off() -> None:
    standing, _ = run((0, ACCEPTED), (200, Moved(0, Dispatch(DeliveryState.DELIVERED))))
    assert standing.due == NOW + timedelta(seconds=300)


def test_an_uncertain_message_waits_for_certainty() -> None:
    standing, reminded = run((0, Moved(0, Dispatch(DeliveryState.UNCERTAIN))), (400, Due()))
    assert (standing.due, reminded) == (None, [])
    standing, reminded = run(
        (0, Moved(0, Dispatch(DeliveryState.UNCERTAIN))),
        (100, Moved(0, Dispatch(DeliveryState.DELIVERED))),
        (400, Due()),
    )
    assert reminded == [(400, Remind(1))]


def test_a_message_the_network_lost_is_tried_again_as_a_reminder() -> None:
    lost = Moved(0, Dispatch(DeliveryState.FAILED, error="expired"))
    standing, reminded = run((0, lost), (300, Due()), (301, Moved(1, Dispatch(DeliveryState.DELIVERED))))
    assert reminded == [(300, Remind(1))]
    assert (standing.state, standing.error, standing.reminders) == (DeliveryState.DELIVERED, None, 1)


def test_a_message_the_modem_daemon_refuses_is_not_tried_again() -> None:
    standing, reminded = run((0, Moved(0, Dispatch(DeliveryState.FAILED, error="x", refused=True))), (999, Due()))
    assert (standing.error, reminded) == ("x", [])


@pytest.mark.parametrize("state", [SegmentState.EXPIRED, SegmentState.WITHDRAWN])
@pytest.mark.parametrize("may_have_left", [False, True])
def test_what_was_too_late_or_taken_back_is_not_brought_again_by_a_reminder(
    state: SegmentState, may_have_left: bool
) -> None:
    part = Segment(number=1, state=state, may_have_left=may_have_left, error="+CMS ERROR: 38", updated_at="")
    entry = OutboxEntry(id=1, request_id="x", number="+3361", text="x", encoding="gsm7", queued_at="", segments=[part])
    standing, reminded = run((0, Moved(0, dispatch_of(entry))), (999, Due()))
    assert reminded == []
    assert standing.state is (DeliveryState.UNCERTAIN if may_have_left else DeliveryState.FAILED)
    assert standing.error == (None if may_have_left else state)


def test_as_many_reminders_as_allowed_each_after_its_own_silence() -> None:
    rules = replace(RULES, reminders=2)
    events: list[tuple[float, Event]] = [(0, ACCEPTED), (300, Due()), (310, Moved(1, Dispatch(DeliveryState.ACCEPTED)))]
    standing, reminded = run(
        *events, (609, Due()), (610, Due()), (620, Moved(2, Dispatch(DeliveryState.ACCEPTED))), rules=rules
    )
    assert reminded == [(300, Remind(1)), (610, Remind(2))]
    assert (standing.reminders, standing.due) == (2, None)


def test_a_changed_mind_is_the_answer() -> None:
    assert run((0, Answered(Answer.ACKNOWLEDGED)), (1, Answered(Answer.NEGATIVE)))[0].answer is Answer.NEGATIVE


def test_maybe_twice_stays_said() -> None:
    standing, _ = run((0, Moved(0, Dispatch(DeliveryState.DELIVERED, maybe_dup=True))), (400, Due()))
    assert standing.maybe_dup


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ("queued queued", DeliveryState.QUEUED),
        ("submitted claimed", DeliveryState.QUEUED),
        ("submitted queued uncertain", DeliveryState.UNCERTAIN),
        ("submitted submitted", DeliveryState.ACCEPTED),
        ("delivered submitted", DeliveryState.ACCEPTED),
        ("delivered delivered", DeliveryState.DELIVERED),
        ("delivered failed", DeliveryState.FAILED),
        ("expired delivered", DeliveryState.FAILED),
        ("withdrawn withdrawn", DeliveryState.FAILED),
        ("", DeliveryState.QUEUED),
    ],
)
def test_the_parts_make_the_message(parts: str, state: DeliveryState) -> None:
    segments = [
        Segment(number=number, state=SegmentState(name), updated_at="")
        for number, name in enumerate(parts.split(), start=1)
    ]
    entry = OutboxEntry(
        id=1, request_id="x", number="+3361", text="x", encoding="gsm7", queued_at="", segments=segments
    )
    assert dispatch_of(entry).state is state


EVENTS = st.one_of(
    st.builds(Moved, st.just(0), st.builds(Dispatch, st.sampled_from(DeliveryState), st.booleans())),
    st.builds(Answered, st.sampled_from([Answer.ACKNOWLEDGED, Answer.NEGATIVE])),
    st.just(Due()),
)


@given(st.lists(st.tuples(st.floats(0, 500), EVENTS), max_size=30), st.integers(0, 3))
def test_whatever_happens(events: list[tuple[float, Event]], allowed: int) -> None:
    rules = Rules(timedelta(seconds=300), allowed)
    standing, at, reminded, answered = Standing(), NOW, 0, False
    for seconds, event in events:
        at += timedelta(seconds=seconds)
        due = standing.due
        standing, actions = step(standing, event, at, rules)
        answered = answered or isinstance(event, Answered)
        if actions:
            assert isinstance(event, Due)
            assert due is not None
            assert due <= at
            assert not answered
        reminded += len(actions)
    assert reminded <= allowed
    assert len(standing.dispatches) == 1 + reminded
    assert not (answered and standing.due)
