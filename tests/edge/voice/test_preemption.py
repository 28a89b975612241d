"""Emergency with every channel busy: one call that is none is ended, and the emergency goes out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.pstn import Pstn
from hil.rig.virtual.sip.trunk_calls import call, caller, health, ring, start_with_trunks, talk, trunk
from hil.rig.virtual.sip.wire import SDP, Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for

ONE = "channels = 1"


def emergency(box: Telephony, number: str, host: int = 140) -> Hand:
    """A phone of the building with a wrong password calls."""
    nobody = box.hand("101", host, password="wrong")
    nobody.wire.send(nobody.invitation(number), nobody.box)
    return nobody


@dataclass
class Full:
    """A box each of whose trunks has one channel, and a conversation on it."""

    first: Carrier
    second: Carrier
    desk: Hand
    office: Hand


def full(box: Telephony, more: str = "") -> Full:
    """Started so."""
    first, second = Carrier(box.wire(20)), Carrier(box.wire(21))
    start_with_trunks(box, ONE, ONE, more=more)
    desk, office = caller(box), caller(box, "102", 102)
    talk(desk, "0987654321", first)
    talk(office, "0987654322", second)
    return Full(first, second, desk, office)


def acknowledged(box: Telephony, operator: Carrier, invite: Message) -> None:
    """The operator's call is answered."""
    reply = operator.final(invite)
    assert reply.code == 200
    outside = Hand(operator.wire, "0611223344", "", "carrier.example", box.box)
    operator.wire.send(outside.within("ACK", invite, reply), box.box)


@pytest.mark.parametrize("number", ["112", "15", "17", "18", "114"])
def test_one_conversation_is_ended_on_both_sides_and_the_emergency_goes_out(telephony: Telephony, number: str) -> None:
    was = full(telephony)
    begun = time.monotonic()
    emergency(telephony, number)
    heard, source = was.first.request()
    assert time.monotonic() - begun <= 2.0
    assert heard.uri.startswith(f"sip:{number}@")
    was.first.wire.send(reply_to(heard, 180, "Ringing"), source)
    assert was.desk.wire.request(method="BYE")
    assert [message.start.split()[0] for message, _ in was.first.wire.heard].count("BYE") == 1
    assert was.office.wire.silent(0.2, "BYE")


def test_a_free_channel_elsewhere_spares_the_conversation(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, ONE)
    desk = caller(telephony)
    talk(desk, "0987654321", first)
    emergency(telephony, "112")
    second.answer()
    assert desk.wire.silent(0.2, "BYE")


@pytest.mark.parametrize("number", ["115", "119", "3114"])
def test_other_emergency_numbers_end_nobody_s_call(telephony: Telephony, number: str) -> None:
    """They are sent to the full trunk all the same: its operator may have a channel that we do not count."""
    was = full(telephony)
    emergency(telephony, number)
    was.first.turn_down(503, "Service Unavailable")
    was.second.answer()
    assert was.desk.wire.silent(0.2, "BYE")
    assert was.office.wire.silent(0.1, "BYE")


