"""Messages that are taken back while they wait, are handed over, or have left: what decides it, without a port."""

from __future__ import annotations

import pytest

from edge.modem.pdu.parts import split
from edge.modem.sending.decision import Outcome
from edge.modem.sending.dispatch import Accepted, NoLongerQueued
from edge.shared.messages.modem import SegmentState
from tests.edge.modem.dispatching import ANY, WINDOW, Desk

LONG = "Évacuez la rue haute, puis la place. " * 6  # two parts


def test_what_has_not_begun_is_taken_back_for_good_and_twice_is_once(desk: Desk) -> None:
    message = desk.put("Évacuez")
    other = desk.put("Restez")
    assert desk.withdraw(message) == ["withdrawn"]
    assert desk.withdraw(message, 999) == ["withdrawn"]
    entry = desk.outbox.entries(request_id="Évacuez")[0]
    assert entry.withdrawn_at is not None
    assert entry.valid_until is None
    assert desk.hand_over().job.message == other
    assert not desk.has_work()
    again, repeated = desk.outbox.put("+33612345678", "Évacuez", split("Évacuez"), "Évacuez")
    assert (again.segments[0].state, repeated) == (SegmentState.WITHDRAWN, True)


def test_killed_before_anything_ended_it_is_taken_back_all_the_same(desk: Desk) -> None:
    message = desk.put("Évacuez")
    desk.expiry.withdraw([message], None)
    desk.start()
    desk.settling.recover()
    assert not desk.has_work()
    desk.care()
    assert desk.states() == [("withdrawn", False)]


def test_what_is_being_handed_over_is_said_and_not_tried_again_when_it_is_refused(desk: Desk) -> None:
    message = desk.put("Évacuez")
    claim = desk.hand_over()
    assert desk.withdraw(message) == ["under_way"]
    desk.dispatch.refused(claim, "+CMS ERROR: 38", 38)
    assert not desk.has_work()
    assert desk.withdraw(message) == ["withdrawn"]


def test_taken_back_while_the_modem_is_made_ready_it_does_not_go(desk: Desk) -> None:
    message = desk.put("Évacuez")
    job = desk.dispatch.reserve("m1", "m1", ANY)
    assert job is not None
    assert desk.withdraw(message) == ["withdrawn"]
    with pytest.raises(NoLongerQueued):
        desk.dispatch.claim(job, "m1", "m1")
    desk.dispatch.not_taken(job, "no prompt")
    assert desk.withdraw(message) == ["withdrawn"]


def test_what_the_network_has_is_said(desk: Desk) -> None:
    message = desk.put("Évacuez")
    desk.dispatch.submitted(Accepted(desk.hand_over(), 7))
    assert desk.withdraw(message) == ["sent"]
    assert desk.outbox.entries()[0].withdrawn_at is None


def test_an_uncertain_part_that_was_taken_back_is_not_sent_again(desk: Desk) -> None:
    message = desk.put("Évacuez")
    claim = desk.hand_over()
    desk.dispatch.unknown(claim, "no +CMGS")
    assert desk.withdraw(message) == ["under_way"]
    desk.resend()
    desk.clock.advance(WINDOW.total_seconds())
    assert desk.resend() == 0
    assert desk.withdraw(message) == ["maybe_sent"]
    assert desk.states() == [("withdrawn", True)]
    assert not desk.has_work()
    assert desk.ledger.read("SELECT outcome FROM attempts")[0]["outcome"] == Outcome.UNCERTAIN


def test_a_long_message_that_began_is_finished_and_said_to_be_sent(desk: Desk) -> None:
    message = desk.put(LONG)
    desk.dispatch.submitted(Accepted(desk.hand_over(), 7))
    assert desk.withdraw(message) == ["sent"]
    desk.dispatch.submitted(Accepted(desk.hand_over(), 8))
    assert desk.withdraw(message) == ["sent"]
    assert desk.states() == [("submitted", False)] * 2


def test_a_long_message_whose_first_part_is_refused_after_all_is_taken_back_whole(desk: Desk) -> None:
    message = desk.put(LONG)
    claim = desk.hand_over()
    assert desk.withdraw(message) == ["under_way"]
    desk.dispatch.refused(claim, "+CMS ERROR: 38", 38)
    assert desk.withdraw(message) == ["withdrawn"]
    assert desk.states() == [("withdrawn", False)] * 2


def test_by_the_beginning_of_request_ids_those_that_come_later_are_taken_back_too(desk: Desk) -> None:
    desk.put("un", request_id="a1/campaign-1/delivery-1/first")
    desk.put("deux", request_id="a1/campaign-1/delivery-2/first")
    desk.put("trois", request_id="a1/campaign-10/delivery-1/first")
    assert desk.withdraw(beginning="a1/campaign-1/") == ["withdrawn"] * 2
    desk.start()
    desk.put("quatre", request_id="a1/campaign-1/delivery-3/first")
    assert [state for state, _ in desk.states()] == ["withdrawn", "withdrawn", "queued", "withdrawn"]
    assert desk.outbox.entries()[0].segments[0].state is SegmentState.WITHDRAWN
    assert desk.withdraw(beginning="a1/campaign-1/") == ["withdrawn"] * 3
