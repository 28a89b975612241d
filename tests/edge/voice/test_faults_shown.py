"""Faults as the command line shows them, with a real Kamailio and peers that misbehave."""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand, reply_to
from hil.rig.virtual.waiting import wait_for
from tests.edge.told import issues


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start()
    return shared_telephony


@pytest.fixture(scope="module")
def desk(box: Telephony, pbx: HandPbx) -> Hand:
    phone = box.hand("101", 101)
    box.wait_mode("cloud")
    return phone


def called(pbx: HandPbx, phone: Hand, *replies: tuple[int, str]) -> None:
    """One call that the cloud PBX answers so; where the box takes it over and asks for proof, the phone gives up."""
    invite = phone.invitation("0123456789")
    phone.wire.send(invite, phone.box)
    request, source = pbx.request()
    for code, reason in replies:
        pbx.wire.send(reply_to(request, code, reason), source)
    phone.wire.final(invite)


def test_a_cloud_that_answers_probes_and_fails_calls_is_said_until_it_carries_one(
    box: Telephony, pbx: HandPbx, desk: Hand
) -> None:
    for _ in range(3):
        called(pbx, desk, (503, "Service Unavailable"))
    wait_for(lambda: "voice.cloud_not_routing" in issues(box), "the fault", every=0.3)
    assert issues(box)["voice.cloud_not_routing"] == {"calls": "3", "code": "503"}
    assert box.json("voice", "mode")["mode"] == "cloud"
    called(pbx, desk, (180, "Ringing"), (486, "Busy Here"))
    wait_for(lambda: "voice.cloud_not_routing" not in issues(box), "no fault", every=0.3)


def test_one_number_on_two_phones_is_said(box: Telephony, pbx: HandPbx) -> None:
    first, second = box.hand("102", 102), box.hand("102", 103)
    for phone in (first, second):
        assert phone.register(prove=False).code == 200
    wait_for(lambda: "voice.number_on_two_phones" in issues(box), "the fault", every=0.3)
    said = issues(box)["voice.number_on_two_phones"]
    assert said == {"extension": "102", "addresses": f"{first.wire.address}, {second.wire.address}"}
    second.register(expires=0, prove=False)
    wait_for(lambda: "voice.number_on_two_phones" not in issues(box), "no fault", every=0.3)


def test_a_device_registered_at_the_cloud_without_us_is_said(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    pbx.others = ("<sip:101@203.0.113.77:5060>;expires=30",)
    assert desk.register(prove=False).code == 200
    wait_for(lambda: "voice.registered_elsewhere" in issues(box), "the fault", every=0.3)
    said = issues(box)["voice.registered_elsewhere"]
    assert said == {"extension": "101", "contacts": "sip:101@203.0.113.77:5060"}
    pbx.others = ()
    assert desk.register(prove=False).code == 200
    wait_for(lambda: "voice.registered_elsewhere" not in issues(box), "no fault", every=0.3)


@pytest.mark.parametrize("said", ["Yealink SIP-T46S 66.84.0.15", None])
def test_a_phone_that_the_cloud_granted_says_what_it_is_and_since_when(
    box: Telephony, pbx: HandPbx, desk: Hand, said: str | None
) -> None:
    headers = [("Contact", desk.contact), ("Expires", "60"), *([("User-Agent", said)] if said else [])]
    request = desk.compose("REGISTER", f"sip:{desk.domain}", to=f"<sip:101@{desk.domain}>", headers=headers)
    assert desk.ask(request, prove=False).code == 200
    (phone,) = [one for one in box.json("voice", "phones")["phones"] if one["extension"] == "101"]
    assert phone["cloud"] is True
    assert phone["user_agent"] == said
    assert phone["brand"] == ("Yealink" if said else None)
    assert (phone["transport"], phone["nat"]) == ("udp", False)
    assert 0 <= phone["age_s"] <= 30
