"""Who may do what when the box decides: proofs that are another's, used before, or said of somebody else."""

from __future__ import annotations

import re
import statistics
import time

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, Wire, acknowledge, reply_to


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    """Without a cloud PBX; 104 has no secret."""
    document = shared_telephony.site(cloud="# no cloud")
    shared_telephony.start(
        document.replace("[[voice.trunks]]", '[[voice.extensions]]\nnumber = "104"\n[[voice.trunks]]')
    )
    return shared_telephony


def challenged(phone: Hand, request: Message) -> Message:
    """The challenge to a request that proves nothing."""
    reply = phone.ask(request, prove=False)
    assert reply.code in (401, 407)
    return reply


def send_again(phone: Hand, proved: Message) -> Message:
    """The same proof in a request of its own, as one who overheard it."""
    phone.sequence += 1
    fresh = {
        "Via": f"SIP/2.0/UDP {phone.wire.address}:{phone.wire.port};branch=z9hG4bKreplay{phone.sequence}",
        "CSeq": f"{phone.sequence} {proved.method}",
        "Call-ID": f"replay-{phone.sequence}",
    }
    changed = [(name, fresh.get(name, value)) for name, value in proved.headers]
    return phone.ask(Message(proved.start, changed, proved.body), prove=False)


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "OPTIONS", "REFER", "INFO", "NOTIFY", "UPDATE"])
@pytest.mark.parametrize("right", [False, True])
def test_every_method_is_asked_for_proof(box: Telephony, office: Hand, method: str, right: bool) -> None:
    sender = box.hand("101", 130, password="" if right else "wrong")
    to = "101" if method == "PUBLISH" else "102"  # one publishes for oneself (RFC 3903)
    request = sender.compose(method, f"sip:{to}@{DOMAIN}", headers=[("Contact", sender.contact), ("Event", "presence")])
    if right and method == "MESSAGE":
        sender.wire.send(sender.proved(request, challenged(sender, request)), sender.box)
        assert office.wire.request(method="MESSAGE")
        return
    assert sender.ask(request).code == (503 if right else 407)
    assert office.wire.silent(0.1, method)


def test_two_proofs_in_one_request_do_not_make_one_extension_the_other(
    box: Telephony, trunk: Wire, office: Hand
) -> None:
    """The name from the first, the proof from the second: 103's password would speak for 101."""
    thief = box.hand("103", 131)
    thief.number = "101"
    invite = thief.invitation("0987654321")
    challenge = challenged(thief, invite)
    forged = thief.proved(invite, challenge)
    given = forged.get("Proxy-Authorization")
    # Made with 103's HA1, but for user 101.
    thief.number = "103"
    response = re.search(r'response="(\w+)"', thief.proved(invite, challenge).get("Proxy-Authorization"))
    assert response
    forged_value = re.sub(r'response="\w+"', f'response="{response[1]}"', given)
    decoy = 'Digest username="103", realm="elsewhere", nonce="n", uri="sip:x", response="' + "0" * 32 + '"'
    forged.headers = [one for one in forged.headers if one[0] != "Proxy-Authorization"]
    forged.headers += [("Proxy-Authorization", decoy), ("Proxy-Authorization", forged_value)]
    assert thief.ask(forged, prove=False).code == 407
    assert trunk.silent(0.3)


