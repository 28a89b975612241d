"""World: the link to the cloud changes. The cloud PBX knows at once where the phones are now."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.inside import inside
from hil.rig.virtual.sip.parts import lan_phone
from hil.rig.virtual.sip.phone import CallFailed, Line, Phone
from hil.rig.virtual.sip.place import TownPlace
from hil.rig.virtual.sip.wire import SDP, Hand, Message, Wire, reply_to
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

REACHED_S = 3.0  # generous: promised are 2 s after the switch (scripts/bench-voice)


@pytest.fixture
def town() -> Iterator[Town]:
    """With links that fail over."""
    with Town("switchworld", parts=["targets", "pbx", "pstn"]) as town:
        town.start_appliance(only="settings,uplinks,voice")
        town.wait_ready(30)
        yield town


def outside_phone(town: Town) -> Phone:
    """A phone of the police away from the building, registered straight at the operator's PBX."""
    plan = town.plan
    (account,) = [phone for phone in plan.phones if phone.number == "103"]
    line = Line("103", account.password, plan.sip_domain, plan.echo, f"{plan.cloud_pbx}:{plan.sip_port}", frequency=870)
    return Phone(TownPlace(town, "cloud"), line)


def carries(town: Town) -> str:
    return str(json.loads(town.repli("uplinks", "list", "--json").stdout)["active"])


def switched(town: Town) -> float:
    """CLOCK_MONOTONIC of the last switch, in seconds."""
    (last,) = json.loads(town.repli("uplinks", "history", "--limit", "1", "--json").stdout)["switches"]
    return int(last["switched_monotonic_ns"]) / 1e9


def reached_after(town: Town, caller: Phone, number: str, since: float) -> float:
    """Seconds from a switch until a call from outside is answered in the building: dialled again each half second."""
    while time.monotonic() - since < 20:
        try:
            call = caller.dial(number, timeout=0.6)
        except CallFailed:
            caller.hang_up()
            continue
        caller.hang_up()
        return call.answered_ns / 1e9 - since
    return float("inf")


def test_the_cloud_reaches_the_phones_by_the_new_link_and_by_the_old_one_again(town: Town) -> None:
    reception, away = lan_phone(town, "101"), outside_phone(town)
    for phone in (reception, away):
        phone.start()
        phone.wait_registered()
    assert reached_after(town, away, "101", time.monotonic()) < REACHED_S
    for fault, link in (("fibre-blackhole", "lte"), (None, "fibre")):
        if fault:
            town.fault(fault)
        else:
            town.heal("fibre-blackhole")
        wait_for(lambda link=link: carries(town) == link, f"{link} carrying", 40, every=0.1)
        after = reached_after(town, away, "101", switched(town))
        print(f"reached by {link} {after:.2f} s after the switch")
        assert after <= REACHED_S
    assert reception.events("REGISTER_FAIL") == []


def hand(town: Town, number: str, namespace: str, address: str, proxy: str) -> Hand:
    """A phone by hand, registered; it rings as long as a test likes."""
    (account,) = [phone for phone in town.plan.phones if phone.number == number]
    with inside(town.namespace(namespace)):
        wire = Wire(address)
    phone = Hand(wire, number, account.password, town.plan.sip_domain, (proxy, town.plan.sip_port))
    assert phone.register().code == 200
    return phone


def rings_at(caller: Hand, callee: Hand) -> tuple[Message, Message, tuple[str, int]]:
    """Call until the callee rings and the caller hears it. The caller's INVITE, the callee's, and where it came from."""
    invite = caller.invitation(callee.number)
    caller.wire.send(invite, caller.box)
    challenge = caller.wire.final(invite)
    proved = caller.proved(invite, challenge)
    caller.wire.send(proved, caller.box)
    request, source = callee.wire.request()
    callee.wire.send(reply_to(request, 180, "Ringing", tag="callee"), source)
    caller.wire.receive(lambda message: message.code == 180)
    return proved, request, source


def test_a_call_being_set_up_is_answered_and_can_be_dialled_again(town: Town) -> None:
    """The cut comes between INVITE and 200: the answer would go to the dead link's address for ever."""
    plan = town.plan
    caller = hand(town, "101", "lan", plan.phones[0].address, plan.edge_lan)
    callee = hand(town, "103", "cloud", plan.echo, plan.cloud_pbx)
    waiting, request, source = rings_at(caller, callee)
    town.fault("fibre-blackhole")
    answered = caller.wire.final(waiting, timeout=20)
    told = time.monotonic()
    assert answered.code == 480
    assert told - switched(town) <= REACHED_S
    assert callee.wire.request(method="CANCEL", timeout=5)
    callee.wire.send(reply_to(request, 487, "Request Terminated", tag="callee"), source)
    again, request, source = rings_at(caller, callee)
    contact = [("Contact", callee.contact)]
    callee.wire.send(reply_to(request, 200, "OK", contact, SDP.format(callee.wire.address), tag="callee"), source)
    assert caller.wire.final(again).code == 200
