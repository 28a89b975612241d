"""A trunk whose operator refuses us is shown as a fault until it accepts again: real Kamailio, operators by hand."""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.carrier import Account, Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, start_with_trunks, trunk
from hil.rig.virtual.sip.wire import Hand, reply_to
from hil.rig.virtual.waiting import wait_for

REGISTRATION = """kind = "registration"
domain = "carrier.example"
username = "0033123456789"
password = "trunk-secret"
expires_s = 60
"""


@pytest.fixture(scope="module")
def first(shared_telephony: Telephony) -> Carrier:
    """The operator of trunk `pstn`, whose registrar says that the account has expired."""
    carrier = Carrier(shared_telephony.wire(20), Account("0033123456789", "trunk-secret", "carrier.example"))
    carrier.refuse = (403, "Account Expired")
    return carrier


@pytest.fixture(scope="module")
def second(shared_telephony: Telephony) -> Carrier:
    """The operator of trunk `spare`."""
    return Carrier(shared_telephony.wire(21))


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony, first: Carrier, second: Carrier) -> Telephony:
    start_with_trunks(shared_telephony, REGISTRATION)
    return shared_telephony


@pytest.fixture(scope="module")
def desk(box: Telephony) -> Hand:
    return caller(box)


def refusals(box: Telephony) -> dict[str, tuple[str, str]]:
    """Address and code of each trunk that `repli status` says to refuse us."""
    issues = [one for daemon in box.json("status")["daemons"] for one in daemon["issues"]]
    return {
        one["subject"]: (one["data"]["address"], one["data"]["code"])
        for one in issues
        if one["id"] == "voice.trunk_refused"
    }


def test_an_account_that_is_refused_is_said_until_it_is_taken(box: Telephony, first: Carrier) -> None:
    expired = {"pstn": (f"{first.wire.address}:5060", "403")}
    wait_for(lambda: refusals(box) == expired, "the fault", every=0.3)
    first.refuse = None
    wait_for(lambda: refusals(box) == {}, "no fault", 60.0, every=0.3)
    assert first.registered


def test_calls_that_are_refused_are_said_until_one_is_taken(
    box: Telephony, first: Carrier, second: Carrier, desk: Hand
) -> None:
    for number in ("0987654321", "0987654322", "0987654323"):
        assert refusals(box) == {}
        invite = call(desk, number)
        first.turn_down(403, "Forbidden")
        second.answer()
        assert desk.wire.final(invite).code == 200
    wait_for(lambda: refusals(box) == {"pstn": (f"{first.wire.address}:5060", "403")}, "the fault", every=0.3)
    invite = call(desk, "0987654324")
    heard, source = first.request()
    first.wire.send(reply_to(heard, 486, "Busy Here"), source)
    assert desk.wire.final(invite).code == 486
    wait_for(lambda: refusals(box) == {}, "no fault", every=0.3)


def test_only_a_call_that_is_taken_ends_what_is_said(
    box: Telephony, first: Carrier, second: Carrier, desk: Hand
) -> None:
    """Neither a refusal for another reason nor a failure of its own does."""
    for number, code in (("0987654331", 407), ("0987654332", 403), ("0987654333", 503)):
        invite = call(desk, number)
        first.turn_down(code, "No")
        second.answer()
        assert desk.wire.final(invite).code == 200
    shown = trunk(box, "pstn")
    assert (shown["refused_calls"], shown["refused_code"], shown["last_refusal"]["code"]) == (2, 407, 503)
    wait_for(lambda: refusals(box) == {"pstn": (f"{first.wire.address}:5060", "407")}, "the fault", every=0.3)
    invite = call(desk, "0987654334")
    first.answer()
    assert desk.wire.final(invite).code == 200
    wait_for(lambda: refusals(box) == {}, "no fault", every=0.3)


def test_a_trunk_that_answers_no_probe_is_said_until_it_does(box: Telephony, second: Carrier) -> None:
    """No call need find it out: it may be years until one would."""

    def silent() -> list[tuple[str, str]]:
        issues = [one for daemon in box.json("status")["daemons"] for one in daemon["issues"]]
        return [(one["subject"], one["data"]["address"]) for one in issues if one["id"] == "voice.trunk_silent"]

    assert silent() == []
    with second.dead():
        wait_for(lambda: silent() == [("spare", f"{second.wire.address}:5060")], "the fault", every=0.3)
    wait_for(lambda: silent() == [], "no fault", every=0.3)
