"""A SIP ALG between phone and box is found by what it forgot to rewrite, and named."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.between import Address, Between, Rewrite
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.wire import Hand
from hil.rig.virtual.waiting import wait_for


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start(shared_telephony.site(cloud="# no cloud"))
    return shared_telephony


@pytest.fixture
def nat(box: Telephony) -> Iterator[Between]:
    """A NAT that leaves SIP alone until it is told otherwise."""
    one = Between((f"{box.net}.201", 5060), f"{box.net}.202", box.box)
    one.start()
    yield one
    one.stop()


def found(box: Telephony) -> list[str]:
    (voice,) = [one for one in box.json("status")["daemons"] if one["name"] == "voice"]
    return [one["subject"] for one in voice["issues"] if one["id"] == "voice.sip_alg"]


def register(phone: Hand) -> None:
    """As most desk phones do, with its own address in the Call-ID."""
    request = phone.compose(
        "REGISTER",
        f"sip:{DOMAIN}",
        to=f"<sip:{phone.number}@{DOMAIN}>",
        call_id=f"{phone.tag}@{phone.wire.address}",
        headers=[("Contact", phone.contact), ("Expires", "60")],
    )
    assert phone.ask(request).code == 200


def headers(*names: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?m)^(?:" + "|".join(names).encode() + rb"):.*$")


def rewriting(*names: str) -> Rewrite:
    def outward(data: bytes, inside: Address, outside: Address) -> bytes:
        private, public = (f"{host}:{port}".encode() for host, port in (inside, outside))
        return headers(*names).sub(lambda line: line[0].replace(private, public), data)

    return outward


@pytest.mark.parametrize("names", [("Via",), ("Via", "Contact")], ids="+".join)
def test_what_rewrites_a_phone_is_named_until_it_is_switched_off(
    box: Telephony, nat: Between, names: tuple[str, ...]
) -> None:
    phone = Hand(box.wire(101), "101", PASSWORDS["101"], DOMAIN, nat.inner)
    nat.outward = rewriting(*names)
    # The phone's Via comes back as it was written, as from any ALG.
    nat.inward = lambda data, inside, outside: data.replace(
        f"{outside[0]}:{outside[1]}".encode(), f"{inside[0]}:{inside[1]}".encode()
    )
    register(phone)
    wait_for(lambda: found(box) == [nat.outer_host], "the ALG named")
    nat.outward = nat.inward = lambda data, _, __: data
    register(phone)
    wait_for(lambda: found(box) == [], "nothing to name any more")
    phone.wire.sock.close()


def test_a_nat_alone_and_a_phone_without_one_are_no_alg(box: Telephony, nat: Between) -> None:
    register(Hand(box.wire(102), "102", PASSWORDS["102"], DOMAIN, nat.inner))
    register(box.hand("103", 103))
    alg = Between((f"{box.net}.203", 5060), f"{box.net}.204", box.box, outward=rewriting("Via", "Contact"))
    alg.inward = lambda data, inside, outside: data.replace(outside[0].encode(), inside[0].encode())
    alg.start()
    register(Hand(box.wire(104), "101", PASSWORDS["101"], DOMAIN, alg.inner))
    wait_for(lambda: found(box) == [alg.outer_host], "that one alone")
    alg.stop()
