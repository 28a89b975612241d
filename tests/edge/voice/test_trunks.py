"""Trunks: dead, slow, refusing, full, with a registration; and a way out within one call set-up."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.sip.carrier import Account, Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, hang_up, health, ring, start_with_trunks, talk, trunk
from hil.rig.virtual.sip.wire import reply_to
from hil.rig.virtual.waiting import wait_for

ACCOUNT = Account("0033123456789", "trunk-secret", "carrier.example")
REGISTRATION = """kind = "registration"
domain = "carrier.example"
username = "0033123456789"
password = "trunk-secret"
expires_s = 60
"""


# -- failover within one call set-up ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason"), [(408, "Request Timeout"), (500, "Server Error"), (503, "Full"), (403, "No")]
)
def test_a_trunk_that_refuses_is_followed_by_the_next(telephony: Telephony, code: int, reason: str) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    first.turn_down(code, reason)
    second.answer()
    assert desk.wire.final(invite).code == 200
    assert [trunk(telephony, name)["calls"] for name in ("pstn", "spare")] == [0, 1]


@pytest.mark.parametrize(("code", "reason"), [(486, "Busy Here"), (404, "Not Found"), (480, "Away"), (603, "Decline")])
def test_a_number_that_is_busy_or_wrong_is_so_by_every_trunk(telephony: Telephony, code: int, reason: str) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    first.turn_down(code, reason)
    assert desk.wire.final(invite).code == code
    assert second.silent()


def test_an_emergency_is_not_content_with_any_refusal(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    nobody = telephony.hand("101", 140, password="wrong")
    invite = nobody.invitation("115")
    nobody.wire.send(invite, nobody.box)
    first.turn_down(404, "Not Found")
    second.answer()
    assert nobody.wire.final(invite).code == 200


def test_a_trunk_that_goes_dead_costs_one_call_two_seconds_and_later_ones_nothing(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    time.sleep(1.5)  # probed, and well
    with first.dead():
        begun = time.monotonic()
        invite = call(desk, "0987654321")
        second.answer()
        assert time.monotonic() - begun <= 2.0
        assert desk.wire.final(invite).code == 200
        call(desk, "0987654322")
        second.answer()
        assert "sip:0987654321@" in asked(first)
        assert "sip:0987654322@" not in asked(first)
    # Its next answer to a probe brings it back.
    wait_for(lambda: health(telephony, "pstn") == "well", "the trunk is back", every=0.2)
    call(desk, "0987654323")
    first.answer()


def test_a_slow_trunk_is_waited_for(telephony: Telephony) -> None:
    """It said 100 Trying: it lives, and takes its time."""
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    heard, source = first.request()
    first.wire.send(reply_to(heard, 100, "Trying"), source)
    assert second.silent(2.5)
    first.wire.send(reply_to(heard, 486, "Busy Here"), source)
    assert desk.wire.final(invite).code == 486


def test_an_emergency_does_not_wait_for_a_trunk_that_takes_it_and_does_nothing(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    nobody = telephony.hand("101", 140, password="wrong")
    calls = []
    for code, reason in ((180, "Ringing"), (100, "Trying")):
        invite = nobody.invitation("115")
        nobody.wire.send(invite, nobody.box)
        heard, source = first.request()
        first.wire.send(reply_to(heard, code, reason), source)
        calls.append(invite)
    heard, source = second.request()
    assert heard.get("Call-ID") == calls[1].get("Call-ID"), "one that rings is let ring"
    second.wire.answer(heard, source)
    assert nobody.wire.final(calls[1]).code == 200
    assert second.silent(1.5), "the one that rings began first"


def test_every_way_known_to_be_dead_is_tried_in_the_end(telephony: Telephony) -> None:
    """A probe may be wrong, and the call fails anyway."""
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, 'transport = "udp"')
    desk = caller(telephony)
    with first.dead(), second.dead():
        call(desk, "0987654321")
        wait_for(lambda: health(telephony, "spare") == "silent", "both found dead", every=0.2)
        assert health(telephony, "pstn") == "silent"
    # Not yet probed again, but alive.
    call(desk, "0987654322")
    first.answer()


def test_without_probes_a_call_tells_that_a_trunk_is_dead(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, "probe = false")
    desk = caller(telephony)
    with first.dead():
        time.sleep(3.0)
        assert health(telephony, "pstn") == "unprobed"
        call(desk, "0987654321")
        second.answer()
        call(desk, "0987654322")
        second.answer()
        assert "sip:0987654321@" in asked(first)
        assert "sip:0987654322@" not in asked(first)


def asked(dead: Carrier) -> str:
    """The calls that a dead trunk was asked to take."""
    return " ".join(message.uri for message in dead.ignored if message.method == "INVITE")


# -- registration and digest ------------------------------------------------------------------------------------------


def test_a_registration_is_kept_and_calls_are_proved(telephony: Telephony) -> None:
    carrier = Carrier(telephony.wire(20), ACCOUNT, wants_proof=True)
    start_with_trunks(telephony, REGISTRATION)
    desk = caller(telephony)
    wait_for(lambda: carrier.registered, "registered")
    kept = carrier.registered[-1]
    assert kept.get("Contact") == f"<sip:pstn@{telephony.box[0]}:5060>"
    assert kept.get("To").startswith("<sip:0033123456789@carrier.example>")
    invite, reply = talk(desk, "0987654321", carrier)
    hang_up(desk, invite, reply, carrier)
    shown = trunk(telephony, "pstn")
    assert (shown["registration"], shown["last_refusal"]) == ("registered", None)


def test_what_the_far_end_saw_of_a_proved_call_fits_together(telephony: Telephony) -> None:
    """The digest costs a CSeq number: ACK and BYE count on from it (RFC 3261, 22.2)."""
    carrier = Carrier(telephony.wire(20), ACCOUNT, wants_proof=True)
    start_with_trunks(telephony, REGISTRATION)
    desk = caller(telephony)
    wait_for(lambda: carrier.registered, "registered")
    invite = call(desk, "0987654321")
    heard, source = carrier.request()
    contact = [("Contact", f"<sip:{carrier.wire.address}:{carrier.wire.port}>")]
    carrier.wire.send(reply_to(heard, 200, "OK", contact), source)
    reply = desk.wire.final(invite)
    desk.wire.send(desk.within("ACK", invite, reply), desk.box)
    asked = int(heard.get("CSeq").split()[0])
    unproved = [message for message in carrier.refused if message.method == "INVITE"]
    assert asked == int(unproved[-1].get("CSeq").split()[0]) + 1
    ack = carrier.request(method="ACK")[0]
    while ack.get("CSeq") != f"{asked} ACK":
        ack = carrier.request(method="ACK")[0]
    end = desk.within("BYE", invite, reply)
    desk.wire.send(end, desk.box)
    bye = carrier.request(method="BYE")[0]
    assert int(bye.get("CSeq").split()[0]) > asked
    assert desk.wire.final(end).get("CSeq") == end.get("CSeq")


def test_a_trunk_that_refuses_our_account_is_skipped_and_shown(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20), ACCOUNT, wants_proof=True), Carrier(telephony.wire(21))
    start_with_trunks(telephony, REGISTRATION.replace("trunk-secret", "wrong"))
    desk = caller(telephony)
    wait_for(lambda: trunk(telephony, "pstn")["registration"] == "refused", "refused", every=0.2)
    said = trunk(telephony, "pstn")["last_refusal"]
    assert (said["of"], said["code"], said["realm"]) == ("registration", 401, "carrier.example")
    before = len(first.refused)
    invite = call(desk, "0987654321")
    second.answer()
    assert desk.wire.final(invite).code == 200
    assert not [message for message in first.refused[before:] if message.method == "INVITE"]


def test_a_trunk_that_refuses_each_call_is_passed_and_its_challenge_stays_with_us(telephony: Telephony) -> None:
    account = REGISTRATION.replace('kind = "registration"', "").replace("trunk-secret", "wrong")
    first = Carrier(telephony.wire(20), ACCOUNT, wants_proof=True)
    second = Carrier(telephony.wire(21), ACCOUNT, wants_proof=True)
    start_with_trunks(telephony, account, account)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    reply = desk.wire.final(invite)
    assert (reply.code, reply.get("Proxy-Authenticate")) == (503, "")
    for carrier in (first, second):
        asked = [message for message in carrier.refused if message.method == "INVITE"]
        assert [bool(message.get("Proxy-Authorization")) for message in asked] == [False, True]
    said = trunk(telephony, "spare")["last_refusal"]
    assert (said["of"], said["code"], said["realm"]) == ("call", 407, "carrier.example")


def test_after_a_proof_in_vain_the_next_trunk_sees_numbers_that_fit_together(telephony: Telephony) -> None:
    """Its INVITE has the CSeq number of the caller, and so must its ACK: else it answers for 32 s and hangs up."""
    account = REGISTRATION.replace('kind = "registration"', "").replace("trunk-secret", "wrong")
    first, second = Carrier(telephony.wire(20), ACCOUNT, wants_proof=True), Carrier(telephony.wire(21))
    start_with_trunks(telephony, account)
    desk = caller(telephony)
    invite = desk.begin(desk.invitation("0987654321"))
    heard = second.answer()
    assert [bool(one.get("Proxy-Authorization")) for one in first.refused] == [False, True]
    answer = desk.wire.final(invite)
    desk.wire.send(desk.within("ACK", invite, answer), desk.box)
    assert second.request(method="ACK")[0].get("CSeq") == heard.get("CSeq").replace("INVITE", "ACK")


def test_a_registrar_forbidden_for_ever_is_said(telephony: Telephony) -> None:
    carrier = Carrier(telephony.wire(20), ACCOUNT)
    carrier.refuse = (403, "Forbidden")
    start_with_trunks(telephony, REGISTRATION)
    wait_for(lambda: trunk(telephony, "pstn")["registration"] == "refused", "refused", every=0.2)
    shown = telephony.root.repli("voice", "trunks").stdout
    assert "refusée" in shown
    assert "403 Forbidden" in shown


def test_new_registrations_reach_a_running_kamailio(telephony: Telephony) -> None:
    """The first account is a start-up value; others are not."""
    box = telephony
    carrier = Carrier(box.wire(21), ACCOUNT)
    account = REGISTRATION.replace('kind = "registration"\n', "")
    start_with_trunks(box, account)
    kamailio = box.root.running["kamailio"]
    box.root.start("settings")
    after = f'{account}\n[[voice.trunks]]\nname = "spare"\naddress = "{box.net}.21"\n'
    box.root.write_site(box.site(cloud="# no cloud", more=after + REGISTRATION))
    wait_for(lambda: carrier.registered, "registered")
    longer = REGISTRATION.replace("expires_s = 60", "expires_s = 90")
    box.root.write_site(box.site(cloud="# no cloud", more=after + longer))
    wait_for(lambda: carrier.registered[-1].get("Expires") == "90", "registered anew")
    box.root.write_site(box.site(cloud="# no cloud", more=after))
    wait_for(lambda: trunk(box, "spare")["registration"] is None, "no registration", every=0.2)
    assert kamailio.process.poll() is None


# -- channels and calls per second ------------------------------------------------------------------------------------


def test_a_full_trunk_is_followed_by_the_next_until_a_call_ends(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, "channels = 1")
    desk, office = caller(telephony), caller(telephony, "102", 102)
    invite, reply = talk(desk, "0987654321", first)
    assert trunk(telephony, "pstn")["calls"] == 1
    call(office, "0987654322")
    second.answer()
    assert first.silent(0.1)
    hang_up(desk, invite, reply, first)
    assert trunk(telephony, "pstn")["calls"] == 0
    call(office, "0987654323")
    first.answer()


def test_calls_that_come_in_take_channels_too(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, "channels = 1")
    desk, office = caller(telephony), caller(telephony, "102", 102)
    ring(telephony, first, "101")
    desk.wire.request()
    call(office, "0987654322")
    second.answer()
    assert first.silent(0.1)


def test_a_refused_call_gives_its_channel_back(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    Carrier(telephony.wire(21))
    start_with_trunks(telephony, "channels = 1")
    desk = caller(telephony)
    for number in ("0987654321", "0987654322", "0987654323"):
        invite = call(desk, number)
        first.turn_down(486, "Busy Here")
        assert desk.wire.final(invite).code == 486


def test_more_calls_in_a_second_than_a_trunk_takes_go_by_the_next(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, "calls_per_s = 1")
    first.refuse = second.refuse = (486, "Busy Here")
    desk = caller(telephony)

    def tried() -> list[int]:
        return [len({invite.get("Call-ID") for invite in one.refused}) for one in (first, second)]

    begun = int(time.time())
    for number in range(12):
        assert desk.ask(desk.invitation(f"09876543{number:02}")).code == 486
    seconds = int(time.time()) - begun + 1
    by_first, by_second = tried()
    assert by_first + by_second == 12
    assert 1 <= by_first <= seconds
    time.sleep(1.0)
    assert desk.ask(desk.invitation("0987654320")).code == 486
    assert tried() == [by_first + 1, by_second]


def test_every_channel_busy_is_said(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony, "channels = 1", "channels = 1")
    desk = caller(telephony)
    talk(desk, "0987654321", first)
    talk(desk, "0987654322", second)
    assert desk.wire.final(call(desk, "0987654323")).code == 503
