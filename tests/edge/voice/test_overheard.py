"""Who listens where a phone is and speaks from its address: a proof that the cloud PBX was shown proves nothing here."""

from __future__ import annotations

import itertools
import re
import secrets

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, Wire, digest_response, parameter, reply_to

NONCES = itertools.count(1)
OUTSIDE = "0987654321"


class Strict(HandPbx):
    """It wants a proof of each registration, and does not look at it."""

    def _register(self, request: Message, source: tuple[str, int]) -> None:
        if not self.mute and not request.get("Authorization"):
            self.wire.send(challenge(request, 401), source)
        else:
            super()._register(request, source)


def challenge(request: Message, code: int) -> Message:
    """What the cloud PBX says to a request without proof."""
    header = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    given = f'Digest realm="{DOMAIN}", nonce="cloud-{next(NONCES)}", qop="auth"'
    return reply_to(request, code, "Prove It", [(header, given)])


@pytest.fixture
def pbx(telephony: Telephony) -> Strict:
    return Strict(telephony.wire(10))


@pytest.fixture
def trunk(telephony: Telephony) -> Wire:
    return telephony.wire(20)


@pytest.fixture
def phone(telephony: Telephony, pbx: Strict, trunk: Wire) -> Hand:
    telephony.start()
    telephony.wait_mode("cloud")
    return telephony.hand("101", 101)


@pytest.fixture
def thief(telephony: Telephony, phone: Hand) -> Hand:
    """Behind the same address, with another phone's number and no idea of the password."""
    return telephony.hand("101", 101, port=5099, password="unknown")


def registration(hand: Hand) -> Message:
    return hand.compose("REGISTER", f"sip:{DOMAIN}", to=f"<sip:101@{DOMAIN}>", headers=[("Contact", hand.contact)])


def stolen(thief: Hand, overheard: Message, request: Message) -> Message:
    """The thief's own request with the proof that was overheard."""
    header = "Authorization" if overheard.method == "REGISTER" else "Proxy-Authorization"
    return Message(request.start, [*request.headers, (header, overheard.get(header))], request.body)


def counted_on(phone: Hand, request: Message, before: Message) -> Message:
    """Proved with the nonce of the proof before, as its nonce count allows (RFC 2617, 3.2.2)."""
    header = "Authorization" if before.method == "REGISTER" else "Proxy-Authorization"
    given = before.get(header)
    count = ("00000002", "c0ffee", "auth")
    nonce = parameter(given, "nonce")
    right = digest_response("101", DOMAIN, phone.password, request.method, request.uri, nonce, count)
    uri = re.sub(r'uri="[^"]*"', f'uri="{request.uri}"', given)
    proof = re.sub(r'response="[^"]*"', f'response="{right}"', uri).replace("nc=00000001", "nc=00000002")
    return Message(request.start, [*request.headers, (header, proof)], request.body)


def at_cloud(pbx: Strict, phone: Hand) -> Message:
    """A call that the cloud PBX wants proved and then answers with busy; returns the INVITE with its proof."""
    invite = phone.invitation(OUTSIDE)
    phone.wire.send(invite, phone.box)
    pbx.wire.send(challenge(pbx.request()[0], 407), phone.box)
    proved = phone.proved(invite, phone.wire.final(invite), qop=True)
    phone.wire.send(proved, phone.box)
    pbx.wire.send(reply_to(pbx.request()[0], 486, "Busy Here"), phone.box)
    assert phone.wire.final(proved).code == 486
    return proved


def refused_as_stale(hand: Hand, request: Message) -> Message:
    """The challenge it gets: whoever has the password proves once more, and asks no person for it."""
    reply = hand.ask(request, prove=False)
    assert reply.code in (401, 407)
    assert "stale=true" in reply.get("WWW-Authenticate") + reply.get("Proxy-Authenticate")
    return reply


@pytest.mark.parametrize("noticed", [False, True], ids=["as the cloud falls silent", "in local mode"])
@pytest.mark.parametrize("qop", [False, True])
def test_an_overheard_registration_registers_nobody(
    telephony: Telephony, pbx: Strict, phone: Hand, thief: Hand, qop: bool, noticed: bool
) -> None:
    request = registration(phone)
    proved = phone.proved(request, phone.ask(request, prove=False), qop=qop)
    assert phone.ask(proved, prove=False).code == 200
    pbx.mute = True
    if noticed:
        telephony.wait_mode("local")
    refused_as_stale(thief, stolen(thief, proved, registration(thief)))
    contacts = [one["contact"] for one in telephony.json("voice", "phones")["phones"]]
    assert contacts == [phone.contact.strip("<>")]
    # The phone itself, with a nonce that it has used, too.
    again = counted_on(phone, registration(phone), proved) if qop else stolen(phone, proved, registration(phone))
    told = refused_as_stale(phone, again)
    assert phone.ask(phone.proved(registration(phone), told, qop=qop), prove=False).code == 200


