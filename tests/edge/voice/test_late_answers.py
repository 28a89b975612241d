"""A trunk that was given up for its silence, and rings or answers after all: the call is another trunk's by then."""

from __future__ import annotations

import time

from edge.voice.kamailio_view import items_of
from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, start_with_trunks
from hil.rig.virtual.sip.wire import SDP, Message, reply_to


def answer_of(carrier: Carrier, invite: Message, tag: str) -> Message:
    """A 200 that tells its trunk by its tag."""
    contact = [("Contact", f"<sip:{carrier.wire.address}:{carrier.wire.port}>")]
    return reply_to(invite, 200, "OK", contact, SDP.format(carrier.wire.address), tag=tag)


def test_one_that_rings_late_is_told_to_stop(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    late, source = first.request()
    taken, back = second.request()
    first.send(reply_to(late, 180, "Ringing"), source)
    assert first.request(method="CANCEL")
    first.send(reply_to(late, 487, "Request Terminated"), source)
    assert first.request(method="ACK")
    second.send(answer_of(second, taken, "second"), back)
    assert desk.wire.final(invite).get("To").endswith("tag=second")


def test_one_that_answers_late_does_not_end_the_search(telephony: Telephony) -> None:
    """What has rung is tried nowhere else, but this one rang for nobody any more."""
    first, second, third = (Carrier(telephony.wire(host)) for host in (20, 21, 22))
    more = f'[[voice.trunks]]\nname = "third"\naddress = "{telephony.net}.22"\n'
    start_with_trunks(telephony, more=more)
    desk = caller(telephony)
    call(desk, "0987654321")
    late, source = first.request()
    taken, back = second.request()
    first.send(answer_of(first, late, "first"), source)
    time.sleep(0.2)  # the two come by different sockets of ours, but must be heard in this order
    second.send(reply_to(taken, 503, "Service Unavailable"), back)
    assert third.request()


def test_an_emergency_is_not_shown_as_answered_by_one_that_was_given_up(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    nobody = telephony.hand("101", 140, password="wrong")
    invite = call(nobody, "115")
    late, source = first.request()
    taken, back = second.request()
    first.send(answer_of(first, late, "first"), source)
    time.sleep(0.2)
    assert shown(telephony) == ["calling"]
    second.send(answer_of(second, taken, "second"), back)
    assert nobody.wire.final(invite).get("To").endswith("tag=second")
    assert shown(telephony) == ["answered"]


def shown(box: Telephony) -> list[str]:
    """What Kamailio tells edge.voice of emergency calls."""
    return [row.partition("|")[0] for row in items_of(box.rpc("htable.dump", "urgent")).values()]


def test_one_that_answers_late_and_again_is_the_phone_s_to_end(telephony: Telephony) -> None:
    """It repeats its 200 until an ACK comes; a phone that has the other's sends ACK and BYE (RFC 3261, 13.2.2.4)."""
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    late, source = first.request()
    taken, back = second.request()
    second.send(answer_of(second, taken, "second"), back)
    answers: dict[str, Message] = {}
    while len(answers) < 2:  # tm drops the first of the late ones, if it was not overtaken by the other's
        first.send(answer_of(first, late, "first"), source)
        answer = desk.wire.final(invite)
        answers[answer.get("To").rpartition("=")[2]] = answer
    for tag, trunk in (("first", first), ("second", second)):
        for method in ("ACK", "BYE"):
            desk.wire.send(desk.within(method, invite, answers[tag]), desk.box)
            assert trunk.request(method=method)
