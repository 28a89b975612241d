"""Extensions that the box is at the cloud PBX, as a cloud PBX sees them that asks for a proof each time: by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hil.rig.virtual.sip.carrier import Account, Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.name_server import NameServer
from hil.rig.virtual.sip.wire import Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for
from tests.edge.voice.test_upstream import lent_site

ACCOUNT = Account("u101", "cloud-secret", DOMAIN)


@pytest.fixture
def cloud(telephony: Telephony) -> Carrier:
    return Carrier(telephony.wire(10), ACCOUNT, wants_proof=True)


@pytest.fixture
def box(telephony: Telephony, cloud: Carrier) -> Telephony:
    telephony.start(lent_site(telephony))
    wait_for(lambda: cloud.registered != [], "registered at the cloud PBX")
    return telephony


@pytest.fixture
def phone(box: Telephony) -> Hand:
    return box.lasting("101", 101)


def issues(box: Telephony) -> list[tuple[str, str, str]]:
    """Subject, code and advice of every refusal shown."""
    shown = [one for daemon in box.json("status")["daemons"] for one in daemon["issues"]]
    return [
        (one["subject"], one["data"]["code"], one["suggestion"])
        for one in shown
        if one["id"] == "voice.upstream_refused"
    ]


def numbers(message: Message) -> int:
    return int(message.get("CSeq").split()[0])


def test_what_it_sees_of_a_call_fits_together(box: Telephony, cloud: Carrier, phone: Hand) -> None:
    """The proof costs a CSeq number: ACK and BYE count on from it (RFC 3261, 22.2)."""
    invite = phone.begin(phone.invitation("0612345678"))
    request, source = cloud.request()
    (unproved,) = [message for message in cloud.refused if message.method == "INVITE"]
    assert numbers(request) == numbers(unproved) + 1
    assert (request.get("From").partition("@")[0], request.uri) == ("<sip:u101", f"sip:0612345678@{DOMAIN}")
    assert PASSWORDS["101"] not in str(request.headers)
    assert 'username="101"' not in str(request.headers)
    cloud.wire.answer(request, source)
    answer = phone.wire.final(invite)
    phone.wire.send(phone.within("ACK", invite, answer), phone.box)
    assert numbers(cloud.request(method="ACK")[0]) == numbers(request)
    end = phone.within("BYE", invite, answer)
    phone.wire.send(end, phone.box)
    assert numbers(cloud.request(method="BYE")[0]) > numbers(request)
    assert phone.wire.final(end).get("CSeq") == end.get("CSeq")
    assert recorded(box) == [("101", "0612345678", "out")]


def test_it_is_called_by_its_contact_or_by_its_name_there(box: Telephony, cloud: Carrier, phone: Hand) -> None:
    contact = cloud.registered[-1].get("Contact").strip("<>")
    assert contact == f"sip:~101@{box.box[0]}:5060"
    for uri in (contact, f"sip:u101@{DOMAIN}"):
        outside = Hand(cloud.wire, "0611223344", "", DOMAIN, box.box)
        headers = [("Contact", f"<sip:0611223344@{cloud.wire.address}>")]
        cloud.wire.send(outside.compose("INVITE", uri, headers=headers), box.box)
        request, source = phone.wire.request()
        assert "0611223344" in request.get("From")
        phone.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert recorded(box) == [("0611223344", "101", "in")] * 2


def recorded(box: Telephony) -> list[tuple[str, str, str]]:
    """Who called whom, and which way, by the call records."""

    def ended() -> list[dict[str, Any]]:
        calls = box.json("voice", "calls", "--numbers")["calls"]
        return calls if calls and all(call["ended"] for call in calls) else []

    wait_for(ended, "the calls are recorded to their end", every=0.3)
    return [(call["caller"], call["dialled"], call["direction"]) for call in ended()]


def test_it_is_registered_again_as_soon_as_the_cloud_is_back(box: Telephony, cloud: Carrier, phone: Hand) -> None:
    """Not when its time is over; and the phone's own password is not tried there."""
    cloud.mute = True
    box.wait_mode("local")
    before = len(cloud.registered)
    assert phone.register().code == 200
    cloud.mute = False
    box.wait_mode("cloud")
    wait_for(lambda: len(cloud.registered) > before, "registered again")
    # Questions who is registered have no contact, and are about everybody.
    asked = [message for message in [*cloud.refused, *cloud.registered] if message.get("Contact")]
    asked = [message for message in asked if message.method == "REGISTER"]
    assert {message.get("To") for message in asked} == {f"<sip:u101@{DOMAIN}>"}


