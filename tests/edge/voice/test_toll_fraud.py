"""Who would have the town hall pay for calls, or send its rescuers elsewhere: by redirections, transfers, from outside."""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, ring, start_with_trunks
from hil.rig.virtual.sip.wire import Hand, Message, NothingHeard, reply_to

PREMIUM = "<sip:0899123456@mairie.example>"
GROUP = '[[voice.groups]]\nnumber = "600"\nmembers = ["101"]\n'


def send_elsewhere(phone: Hand) -> None:
    """What a phone does of which somebody knows the password of its page."""
    heard, source = phone.wire.request()
    phone.wire.send(reply_to(heard, 302, "Moved Temporarily", [("Contact", PREMIUM)]), source)


@pytest.mark.parametrize("number", ["101", "600"])
def test_no_phone_has_an_operator_call_elsewhere_on_our_account(telephony: Telephony, number: str) -> None:
    operator = Carrier(telephony.wire(20))
    start_with_trunks(telephony, more=GROUP)
    desk = caller(telephony)
    incoming = ring(telephony, operator, number)
    send_elsewhere(desk)
    answer = operator.final(incoming)
    assert (answer.code, answer.all("Contact")) == (480, [])


def test_inside_a_phone_sends_its_caller_elsewhere_who_asks_us_anew(telephony: Telephony) -> None:
    start_with_trunks(telephony)
    desk, office = caller(telephony), caller(telephony, "102", 102)
    invite = call(office, "101")
    send_elsewhere(desk)
    answer = office.wire.final(invite)
    assert (answer.code, answer.get("Contact")) == (302, PREMIUM)


def test_a_trunk_s_redirection_is_not_for_the_phone(telephony: Telephony) -> None:
    first, second = Carrier(telephony.wire(20)), Carrier(telephony.wire(21))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    for trunk in (first, second):
        heard, source = trunk.request()
        trunk.send(reply_to(heard, 302, "Moved", [("Contact", PREMIUM)]), source)
    answer = desk.wire.final(invite)
    assert (answer.code, answer.all("Contact")) == (503, [])


@pytest.mark.parametrize(("code", "reason"), [(302, "Moved"), (407, "Proxy Authentication Required")])
def test_nor_is_one_of_a_trunk_that_rang(telephony: Telephony, code: int, reason: str) -> None:
    """What has rung is tried nowhere else."""
    trunk = Carrier(telephony.wire(20))
    start_with_trunks(telephony)
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    heard, source = trunk.request()
    trunk.send(reply_to(heard, 180, "Ringing"), source)
    desk.wire.receive(lambda said: said.code == 180)
    trunk.send(reply_to(heard, code, reason, [("Contact", PREMIUM)]), source)
    answer = desk.wire.final(invite)
    assert (answer.code, answer.all("Contact")) == (480, [])


@pytest.mark.parametrize("kind", ["ip", "gateway"])
def test_nobody_outside_has_a_phone_call_somebody(telephony: Telephony, kind: str) -> None:
    """A transfer (RFC 3515) asked for by a trunk. A gateway is ours, and may."""
    operator = Carrier(telephony.wire(20))
    start_with_trunks(telephony, f'kind = "{kind}"')
    desk = caller(telephony)
    incoming = ring(telephony, operator, "101")
    heard, source = desk.wire.request()
    desk.wire.answer(heard, source)
    answer = operator.final(incoming)
    outside = Hand(operator.wire, "0611223344", "", "carrier.example", telephony.box)
    transfer = outside.within("REFER", incoming, answer)
    transfer.headers.append(("Refer-To", PREMIUM))
    operator.send(transfer, telephony.box)
    if kind == "gateway":
        assert desk.wire.request(method="REFER")
    else:
        assert operator.final(transfer).code == 403
        assert desk.wire.silent(0.2, "REFER")
    end = outside.within("BYE", incoming, answer)
    operator.send(end, telephony.box)
    assert desk.wire.request(method="BYE")


@pytest.mark.parametrize("dialled", ["112", "0112", "+33112", "%31%31%32", "1-1-2", "112;phone-context=+33"])
def test_outside_no_emergency_call_leaves_whoever_would_carry_it(telephony: Telephony, dialled: str) -> None:
    """By the cloud PBX neither: it would send help to the town hall."""
    pbx, trunk = HandPbx(telephony.wire(10)), Carrier(telephony.wire(20))
    document = telephony.site('outside = "0"')
    telephony.start(document.replace("listen = [", f'listen = [{{ address = "{telephony.net}.2", outside = true }}, '))
    home = telephony.hand("101", 50)
    home.box = (f"{telephony.net}.2", 5060)
    for mode in ("cloud", "local"):
        telephony.wait_mode(mode)
        invite = home.begin(home.invitation(dialled))
        refusal = home.wire.final(invite)
        assert (refusal.code, "Building" in refusal.start) == (403, True)
        for way in (pbx, trunk):
            with pytest.raises(NothingHeard):
                way.request(0.2)
        pbx.mute = True
    # In the building it goes at once.
    desk = telephony.hand("101", 101)
    desk.wire.send(desk.invitation(dialled), desk.box)
    assert _number(trunk.request()[0]) == "112"


def _number(invite: Message) -> str:
    return invite.uri.removeprefix("sip:").partition("@")[0]
