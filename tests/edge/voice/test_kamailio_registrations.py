"""Registrations through the box, message by message: what the cloud PBX is told, and what is kept of its answer."""

from __future__ import annotations

import re

import pytest

from edge.voice.kamailio.location_file import snapshot
from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start()
    return shared_telephony


@pytest.fixture(scope="module")
def desk(box: Telephony) -> Hand:
    return box.hand("101", 101)


@pytest.fixture(autouse=True)
def _as_new(pbx: HandPbx) -> None:
    pbx.expires, pbx.others, pbx.refuse = 60, (), None


def registered(phone: Hand, contacts: list[str] | None = None, expires: int = 60) -> Message:
    """Register through the box; returns what the phone was answered."""
    reply = phone.register(contacts, expires, prove=False)
    assert reply.code == 200
    return reply


def phones(box: Telephony, number: str) -> list[dict[str, object]]:
    return [phone for phone in box.json("voice", "phones")["phones"] if phone["extension"] == number]


def test_the_cloud_is_told_the_box_and_the_phone_itself(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    pbx.expires = 45
    reply = registered(desk, [desk.contact + ';reg-id=1;+sip.instance="<urn:uuid:1>"'])
    asked = pbx.registered[-1]
    told = rf'<sip:101@{box.box[0]}:5060;rp=[0-9a-f]{{32}}>;\+sip.instance="<urn:uuid:1>"'
    assert re.fullmatch(told, asked.get("Contact"))
    assert asked.get("Path") == f"<sip:{box.box[0]}:5060;lr>"
    assert "path" in asked.get("Supported")
    assert reply.all("Contact") == [f"{desk.contact};expires=45"]
    assert reply.get("Path") == ""
    (phone,) = phones(box, "101")
    assert phone["contact"] == desk.contact.strip("<>")
    assert phone["address"] == f"{desk.wire.address}:5060"
    assert phone["cloud"] is True
    assert 40 <= int(str(phone["expires_s"])) <= 45


def test_the_contacts_of_other_devices_in_the_reply_are_not_taken_for_this_one(
    box: Telephony, pbx: HandPbx, desk: Hand
) -> None:
    pbx.others = ("<sip:101@203.0.113.77:5060>;expires=30",)
    reply = registered(desk)
    assert reply.all("Contact") == [f"{desk.contact};expires=60"]
    assert len(phones(box, "101")) == 1


def test_two_devices_of_one_extension_stay_two(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    soft = box.hand("101", 101, port=5070)
    registered(desk)
    registered(soft)
    first, second = (asked.get("Contact") for asked in pbx.registered[-2:])
    assert first != second
    assert {phone["address"] for phone in phones(box, "101")} == {
        f"{desk.wire.address}:{port}" for port in (5060, 5070)
    }
    for phone, other, contact in ((desk, soft, first), (soft, desk, second)):
        rings(box, pbx, phone, contact.strip("<>"))
        assert other.wire.silent(0.2)
    registered(soft, expires=0)
    assert [phone["address"] for phone in phones(box, "101")] == [f"{desk.wire.address}:5060"]


def test_a_phone_need_not_say_what_it_is_or_supports(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    """No User-Agent, no Supported, no +sip.instance, no vendor's header: only what RFC 3261 asks of a REGISTER."""
    registered(desk)
    asked = pbx.registered[-1]
    added_by_the_box = {"Path", "Supported"}
    needed = {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Expires", "Content-Length"}
    assert {name for name, _ in asked.headers} <= needed | added_by_the_box
    assert asked.get("Supported") == "path"
    assert "sip.instance" not in asked.get("Contact")
    rings(box, pbx, desk, asked.get("Contact").strip("<>"))


def test_a_bare_extension_from_the_cloud_rings_its_phone(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    registered(desk)
    rings(box, pbx, desk, f"sip:101@{DOMAIN}")


def test_a_contact_nobody_has_any_more_is_unavailable(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    registered(desk)
    call = pbx.call(f"sip:101@{box.box[0]}:5060;rp={'0' * 32}", box.box)
    assert pbx.final(call).code == 480


def test_only_the_cloud_may_call_a_contact_without_proving_itself(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    registered(desk)
    contact = pbx.registered[-1].get("Contact").strip("<>")
    stranger = box.hand("102", 66, password="wrong")
    call = stranger.compose("INVITE", contact, headers=[("Contact", stranger.contact)])
    stranger.wire.send(call, box.box)
    # It is relayed to the cloud like any call, which asks for proof: the phone does not ring.
    request, source = pbx.request()
    pbx.wire.send(reply_to(request, 407, "Proxy Authentication Required"), source)
    assert stranger.wire.final(call).code == 407
    assert desk.wire.silent(0.2)


@pytest.mark.parametrize("star", [False, True])
def test_a_phone_that_leaves_is_forgotten(box: Telephony, desk: Hand, star: bool) -> None:
    registered(desk)
    assert phones(box, "101")
    registered(desk, ["*"] if star else None, expires=0)
    assert phones(box, "101") == []


@pytest.mark.parametrize("code", [403, 423])
def test_a_refused_registration_is_not_kept(box: Telephony, pbx: HandPbx, code: int) -> None:
    """A cloud that refuses the phone is replaced, for whoever knows the password; what a phone can mend is left to it."""
    pbx.refuse = (code, "As Told")
    refused = box.hand("103", 103, port=6000 + code, password="wrong")
    assert refused.register().code == (401 if code == 403 else code)
    assert phones(box, "103") == []


def test_several_contacts_in_one_register(box: Telephony, pbx: HandPbx, desk: Hand) -> None:
    """As pjsip sends after it learnt its own address: the new contact, and the old one with expires=0."""
    registered(desk)
    fresh = f"<sip:101@{desk.wire.address}:5060;ob>"
    reply = registered(desk, [f"{fresh};expires=50", f"{desk.contact};expires=0"])
    assert [contact.partition(">;")[2] for contact in pbx.registered[-1].all("Contact")] == ["expires=50", "expires=0"]
    assert reply.all("Contact") == [f"{fresh};expires=60"]
    assert [phone["contact"] for phone in phones(box, "101")] == [fresh.strip("<>")]


def test_a_phone_over_tcp(box: Telephony, pbx: HandPbx) -> None:
    phone = box.hand("102", 102, transport="tcp")
    registered(phone)
    rings(box, pbx, phone, pbx.registered[-1].get("Contact").strip("<>"))
    registered(phone, expires=0)


def test_kill_9_of_kamailio_keeps_the_registrations(telephony: Telephony) -> None:
    box = telephony
    pbx = HandPbx(box.wire(10))
    kamailio = box.start()
    phone = box.hand("101", 101)
    registered(phone)
    location = box.root.paths.kamailio_run / "location.sqlite"
    wait_for(lambda: phone.wire.address.encode() in (snapshot(location) or b""), "the binding on disk")
    kamailio.kill()
    box.root.start("kamailio")
    rings(box, pbx, phone, pbx.registered[-1].get("Contact").strip("<>"))
    wait_for(lambda: phones(box, "101"), "phones known again", every=0.2)


def rings(box: Telephony, pbx: HandPbx, phone: Hand, uri: str) -> None:
    """The cloud calls an address; this phone is asked, by its own contact."""
    call = pbx.call(uri, box.box)
    request, source = phone.wire.request()
    assert request.uri == phone.contact.strip("<>")
    phone.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert pbx.final(call).code == 486