def test_a_password_that_changed_is_said_until_the_settings_have_it(
    box: Telephony, cloud: Carrier, phone: Hand
) -> None:
    box.root.start("settings")
    cloud.account = Account("u101", "new-secret", DOMAIN)
    box.rpc("uac.reg_enable", "l_uuid", "~101")
    wait_for(lambda: issues(box) == [("101", "401", "compare_upstream")], "the refusal", every=0.5)
    assert "poste 101 (code 401)" in box.root.repli("status").stdout
    # Meanwhile its calls are not asked of the phone, which has another password.
    invite = phone.begin(phone.invitation("102"))
    assert phone.wire.final(invite).code == 480, "nobody is there, says the box"
    before = len(cloud.registered)
    box.root.write_site(lent_site(box).replace("cloud-secret", "new-secret"))
    wait_for(lambda: len(cloud.registered) > before, "registered with the new password")
    wait_for(lambda: issues(box) == [], "no fault", every=0.5)
    phone.begin(phone.invitation("0612345678"))
    assert cloud.request()[0].get("From").startswith(f"<sip:u101@{DOMAIN}>")


def test_a_refused_account_is_said_though_a_phone_of_that_number_is_well(telephony: Telephony, cloud: Carrier) -> None:
    """The account of 101 there is another extension's number here, whose own phone registers there by us."""
    box = telephony
    cloud.account = Account("102", PASSWORDS["102"], DOMAIN)
    box.start(lent_site(box).replace('"u101"', '"102"'))
    box.wait_mode("cloud")
    wait_for(lambda: issues(box) == [("101", "401", "compare_upstream")], "the refusal", every=0.5)
    before = len(cloud.registered)
    assert box.hand("102", 102).register().code == 200
    assert len(cloud.registered) == before + 1, "by the cloud PBX"
    kept = box.rpc("htable.get", "said", f"102@{box.cloud}:5060")["item"]["value"]
    assert kept.startswith("401|"), "what it said of the account, not of the phone"


@pytest.mark.parametrize("password", ["another", "cloud-secret"])
def test_a_call_that_the_cloud_does_not_take_goes_on_with_the_box(
    box: Telephony, cloud: Carrier, phone: Hand, password: str
) -> None:
    """Inside to a phone, outside by a trunk; the far end of both sees numbers that fit together.

    Whether it takes the proof for wrong, or takes it and fails.
    """
    office = box.wire(102)
    other = Hand(office, "103", PASSWORDS["103"], DOMAIN, box.box)
    cloud.account = None
    assert other.register().code == 200, "by the cloud PBX, which knows where it is"
    cloud.account = Account("u101", password, DOMAIN)
    trunk = Carrier(box.wire(20))
    for dialled, far in (("103", office), ("0612345678", trunk)):
        cloud.refused.clear()
        invite = phone.begin(phone.invitation(dialled))
        if password == ACCOUNT.password:
            cloud.turn_down(503, "Full")
        request, source = far.request()
        proofs = [bool(one.get("Proxy-Authorization")) for one in cloud.refused if one.method == "INVITE"]
        assert proofs == ([False, True] if password == "another" else [False])
        wire = trunk.wire if far is trunk else office
        wire.answer(request, source)
        answer = phone.wire.final(invite)
        assert answer.code == 200
        phone.wire.send(phone.within("ACK", invite, answer), phone.box)
        assert numbers(far.request(method="ACK")[0]) == numbers(request)


