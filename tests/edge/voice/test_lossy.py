"""Signalling over a network that loses a fifth of it each way and lets later datagrams overtake earlier ones."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hil.rig.virtual.sip.between import Between
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.phone import Line, Phone
from hil.rig.virtual.sip.pstn import Pstn
from hil.rig.virtual.waiting import wait_for

PATIENCE_S = 32.0  # RFC 3261's timers B and F: what a phone itself waits before it gives up
LATE_S = 0.15
CALLS = 4


@dataclass
class Rough:
    """Two phones and two trunks, each side of the box behind a bad network."""

    box: Telephony
    inside: Between
    trunks: list[Between]
    networks: list[Pstn]
    phones: list[Phone]


@pytest.fixture(scope="module")
def rough(shared_telephony: Telephony) -> Iterator[Rough]:
    box = shared_telephony
    inside = Between((f"{box.net}.201", 5060), f"{box.net}.202", box.box, loses=True, late_s=LATE_S)
    # To the phones the far side of the bad network is the box: what the box says of itself is said in its name.
    inside.inward = lambda data, _, __: re.sub(_address(box.box[0]), inside.inner[0].encode(), data)
    inside.outward = lambda data, _, __: re.sub(_address(inside.inner[0]), box.box[0].encode(), data)
    networks = [Pstn(box.place, f"{box.net}.{host}", name=f"pstn{host}", media_port=26000 + host) for host in (31, 32)]
    trunks = [
        Between((f"{box.net}.{host}", 5060), f"{box.net}.{host + 20}", (pstn.address, 5060), loses=True, late_s=LATE_S)
        for host, pstn in zip((20, 21), networks, strict=True)
    ]
    more = f'[[voice.trunks]]\nname = "second"\naddress = "{box.net}.21"\n'
    for one in (inside, *trunks, *networks):
        one.start()
    box.start(box.site(cloud="# no cloud", more=more))
    phones = [
        Phone(
            box.place,
            Line(number, PASSWORDS[number], DOMAIN, f"{box.net}.{host}", f"{inside.inner[0]}:5060", control_port=port),
        )
        for number, host, port in (("101", 101, 21001), ("102", 102, 21041))
    ]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.wait_registered(PATIENCE_S)
    yield Rough(box, inside, trunks, networks, phones)
    for way in (inside, *trunks):
        way.stop()


def _address(host: str) -> bytes:
    return rf"\b{re.escape(host)}(?=[:;>\s])".encode()


def test_phones_call_each_other_and_every_hang_up_arrives(rough: Rough) -> None:
    caller, callee = rough.phones
    for _ in range(CALLS):
        begun = time.monotonic_ns()
        call = caller.dial("102", PATIENCE_S)
        callee.wait_event("CALL_ESTABLISHED", PATIENCE_S, begun)
        call.hang_up()
        callee.wait_event("CALL_CLOSED", PATIENCE_S, begun)
    assert len(callee.events("CALL_ESTABLISHED")) == CALLS, "one INVITE rings once, however often it is repeated"
    assert rough.inside.lost > rough.inside.carried / 5, "a fifth was lost"


def test_a_call_outside_is_one_call_at_each_trunk_it_is_tried_at_and_ends(rough: Rough) -> None:
    """A trunk all of whose answers are lost for `way_ms` is silent to the box, and the next one is tried as well."""
    caller, _ = rough.phones
    for number in range(CALLS):
        call = caller.dial(f"061234567{number}", PATIENCE_S)
        time.sleep(1)
        call.hang_up()
    calls = [call for network in rough.networks for call in network.calls()]
    assert {call.called for call in calls} == {f"061234567{number}" for number in range(CALLS)}
    for network in rough.networks:
        heard = [call.called for call in network.calls()]
        assert len(heard) == len(set(heard)), "an INVITE repeated is no second call"
    wait_for(
        lambda: {one for network in rough.networks for one in network.hung_up()} == {call.call_id for call in calls},
        "a BYE for each call",
        PATIENCE_S,
    )