def test_who_only_rings_is_ended_before_who_talks_and_the_last_one_first(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    start_with_trunks(telephony, "channels = 3", "channels = 1")
    old, young, ringing = caller(telephony), caller(telephony, "102", 102), caller(telephony, "103", 103)
    talk(old, "0987654321", first)
    time.sleep(1.1)  # seconds tell who was first
    talk(young, "0987654322", first)
    waiting = call(ringing, "0987654323")
    rung, source = first.request()
    first.wire.send(reply_to(rung, 180, "Ringing"), source)
    with Carrier(telephony.wire(21)).dead():
        emergency(telephony, "112", 140)
        assert first.request(method="CANCEL")
        first.wire.send(reply_to(rung, 487, "Request Terminated"), source)
        assert ringing.wire.final(waiting).code == 487
        first.answer()
        emergency(telephony, "112", 141)
        first.answer()
        assert young.wire.request(method="BYE")
        emergency(telephony, "112", 142)
        first.answer()
        assert old.wire.request(method="BYE")


def test_an_emergency_is_never_ended_for_another(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    start_with_trunks(telephony, ONE)
    one = telephony.hand("101", 140, password="wrong")
    talk(one, "112", first)
    emergency(telephony, "15", 141)
    # The other trunk is dead; the full one is asked all the same, and nobody is cut off.
    first.answer()
    assert one.wire.silent(0.5, "BYE")


def test_a_call_that_came_in_gives_way_too(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    start_with_trunks(telephony, ONE, "channels = 1")
    desk = caller(telephony)
    invite = ring(telephony, first, "101")
    heard, source = desk.wire.request()
    desk.wire.send(reply_to(heard, 200, "OK", [("Contact", desk.contact)], SDP.format(desk.wire.address)), source)
    acknowledged(telephony, first, invite)
    with Carrier(telephony.wire(21)).dead():
        emergency(telephony, "112")
        request, _ = first.request()
    assert request.uri.startswith("sip:112@")
    assert desk.wire.request(method="BYE")


def test_who_answers_while_the_call_is_taken_away_is_hung_up(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    start_with_trunks(telephony, ONE, "channels = 1")
    desk = caller(telephony)
    invite = ring(telephony, first, "101")
    heard, source = desk.wire.request()
    desk.wire.send(reply_to(heard, 180, "Ringing"), source)
    with Carrier(telephony.wire(21)).dead():
        emergency(telephony, "112")
        desk.wire.request(method="CANCEL")
        desk.wire.send(reply_to(heard, 200, "OK", [("Contact", desk.contact)], SDP.format(desk.wire.address)), source)
        acknowledged(telephony, first, invite)
        assert desk.wire.request(method="BYE")
        assert first.request(method="BYE")


def test_a_channel_that_the_operator_frees_late_is_asked_for_once_more(telephony: Telephony) -> None:
    was = full(telephony)
    emergency(telephony, "112")
    was.first.turn_down(503, "All channels busy")
    was.first.answer()
    assert was.office.wire.silent(0.2, "BYE")


class Unprobed(Carrier):
    """An operator that takes calls, and answers no probe."""

    def hear(self, message: Message, source: tuple[str, int]) -> None:
        """Everything else as ever."""
        if message.method != "OPTIONS":
            super().hear(message, source)


def test_it_is_the_same_on_a_trunk_that_only_seems_dead(telephony: Telephony) -> None:
    only = Unprobed(telephony.wire(20))
    telephony.start(telephony.site(cloud="# no cloud", more=f"{ONE}\n"))
    wait_for(lambda: health(telephony, "pstn") == "silent", "two probes unanswered", every=0.2)
    desk = caller(telephony)
    talk(desk, "0987654321", only)
    emergency(telephony, "112")
    assert desk.wire.request(method="BYE")
    only.turn_down(503, "All channels busy")
    only.answer()


def test_with_edge_voice_dead_it_is_the_same(telephony: Telephony) -> None:
    was = full(telephony)
    telephony.root.running["voice"].kill()
    emergency(telephony, "112")
    was.first.answer()
    assert was.desk.wire.request(method="BYE")


def test_the_list_is_in_the_settings(telephony: Telephony) -> None:
    was = full(telephony, '[voice.emergency]\npreempting = ["115"]\n')
    emergency(telephony, "115")
    was.first.answer()
    assert was.desk.wire.request(method="BYE")
    assert trunk(telephony, "pstn")["calls"] == 1


def test_a_real_phone_is_hung_up_and_the_telephone_network_gets_the_emergency(telephony: Telephony) -> None:
    # sipp answers no probe, and whoever is not heard in time is not there; nobody is at the second one at all.
    start_with_trunks(telephony, f"{ONE}\nprobe = false", "probe = false")
    pstn = Pstn(telephony.place, telephony.trunk)
    pstn.start()
    phone = telephony.phone("102", 102, 650)
    phone.wait_registered()
    conversation = phone.dial("0987654321")
    assert trunk(telephony, "pstn")["calls"] == 1
    emergency(telephony, "112")
    phone.wait_event("CALL_CLOSED", after=conversation.answered_ns)
    wait_for(lambda: len(pstn.calls()) == 2, "the emergency at the far end")
    assert [one.called for one in pstn.calls()] == ["0987654321", "112"]