def test_each_address_of_the_cloud_gets_a_proof_of_its_own(telephony: Telephony, cloud: Carrier) -> None:
    """The first takes the proof and fails, the second asks for another, and its ACK fits what it took."""
    box = telephony
    second = Carrier(box.wire(11), ACCOUNT, wants_proof=True)
    with NameServer() as names:
        names.listen(f"{box.net}.53")
        names.services["_sip._udp.pbx.example"] = [(10, "a.pbx.example"), (20, "b.pbx.example")]
        names.addresses["a.pbx.example"], names.addresses["b.pbx.example"] = [f"{box.net}.10"], [f"{box.net}.11"]
        box.root.paths.resolver_file.write_text(f"nameserver {box.net}.53\n")
        box.start(lent_site(box).replace(f'address = "{box.cloud}"', 'address = "pbx.example"'))
        wait_for(lambda: cloud.registered != [], "registered at the preferred address")
        box.wait_mode("cloud")
        phone = box.registered("101", 101)
        invite = phone.begin(phone.invitation("0612345678"))
        assert cloud.turn_down(503, "Full").get("From").startswith("<sip:u101@")
        request, source = second.request()
        second.wire.answer(request, source)
        answer = phone.wire.final(invite)
        phone.wire.send(phone.within("ACK", invite, answer), phone.box)
        assert numbers(second.request(method="ACK")[0]) == numbers(request)
        for carrier in (cloud, second):
            assert len([one for one in carrier.refused if one.method == "INVITE"]) == 1


def test_what_the_cloud_refuses_the_account_is_no_guess_of_the_phone(
    box: Telephony, cloud: Carrier, phone: Hand
) -> None:
    """Ten wrong proofs in a minute, and the phone would be limited."""
    cloud.account = Account("u101", "another", DOMAIN)
    for _ in range(12):
        refused = phone.begin(phone.compose("INVITE", f"sip:102@{DOMAIN}", headers=[("Contact", phone.contact)]))
        assert phone.wire.final(refused).code == 480, "nobody is there, says the box"
    assert phone.register().code == 200
    assert box.json("voice", "bans")["bans"] == []


def test_what_the_phone_says_of_itself_beside_from_is_not_said_by_the_account(
    box: Telephony, cloud: Carrier, phone: Hand
) -> None:
    claim = [("Contact", phone.contact), ("P-Asserted-Identity", "<sip:+33611111111@mairie.example>")]
    phone.begin(phone.compose("INVITE", f"sip:0612345678@{DOMAIN}", headers=claim))
    assert cloud.request()[0].all("P-Asserted-Identity") == []


def test_an_emergency_by_the_cloud_is_proved_by_its_account(telephony: Telephony, cloud: Carrier) -> None:
    """From its own phone, whatever password that has, and from one that the box knows nothing of."""
    box = telephony
    document = lent_site(box).replace(f'[[voice.trunks]]\nname = "pstn"\naddress = "{box.trunk}"\n', "")
    box.start(document)
    wait_for(lambda: cloud.registered != [], "registered at the cloud PBX")
    for number, host in (("101", 101), ("stranger", 102)):
        desk = box.hand("101", host, password="wrong")
        desk.number = number
        invite = desk.invitation("112")
        desk.wire.send(invite, desk.box)
        request, source = cloud.request()
        assert request.get("From").startswith(f"<sip:u101@{DOMAIN}>")
        cloud.wire.answer(request, source)
        assert desk.wire.final(invite).code == 200


def test_a_message_is_proved_once_and_its_challenge_stays_with_the_box(
    box: Telephony, cloud: Carrier, phone: Hand
) -> None:
    message = phone.compose("MESSAGE", f"sip:900@{DOMAIN}")
    challenge = phone.ask(message, prove=False)
    assert challenge.code == 407
    again = phone.proved(message, challenge)
    phone.wire.send(again, phone.box)
    for _ in range(2):
        asked, source = cloud.request(method="MESSAGE")
        given = f'Digest realm="{DOMAIN}", nonce="n", algorithm=MD5'
        cloud.wire.send(reply_to(asked, 407, "Prove It", [("Proxy-Authenticate", given)]), source)
    assert 'username="u101"' in asked.get("Proxy-Authorization")
    assert phone.wire.final(again).code == 403