@pytest.mark.parametrize("noticed", [False, True], ids=["as the cloud falls silent", "in local mode"])
def test_an_overheard_call_calls_nobody(
    telephony: Telephony, pbx: Strict, trunk: Wire, phone: Hand, thief: Hand, noticed: bool
) -> None:
    proved = at_cloud(pbx, phone)
    pbx.mute = True
    if noticed:
        telephony.wait_mode("local")
    for number in (OUTSIDE, "0899123456"):
        refused_as_stale(thief, stolen(thief, proved, thief.invitation(number)))
    assert trunk.silent(0.3)
    invite = phone.invitation(OUTSIDE)
    again = counted_on(phone, invite, proved)
    phone.wire.send(phone.proved(invite, refused_as_stale(phone, again)), phone.box)
    assert trunk.request()


def test_a_proof_that_nobody_saw_serves_the_phone_at_once_and_no_thief(
    telephony: Telephony, pbx: Strict, phone: Hand, thief: Hand
) -> None:
    """The cloud falls silent between its challenge and the proof."""
    request = registration(phone)
    proved = phone.proved(request, phone.ask(request, prove=False), qop=True)
    pbx.mute = True
    assert phone.ask(proved, prove=False).code == 200
    refused_as_stale(thief, stolen(thief, proved, registration(thief)))


def test_the_cloud_is_shown_a_nonce_of_its_own_as_often_as_a_phone_likes(pbx: Strict, phone: Hand) -> None:
    """How often it counts is the cloud's to say."""
    request = registration(phone)
    proved = phone.proved(request, phone.ask(request, prove=False), qop=True)
    assert phone.ask(proved, prove=False).code == 200
    again = counted_on(phone, registration(phone), proved)
    assert phone.ask(again, prove=False).code == 200
    assert pbx.registered[-1].get("Authorization") == again.get("Authorization")


def test_a_nonce_given_again_is_no_new_one(telephony: Telephony, pbx: Strict, phone: Hand, thief: Hand) -> None:
    proved = at_cloud(pbx, phone)
    nonce = parameter(proved.get("Proxy-Authorization"), "nonce")
    invite = thief.invitation(OUTSIDE)
    thief.wire.send(invite, thief.box)
    same = challenge(pbx.request()[0], 407)
    same.headers = [(name, re.sub(r'nonce="[^"]*"', f'nonce="{nonce}"', value)) for name, value in same.headers]
    pbx.wire.send(same, thief.box)
    assert thief.wire.final(invite).code == 407
    pbx.mute = True
    refused_as_stale(thief, stolen(thief, proved, thief.invitation(OUTSIDE)))


def test_a_new_nonce_counts_from_the_beginning(telephony: Telephony, pbx: Strict, trunk: Wire, phone: Hand) -> None:
    at_cloud(pbx, phone)
    invite = phone.invitation(OUTSIDE)
    phone.wire.send(invite, phone.box)
    pbx.wire.send(challenge(pbx.request()[0], 407), phone.box)
    proved = phone.proved(invite, phone.wire.final(invite), qop=True)
    pbx.mute = True
    phone.wire.send(proved, phone.box)
    assert trunk.request()


def test_a_guess_uses_the_nonce_up_and_the_phone_is_still_served(
    telephony: Telephony, pbx: Strict, phone: Hand, thief: Hand
) -> None:
    request = registration(phone)
    proved = phone.proved(request, phone.ask(request, prove=False), qop=True)
    pbx.mute = True
    telephony.wait_mode("local")
    guess = proved.get("Authorization").replace('response="', f'response="{secrets.token_hex(2)}')
    wrong = Message(proved.start, [(n, guess if n == "Authorization" else v) for n, v in proved.headers], proved.body)
    assert thief.ask(stolen(thief, wrong, registration(thief)), prove=False).code == 401
    told = refused_as_stale(phone, proved)
    assert phone.ask(phone.proved(request, told), prove=False).code == 200