@pytest.mark.parametrize("qop", [False, True])
def test_an_overheard_proof_proves_nothing(box: Telephony, trunk: Wire, qop: bool) -> None:
    phone = box.hand("101", 132 + qop)
    invite = phone.invitation("0987654321")
    proved = phone.proved(invite, challenged(phone, invite), qop=qop)
    phone.wire.send(proved, phone.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert phone.wire.final(proved).code == 486
    reply = send_again(phone, proved)
    assert reply.code == 407
    assert "stale=true" in reply.get("Proxy-Authenticate"), "its owner asks no person for the password"
    assert trunk.silent(0.3)


def test_what_the_network_repeats_is_no_second_proof(box: Telephony) -> None:
    phone = box.hand("101", 134)
    to = f"<sip:101@{DOMAIN}>"
    request = phone.compose("REGISTER", f"sip:{DOMAIN}", to=to, headers=[("Contact", phone.contact)])
    proved = phone.proved(request, challenged(phone, request))
    for _ in range(20):
        phone.wire.send(proved, phone.box)
        assert phone.wire.final(proved).code == 200


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
def test_a_lost_challenge_is_given_again(box: Telephony, method: str) -> None:
    """Whichever worker hears the request again."""
    phone = box.hand("101", 152)
    request = phone.compose(method, f"sip:102@{DOMAIN}", headers=[("Contact", phone.contact)])
    for _ in range(20):
        phone.wire.send(request, phone.box)
        assert phone.wire.final(request).code in (401, 407)


def test_a_nonce_of_another_registrar_is_stale(box: Telephony) -> None:
    """As after the cloud fell silent: the phone must not take its password for wrong."""
    phone = box.hand("101", 135)
    to = f"<sip:101@{DOMAIN}>"
    request = phone.compose("REGISTER", f"sip:{DOMAIN}", to=to, headers=[("Contact", phone.contact)])
    theirs = Message("SIP/2.0 401 Unauthorized", [("WWW-Authenticate", f'Digest realm="{DOMAIN}", nonce="cloud"')])
    reply = phone.ask(phone.proved(request, theirs), prove=False)
    assert reply.code == 401
    assert "stale=true" in reply.get("WWW-Authenticate")
    assert phone.ask(phone.proved(request, reply), prove=False).code == 200


@pytest.mark.parametrize(
    "header", ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "History-Info"]
)
def test_who_a_phone_says_it_is_beside_its_from_does_not_reach_a_trunk(
    box: Telephony, trunk: Wire, header: str
) -> None:
    phone = box.hand("101", 136)
    invite = phone.invitation("0987654321")
    invite.headers += [(header, f"<sip:103@{DOMAIN}>"), (header.lower(), "<tel:+33123456789>")]
    proved = phone.proved(invite, challenged(phone, invite))
    phone.wire.send(proved, phone.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert request.all(header) == []
    assert "sip:101@" in request.get("From")


def test_a_phone_s_name_for_itself_does_not_reach_a_trunk(box: Telephony, trunk: Wire) -> None:
    """Shown to whoever is called, it would be a number that nobody proved."""
    phone = box.hand("101", 153)
    invite = phone.invitation("0987654321")
    named = [(name, f'"+33144999999" {value}' if name == "From" else value) for name, value in invite.headers]
    invite = Message(invite.start, named, invite.body)
    proved = phone.proved(invite, challenged(phone, invite))
    phone.wire.send(proved, phone.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert request.get("From") == f"<sip:101@{DOMAIN}>;tag={phone.tag}"


def test_neither_headers_nor_time_say_which_extensions_exist(box: Telephony) -> None:
    """101 has a secret, 104 has none, 999 is not there: with a wrong proof, and with none (trap 8)."""
    answers: dict[str, set[tuple[str, ...]]] = {}
    took: dict[str, list[float]] = {}
    for turn in range(8):
        for number in ("101", "104", "999"):
            stranger = box.hand("101", 140 + turn, port=5060 + int(number), password="wrong")
            stranger.number = number
            for prove in (False, True):
                begun = time.monotonic()
                reply = stranger.register(prove=prove)
                took.setdefault(number, []).append(time.monotonic() - begun)
                shape = (reply.start, *(name for name, _ in reply.headers), *_parameters(reply))
                answers.setdefault(number, set()).add(shape)
    assert answers["101"] == answers["104"] == answers["999"]
    middle = {number: statistics.median(times) for number, times in took.items()}
    assert max(middle.values()) - min(middle.values()) < 0.05, middle


def _parameters(reply: Message) -> list[str]:
    return re.findall(r"(\w+)=", re.sub(r'nonce="[^"]*"', 'nonce=""', reply.get("WWW-Authenticate")))


def test_extensions_without_a_secret_are_counted_and_shown(box: Telephony) -> None:
    phone = box.hand("101", 150)
    phone.number = "104"
    assert phone.register().code == 401
    assert box.json("voice", "phones")["unprotected"] == ["104"]
    assert "Non protégés (1) : 104." in box.root.repli("voice", "phones").stdout
    (voice,) = [one for one in box.json("status")["daemons"] if one["name"] == "voice"]
    assert voice["summary"]["unprotected"] == "1"


def test_a_refused_call_is_acknowledged_and_gone(box: Telephony, office: Hand) -> None:
    """The challenge to a wrong proof is not sent for ever."""
    thief = box.hand("101", 151, password="wrong")
    invite = thief.invitation("102")
    wrong = thief.proved(invite, challenged(thief, invite))
    thief.wire.send(wrong, thief.box)
    reply, source = thief.wire.receive(lambda message: message.code == 407)
    thief.wire.send(acknowledge(wrong, reply), source)
    assert thief.wire.silent(0.3)
    assert office.wire.silent(0.1)
