"""Calls that come in by a trunk: the cloud is dead and the carrier forwards the town hall's number to us."""

from __future__ import annotations

import pytest

from edge.voice.inbound import spellings
from hil.rig.virtual.sip.carrier import Account, Carrier
from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.trunk_calls import caller, health, ring, start_with_trunks, trunk
from hil.rig.virtual.sip.wire import SDP, Hand, reply_to
from hil.rig.virtual.waiting import wait_for

INBOUND = """[voice.inbound]
default = "102"
[[voice.inbound.numbers]]
number = "0123456789"
to = "101"
"""
FORMS = ["+33123456789", "0033123456789", "33123456789", "0123456789", "123456789"]


def rung(phone: Hand) -> str:
    """Who calls, once it rings; busy."""
    request, source = phone.wire.request()
    phone.wire.send(reply_to(request, 486, "Busy Here"), source)
    return request.get("From")


@pytest.mark.parametrize("number", FORMS)
def test_the_town_hall_s_number_rings_at_reception_however_it_is_written(telephony: Telephony, number: str) -> None:
    operator = Carrier(telephony.wire(20))
    start_with_trunks(telephony, more=INBOUND)
    desk, office = caller(telephony), caller(telephony, "102", 102)
    invite = ring(telephony, operator, number)
    assert "0611223344" in rung(desk)
    assert operator.final(invite).code == 486
    # The same in To, where the Request-URI names something else.
    ring(telephony, operator, "pstn", to=f"<sip:{number}@carrier.example>")
    assert "0611223344" in rung(desk)
    assert office.wire.silent(0.1)


def test_with_the_cloud_dead_the_call_rings_and_is_answered(telephony: Telephony) -> None:
    pbx, operator = HandPbx(telephony.wire(10)), Carrier(telephony.wire(20))
    start_with_trunks(telephony, cloud=f'cloud = {{ address = "{telephony.cloud}" }}', more=INBOUND)
    desk = telephony.hand("101", 101)
    assert desk.register(prove=False).code == 200, "at the cloud"
    pbx.mute = True
    telephony.wait_mode("local")
    invite = ring(telephony, operator, "+33123456789")
    heard, source = desk.wire.request()
    desk.wire.send(reply_to(heard, 200, "OK", [("Contact", desk.contact)], SDP.format(desk.wire.address)), source)
    assert operator.final(invite).code == 200
    assert trunk(telephony, "pstn")["calls"] == 1


def test_a_number_nobody_is_named_for_rings_at_the_default(telephony: Telephony) -> None:
    operator = Carrier(telephony.wire(20))
    start_with_trunks(telephony, more=INBOUND)
    office = caller(telephony, "102", 102)
    ring(telephony, operator, "+33999999999")
    assert "0611223344" in rung(office)


def test_without_a_default_a_strange_number_is_not_found(telephony: Telephony) -> None:
    operator = Carrier(telephony.wire(20))
    start_with_trunks(telephony)
    invite = ring(telephony, operator, "+33999999999")
    assert operator.final(invite).code == 404


@pytest.mark.parametrize("number", ["0987654321", "112", "+44123456789"])
def test_a_call_that_came_in_never_leaves_by_a_trunk(telephony: Telephony, number: str) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    invite = ring(telephony, first, number)
    assert first.final(invite).code == 404
    assert second.silent()
    assert first.silent()


def test_the_number_may_be_a_hunt_group_s(telephony: Telephony) -> None:
    operator = Carrier(telephony.wire(20))
    group = '[[voice.groups]]\nnumber = "600"\nmembers = ["101", "102"]\n'
    start_with_trunks(telephony, more=INBOUND.replace('to = "101"', 'to = "600"') + group)
    desk, office = caller(telephony), caller(telephony, "102", 102)
    invite = ring(telephony, operator, "+33123456789")
    rung(desk)
    heard, source = office.wire.request()
    office.wire.send(reply_to(heard, 200, "OK", [("Contact", office.contact)], SDP.format(office.wire.address)), source)
    assert operator.final(invite).code == 200


