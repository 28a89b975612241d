"""Emergency calls: whoever calls from the building, however it is dialled, whatever else goes wrong."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from datetime import UTC, datetime

import pytest

from edge.shared.messages.common import STATUS, Issue
from edge.shared.messages.voice import VOICE
from edge.shared.model.voice import VoiceSection
from edge.shared.section import parse_site
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams
from edge.voice.checks import found
from edge.voice.decision import Sight, State
from edge.voice.emergency import forms
from edge.voice.facts import Facts
from edge.voice.kamailio_alarms import Alarms, urgent_of
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, HandPbx, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.wire import SDP, Hand, Message, NothingHeard, Wire, reply_to
from hil.rig.virtual.waiting import wait_for

SITE = "0298000000"
TEST = "0612345678"
EMERGENCY = f'[voice.emergency]\ncaller = "{SITE}"\ntest_number = "{TEST}"\n'


def site(box: Telephony, cloud: str = "# no cloud", more: str = "") -> str:
    document = box.site(cloud=cloud, more=more + EMERGENCY)
    return document.replace("listen = [", f'listen = [{{ address = "{box.net}.2", outside = true }}, ')


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start(site(shared_telephony))
    return shared_telephony


def dial(phone: Hand, uri: str) -> Message:
    invite = phone.compose("INVITE", uri, headers=[("Contact", phone.contact)], body=SDP.format(phone.wire.address))
    phone.wire.send(invite, phone.box)
    return invite


def shown(box: Telephony) -> list[Issue]:
    """Asked of voice itself: the start of a program would be in every figure."""
    status = asyncio.run(call_once(VOICE, box.root.paths.socket("voice"), STATUS, NoParams()))
    return [issue for issue in status.issues if issue.id.startswith("voice.emergency_")]


@pytest.mark.parametrize(
    ("dialled", "meant"),
    [
        *((f"sip:{number}@{DOMAIN}", number) for number in VoiceSection().emergency.numbers),
        (f"sip:{TEST}@{DOMAIN}", TEST),
        (f"sip:+33{TEST[1:]}@{DOMAIN}", TEST),
        (f"sip:+33112@{DOMAIN}", "112"),
        (f"sip:003315@{DOMAIN}", "15"),
        ("sip:1-1-2@elsewhere.example", "112"),
        (f"sip:%31%31%32@{DOMAIN}", "112"),
        (f"sip:112;phone-context=+33@{DOMAIN};user=phone", "112"),
        ("sips:18@10.0.0.1:5061;transport=tls", "18"),
        ("tel:112", "112"),
        ("tel:+33-17;ext=3", "17"),
        ("urn:service:sos", "112"),
        ("URN:service:SOS.Police", "17"),
        ("urn:service:sos.fire", "18"),
        ("urn:service:sos.ambulance", "15"),
        ("urn:service:sos.marine", "196"),
        ("urn:service:sos.volcano", "112"),
    ],
)
def test_however_it_is_dialled(box: Telephony, trunk: Wire, dialled: str, meant: str) -> None:
    """The number for tests goes like the others: same table, same way, same caller."""
    nobody = box.hand("101", 140, password="wrong")
    dial(nobody, dialled)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert request.uri == f"sip:{meant}@{trunk.address}:5060"
    assert f"sip:{SITE}@" in request.get("From")
    assert request.all("P-Asserted-Identity") == [f"<sip:{SITE}@{DOMAIN}>"]


@pytest.mark.parametrize("dialled", ["1120", "0112", "11", "10112", "sos", "urn:service:counseling", "*112"])
def test_what_is_none_goes_the_ordinary_way(box: Telephony, trunk: Wire, dialled: str) -> None:
    nobody = box.hand("101", 141, password="wrong")
    uri = dialled if dialled.startswith("urn") else f"sip:{dialled}@{DOMAIN}"
    assert nobody.wire.final(dial(nobody, uri), 2).code == 407
    assert trunk.silent(0.1)


def test_the_site_is_the_caller_whatever_the_phone_says_or_hides(box: Telephony, trunk: Wire) -> None:
    phone = box.hand("101", 142, password="wrong")
    invite = phone.invitation("112", caller="103")
    hidden = [("Privacy", "id"), ("P-Asserted-Identity", "<tel:+33999>"), ("Remote-Party-ID", "<sip:9@x>")]
    invite.headers += [*hidden, ("P-Preferred-Identity", "<sip:103@x>")]
    phone.wire.send(invite, phone.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert [request.all(name) for name in ("Privacy", "Remote-Party-ID", "P-Preferred-Identity")] == [[], [], []]
    assert request.all("P-Asserted-Identity") == [f"<sip:{SITE}@{DOMAIN}>"]
    assert request.get("From").endswith(f"tag={phone.tag}")


@pytest.mark.parametrize(
    ("trunk", "shown"),
    [
        ("", f"<sip:101@{DOMAIN}>"),
        ('caller = "+33144556600"', f"<sip:0144556600@{DOMAIN}>"),
        ('username = "account"\npassword = "x"\ndomain = "carrier.example"', "<sip:account@carrier.example>"),
    ],
)
def test_without_the_site_s_number_a_phone_that_proved_nothing_is_not_believed(
    telephony: Telephony, trunk: str, shown: str
) -> None:
    """Neither its number nor its name: who hears it would call back, or send help, to somebody else."""
    box = telephony
    box.start(box.site(cloud="# no cloud", more=trunk))
    operator = box.wire(20)
    thief = box.hand("102", 150, password="wrong")
    invite = thief.invitation("112", caller="0144999999")
    named = [(name, f'"Gendarmerie" {value}' if name == "From" else value) for name, value in invite.headers]
    thief.wire.send(Message(invite.start, named, invite.body), thief.box)
    request, source = operator.request()
    operator.send(reply_to(request, 486, "Busy Here"), source)
    assert request.get("From").startswith(f"{shown};tag=")


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_never_for_who_calls_from_outside(box: Telephony, trunk: Wire, secret: str) -> None:
    """Neither with a proof nor with a Via and Contact of the building: where the packet came in is what counts."""
    outside = box.hand("101", 143, password=secret)
    outside.box = (f"{box.net}.2", 5060)
    invite = outside.invitation("112")
    inside = "SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKinside"
    invite.headers = [*((n, "<sip:101@192.168.1.5>" if n == "Contact" else v) for n, v in invite.headers)]
    spoofed = Message(invite.start, [(n, inside if n == "Via" else v) for n, v in invite.headers], invite.body)
    outside.wire.send(spoofed, outside.box)
    assert trunk.silent(0.2)
    outside.wire.drain()
    reply = outside.ask(outside.invitation("112"))
    assert reply.code == (407 if secret else 403)
    assert trunk.silent(0.2)


def test_it_is_shown_within_a_second_and_so_is_its_end(box: Telephony, trunk: Wire) -> None:
    phone = box.hand("102", 144, password="wrong")
    before = {issue.subject for issue in shown(box)}
    invite = dial(phone, f"sip:112@{DOMAIN}")
    request, source = trunk.request()
    trunk.send(reply_to(request, 180, "Ringing"), source)
    begun = time.monotonic()
    wait_for(lambda: len(shown(box)) > len(before), "the call shown", every=0.1)
    assert time.monotonic() - begun < 2.0  # promised is one second
    (issue,) = [one for one in shown(box) if one.subject == invite.get("Call-ID")]
    assert (issue.id, issue.severity) == ("voice.emergency_call", "info")
    data = issue.data
    assert (data["number"], data["caller"], data["address"]) == ("112", "102", phone.wire.address)
    said = box.root.repli("status").stdout
    assert re.search(
        r"Appel d'urgence au 112 depuis le poste 102 .* le \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(UTC\)", said
    ), said
    trunk.send(reply_to(request, 403, "Forbidden"), source)
    assert phone.wire.final(invite).code == 403
    wait_for(
        lambda: ("voice.emergency_failed", invite.get("Call-ID")) in [(i.id, i.subject) for i in shown(box)],
        "the failure shown",
        every=0.1,
    )


def test_while_a_flood_runs_from_the_same_and_from_other_phones(box: Telephony, trunk: Wire) -> None:
    phone = box.hand("103", 145, password="wrong")
    stop = threading.Event()

    def flood() -> None:
        wires = [phone.wire, box.wire(146), box.wire(147)]
        junk = phone.compose("REGISTER", f"sip:{DOMAIN}", headers=[("Contact", phone.contact)]).encode()
        while not stop.is_set():
            for wire in wires:
                wire.sock.sendto(junk, box.box)
            time.sleep(0.0005)

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    try:
        time.sleep(1.0)
        for _ in range(5):
            request, source = heard_after_repeating(phone, dial(phone, f"sip:112@{DOMAIN}"), trunk)
            trunk.send(reply_to(request, 486, "Busy Here"), source)
    finally:
        stop.set()
        thread.join(5)


def test_a_phone_that_guessed_too_often_calls_for_help_and_nobody_else(box: Telephony, trunk: Wire) -> None:
    """Its password is looked at no more, even the right one, nor even for 112."""
    phone = box.hand("101", 154, password="wrong")
    for _ in range(12):
        assert phone.register().code == 401
    bans = {ban["address"]: ban["reason"] for ban in box.json("voice", "bans")["bans"]}
    assert bans[phone.wire.address] == "guessing"
    phone.password = PASSWORDS["101"]
    refused = phone.ask(phone.invitation("0987654321"))
    assert refused.code == 407
    assert trunk.silent(0.1)
    # As phones do that keep a proof for their next call.
    phone.wire.send(phone.proved(phone.invitation(TEST), refused), phone.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert request.uri == f"sip:{TEST}@{trunk.address}:5060"


def heard_after_repeating(phone: Hand, invite: Message, trunk: Wire) -> tuple[Message, tuple[str, int]]:
    """As every phone does until it hears something (RFC 3261, 17.1.1.2)."""

    def this(message: Message) -> bool:
        return message.method == "INVITE" and message.get("Call-ID") == invite.get("Call-ID")

    for _ in range(5):
        try:
            return trunk.receive(this, 0.5)
        except NothingHeard:
            phone.wire.send(invite, phone.box)
    return trunk.receive(this, 0.5)


def test_a_trunk_that_is_full_or_refuses_is_followed_by_the_next(telephony: Telephony) -> None:
    box = telephony
    second = f'[[voice.trunks]]\nname = "second"\naddress = "{box.net}.21"\n'
    box.start(site(box, more=second))
    first, other = box.wire(20), box.wire(21)
    for code in (403, 404, 480, 486, 488, 500, 503, 600, 603):
        phone = box.hand("101", 150, password="wrong", port=5000 + code)
        dial(phone, f"sip:112@{DOMAIN}")
        request, source = first.request()
        first.send(reply_to(request, code, "No"), source)
        request, source = other.request()
        other.send(reply_to(request, 486, "Busy Here"), source)
        assert f"sip:{SITE}@" in request.get("From")


@pytest.mark.parametrize("number", ["101", "104", "stranger"])
def test_the_cloud_asks_for_a_proof_that_the_phone_does_not_have(telephony: Telephony, number: str) -> None:
    """A wrong password, an extension without a secret, none at all: the box proves it by a secret it has."""
    box = telephony
    document = site(box, cloud=f'cloud = {{ address = "{box.cloud}" }}', more='[[voice.extensions]]\nnumber = "104"\n')
    pbx = Pbx(box.place, box.cloud, DOMAIN, {**PASSWORDS, "112": "not-asked"})
    pbx.start()
    box.start(document.replace(f'[[voice.trunks]]\nname = "pstn"\naddress = "{box.trunk}"\n', ""))
    pbx_desk = box.hand("101", 101)
    pbx_desk.number, pbx_desk.password, pbx_desk.box = "112", "not-asked", (box.cloud, 5060)
    assert pbx_desk.register().code == 200
    phone = box.hand("101", 140, password="wrong")
    phone.number = number
    invite = dial(phone, f"sip:112@{DOMAIN}")
    request, source = pbx_desk.wire.request()
    pbx_desk.wire.send(reply_to(request, 200, "OK", [("Contact", pbx_desk.contact)], tag="help"), source)
    assert phone.wire.final(invite).code == 200
    assert "sip:101@" in request.get("From")


@pytest.mark.parametrize("state", ["answering", "silent"])
def test_the_cloud_as_the_only_way_out_is_shown_the_extension(telephony: Telephony, state: str) -> None:
    box = telephony
    document = site(box, cloud=f'cloud = {{ address = "{box.cloud}" }}')
    pbx = HandPbx(box.wire(10))
    box.start(document.replace(f'[[voice.trunks]]\nname = "pstn"\naddress = "{box.trunk}"\n', ""))
    if state == "silent":
        pbx.mute = True
        box.wait_mode("local")
        pbx.mute = False
    phone = box.hand("101", 101)
    dial(phone, f"sip:112@{DOMAIN}")
    request, source = pbx.request()
    pbx.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert request.uri == f"sip:112@{DOMAIN}"
    assert "sip:101@" in request.get("From")


def test_a_program_that_dials_112_all_the_time_does_not_take_the_memory(box: Telephony, trunk: Wire) -> None:
    phone = box.hand("101", 148, password="wrong")
    trunk.drain()
    trunk.heard.clear()
    for _ in range(300):
        dial(phone, f"sip:112@{DOMAIN}")
    trunk.drain()
    time.sleep(1.0)
    trunk.drain()
    calls = {m.get("Call-ID") for m, _ in trunk.heard if m.method == "INVITE" and not m.code}
    assert 50 <= len(calls) <= 100
    other = box.hand("102", 149, password="wrong")
    invite = dial(other, f"sip:112@{DOMAIN}")
    request, source = trunk.receive(lambda m: m.method == "INVITE" and m.get("Call-ID") == invite.get("Call-ID"))
    trunk.send(reply_to(request, 486, "Busy Here"), source)


# -- the table, and what is shown --------------------------------------------------------------------------------------------


def voice(more: str = "") -> VoiceSection:
    return parse_site(f'[voice]\nlisten = [{{ address = "10.0.0.1" }}]\ndomain = "a.example"\n{more}').voice


def test_an_extension_of_that_name_wins_over_a_number_with_something_in_front() -> None:
    table = forms(voice('[[voice.extensions]]\nnumber = "003315"\n[[voice.extensions]]\nnumber = "15"\n'))
    assert "003315" not in table
    assert table["15"] == "15"
    assert table["+3315"] == "15"


def test_a_service_without_its_number_goes_to_112_or_to_what_there_is() -> None:
    assert forms(voice('[voice.emergency]\nnumbers = ["999"]\n'))["urn:service:sos.police"] == "999"
    assert forms(voice('[voice.emergency]\nnumbers = ["112", "15"]\n'))["urn:service:sos.police"] == "112"
    assert forms(voice("[voice.emergency]\nnumbers = []\n")) == {}


def test_an_emergency_call_is_shown_for_an_hour() -> None:
    at = 1_790_000_000
    alarms = Alarms(urgent=urgent_of({"id": f"answered|{at}|101|10.0.0.5|112"}))

    def ids(seconds: int) -> list[str]:
        now = datetime.fromtimestamp(at + seconds, UTC)
        facts = Facts(now, voice(), State(), Sight(answers=True), alarms=alarms)
        return [check.ISSUE for check, _ in found(facts) if "emergency_call" in check.ISSUE]

    assert ids(60) == ["voice.emergency_call"]
    assert ids(3700) == []
