"""World: the cloud PBX is dead, and the carrier forwards the town hall's number to the backup trunk. It rings here."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, telephony_alone
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.phone import Phone
from hil.rig.virtual.sip.trunk_calls import ring
from hil.rig.virtual.sip.wire import Hand, Message, reply_to
from hil.rig.virtual.sip.world import World

RECEPTION, GROUP, DIRECT = "+33298000001", "+33298000600", "+33298000102"
SITE = f"""
[voice.inbound]
default = "101"
[[voice.inbound.numbers]]
number = "{RECEPTION}"
to = "101"
[[voice.inbound.numbers]]
number = "{GROUP}"
to = "600"
[[voice.inbound.numbers]]
number = "{DIRECT}"
to = "102"
[[voice.groups]]
number = "600"
members = ["103", "102"]
order = "in_turn"
ring_s = 3
"""


@pytest.fixture
def world() -> Iterator[World]:
    """Two phones at their desks and the operator's PBX, which is about to die."""
    with telephony_alone() as box:
        box.start(box.site(more=SITE))
        pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS)
        pbx.start()
        world = World(box, pbx, box.phone("101", 101, 440), box.phone("102", 102, 650))
        world.settle()
        yield world


def taken(world: World, carrier: Carrier, invite: Message, phone: Phone) -> None:
    """A phone takes the call, which ends for it when the caller hangs up."""
    begun = time.monotonic_ns()
    reply = carrier.final(invite)
    assert reply.code == 200
    outside = Hand(carrier.wire, "0611223344", "", "carrier.example", world.box.box)
    for method, event in (("ACK", "CALL_ESTABLISHED"), ("BYE", "CALL_CLOSED")):
        carrier.wire.send(outside.within(method, invite, reply), world.box.box)
        phone.wait_event(event, 3, begun)


@pytest.mark.parametrize("known", [False, True], ids=["at once", "later"])
def test_it_rings_at_reception_at_a_group_and_at_an_extension(world: World, known: bool) -> None:
    """Also before anything has noticed that the cloud PBX is silent."""
    carrier = Carrier(world.box.wire(20))
    police = world.box.hand("103", 103)
    assert police.register().code == 200
    world.freeze()
    if known:
        world.box.wait_mode("local")
    taken(world, carrier, ring(world.box, carrier, RECEPTION), world.first)
    taken(world, carrier, ring(world.box, carrier, DIRECT), world.second)
    # The first member is busy, the second one takes it.
    invite = ring(world.box, carrier, GROUP)
    request, source = police.wire.request()
    police.wire.send(reply_to(request, 486, "Busy Here"), source)
    taken(world, carrier, invite, world.second)
    world.phones_never_noticed()


def test_a_number_that_is_not_ours_rings_at_reception(world: World) -> None:
    carrier = Carrier(world.box.wire(20))
    world.freeze()
    taken(world, carrier, ring(world.box, carrier, "+33298000999"), world.first)