def test_a_forward_may_send_a_call_that_came_in_out_again(telephony: Telephony) -> None:
    """By our own settings, and counted on both trunks."""
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    document = telephony.site(
        cloud="# no cloud",
        more=f"""channels = 1
[[voice.trunks]]
name = "spare"
address = "{telephony.net}.21"
{INBOUND}""",
    )
    away = 'number = "101"\nforward = { always = "0612345678" }'
    telephony.start(document.replace('number = "101"', away))
    invite = ring(telephony, first, "0123456789")
    out = second.answer()
    assert out.uri.startswith("sip:0612345678@")
    assert first.final(invite).code == 200
    assert [trunk(telephony, name)["calls"] for name in ("pstn", "spare")] == [1, 1]


def test_a_registered_trunk_s_calls_come_to_our_contact(telephony: Telephony) -> None:
    operator = Carrier(telephony.wire(20), Account("0033123456789", "trunk-secret", "carrier.example"))
    account = (
        'kind = "registration"\ndomain = "carrier.example"\nusername = "0033123456789"\npassword = "trunk-secret"\n'
    )
    start_with_trunks(telephony, account, more=INBOUND)
    desk = caller(telephony)
    wait_for(lambda: operator.registered, "registered")
    contact = operator.registered[-1].get("Contact").strip("<>")
    user = contact.removeprefix("sip:").partition("@")[0]
    ring(telephony, operator, user, to="<sip:+33123456789@carrier.example>")
    assert "0611223344" in rung(desk)


def test_of_two_accounts_at_one_operator_the_one_that_is_called_counts(telephony: Telephony) -> None:
    operator = Carrier(telephony.wire(20))
    account = 'kind = "registration"\nusername = "{}"\npassword = "x"\n'
    start_with_trunks(telephony, account.format("one"), account.format("two"), more=INBOUND, second_host=20)
    desk = caller(telephony)
    contacts = {f"<sip:{name}@{telephony.box[0]}:5060>" for name in ("pstn", "spare")}
    wait_for(lambda: {one.get("Contact") for one in operator.registered} == contacts, "both registered")
    ring(telephony, operator, "spare", to="<sip:0123456789@carrier.example>")
    heard, source = desk.wire.request()
    desk.wire.send(reply_to(heard, 180, "Ringing"), source)  # who says nothing at all is given up in seconds
    assert [trunk(telephony, name)["calls"] for name in ("pstn", "spare")] == [0, 1]


def test_a_trunk_may_call_from_other_addresses_of_its_operator(telephony: Telephony) -> None:
    start_with_trunks(telephony, f'sources = ["{telephony.net}.64/28"]', more=INBOUND)
    elsewhere = Carrier(telephony.wire(70))
    desk = caller(telephony)
    ring(telephony, elsewhere, "0123456789")
    assert "0611223344" in rung(desk)
    assert trunk(telephony, "pstn")["calls"] == 0


def test_an_unknown_source_rings_nobody(telephony: Telephony) -> None:
    first = Carrier(telephony.wire(20))
    start_with_trunks(telephony, more=INBOUND)
    desk = caller(telephony)
    stranger = Carrier(telephony.wire(30))
    for number in ("+33123456789", "101", "0987654321"):
        reply = stranger.final(ring(telephony, stranger, number))
        assert reply.code == 407
    assert desk.wire.silent(0.2)
    assert first.silent(0.1)
    assert health(telephony, "pstn") == "well"


@pytest.mark.parametrize(
    ("number", "more"),
    [
        ("0123456789", {"+33123456789", "0033123456789", "33123456789", "123456789"}),
        ("+33123456789", {"0123456789"}),
        ("0033123456789", {"+33123456789", "0123456789"}),
        ("0262123456", {"+262262123456", "00262262123456"}),
        ("+590590123456", {"0590123456"}),
        ("+441234567890", {"00441234567890", "441234567890"}),
        ("3900", set()),
    ],
)
def test_the_spellings_of_a_number(number: str, more: set[str]) -> None:
    assert {number} | more <= set(spellings(number))
    assert len(spellings(number)) == len(set(spellings(number)))
