"""World: the link to the cloud changes. The cloud PBX knows at once where the phones are now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from edge.shared.messages.uplinks import HISTORY, UPLINKS, HistoryParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from hil.rig.virtual.inside import inside
from hil.rig.virtual.sip.parts import lan_phone
from hil.rig.virtual.sip.redial import Redialler
from hil.rig.virtual.sip.wire import SDP, Hand, Message, Wire, reply_to
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

pytestmark = pytest.mark.town

REACHED_S = 3.0  # generous: promised are 2 s after the switch (scripts/bench-voice)


@pytest.fixture
def town() -> Iterator[Town]:
    """With links that fail over."""
    with Town("switchworld", parts=["targets", "pbx", "pstn"]) as town:
        town.start_appliance(only="settings,uplinks,voice")
        town.wait_ready(30)
        yield town


def switched(town: Town, link: str, since_ns: int) -> float:
    """Return once this link carries, by a switch since then. CLOCK_MONOTONIC of the switch, in seconds."""
    found: list[int] = []

    def carries() -> bool:
        # Asked of the daemon itself: a busy machine takes seconds for a `repli`, and they would be counted.
        asked = call_once(UPLINKS, Paths(town.root).socket("uplinks"), HISTORY, HistoryParams(limit=1))
        (last,) = asyncio.run(asked).switches
        found[:] = [last.switched_monotonic_ns]
        return last.to_link == link and last.switched_monotonic_ns > since_ns

    wait_for(carries, f"{link} carrying")
    return found[0] / 1e9


def test_the_cloud_reaches_the_phones_by_the_new_link_and_by_the_old_one_again(town: Town) -> None:
    plan = town.plan
    reception = lan_phone(town, "101")
    reception.start()
    reception.wait_registered()
    outside = hand(town, "103", "cloud", plan.echo, plan.cloud_pbx)
    phones = Redialler(outside, hand(town, "102", "lan", plan.phones[1].address, plan.edge_lan))
    assert phones.until_through(time.monotonic()) is not None
    for change, link in ((town.fault, "lte"), (town.heal, "fibre")):
        phones.settle()  # so that no answer of before counts
        began_ns = time.monotonic_ns()
        change("fibre-blackhole")
        after = phones.until_through(switched(town, link, began_ns))
        print(f"reached by {link} {after} s after the switch")
        assert after is not None
        assert after <= REACHED_S
        assert outside.ask(outside.invitation("101"), timeout=HAPPENS_S).code == 200, "the telephone itself answers"
    assert reception.events("REGISTER_FAIL") == []


def hand(town: Town, number: str, namespace: str, address: str, proxy: str) -> Hand:
    """A phone by hand, registered; it rings as long as a test likes."""
    (account,) = [phone for phone in town.plan.phones if phone.number == number]
    with inside(town.namespace(namespace)):
        wire = Wire(address)
    phone = Hand(wire, number, account.password, town.plan.sip_domain, (proxy, town.plan.sip_port))
    assert phone.register(expires=3600, timeout=HAPPENS_S).code == 200
    return phone


def rings_at(caller: Hand, callee: Hand) -> tuple[Message, Message, tuple[str, int]]:
    """Call until the callee rings and the caller hears it. The caller's INVITE, the callee's, and where it came from."""
    invite = caller.invitation(callee.number)
    caller.wire.send(invite, caller.box)
    challenge = caller.wire.final(invite, HAPPENS_S)
    proved = caller.proved(invite, challenge)
    caller.wire.send(proved, caller.box)
    request, source = callee.wire.request(HAPPENS_S)
    callee.wire.send(reply_to(request, 180, "Ringing", tag="callee"), source)
    caller.wire.receive(lambda message: message.code == 180, HAPPENS_S)
    return proved, request, source


def test_a_call_being_set_up_is_answered_and_can_be_dialled_again(town: Town) -> None:
    """The cut comes between INVITE and 200: the answer would go to the dead link's address for ever."""
    plan = town.plan
    caller = hand(town, "101", "lan", plan.phones[0].address, plan.edge_lan)
    callee = hand(town, "103", "cloud", plan.echo, plan.cloud_pbx)
    waiting, request, source = rings_at(caller, callee)
    began_ns = town.fault("fibre-blackhole")
    answered = caller.wire.final(waiting, timeout=HAPPENS_S)
    told = time.monotonic()
    assert answered.code == 480
    assert told - switched(town, "lte", began_ns) <= REACHED_S
    assert callee.wire.request(method="CANCEL", timeout=HAPPENS_S)
    callee.wire.send(reply_to(request, 487, "Request Terminated", tag="callee"), source)
    again, request, source = rings_at(caller, callee)
    contact = [("Contact", callee.contact)]
    callee.wire.send(reply_to(request, 200, "OK", contact, SDP.format(callee.wire.address), tag="callee"), source)
    assert caller.wire.final(again, HAPPENS_S).code == 200
