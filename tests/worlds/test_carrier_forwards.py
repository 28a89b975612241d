"""World: the cloud PBX is dead, and the carrier forwards the town hall's number to the backup trunk. It rings where it should."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, telephony_alone
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.phone import Phone
from hil.rig.virtual.sip.trunk_calls import health, ring
from hil.rig.virtual.sip.wire import Hand
from hil.rig.virtual.sip.world import World
from hil.rig.virtual.waiting import wait_for

TOWN_HALL, TECHNICAL, POLICE = "+33298000000", "0298000001", "0298000002"
INBOUND = f"""[[voice.groups]]
number = "600"
members = ["102", "103"]
[voice.inbound]
default = "101"
[[voice.inbound.numbers]]
number = "0298000000"
to = "101"
[[voice.inbound.numbers]]
number = "{TECHNICAL}"
to = "600"
[[voice.inbound.numbers]]
number = "{POLICE}"
to = "103"
"""
NOBODY_WAITS_S = 1.2  # for a dead cloud PBX it would be 1.5 s


@dataclass
class Town(World):
    """Three desk phones, the operator's PBX, and the operator of the backup trunk."""

    carrier: Carrier = field(kw_only=True)
    third: Phone = field(kw_only=True)

    def phones(self) -> dict[str, Phone]:
        """By number."""
        return {phone.line.number: phone for phone in (self.first, self.second, self.third)}


@pytest.fixture
def town() -> Iterator[Town]:
    with telephony_alone() as box:
        carrier = Carrier(box.wire(20))
        pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS)
        pbx.start()
        box.start(box.site(more=INBOUND))
        desks = [box.phone(number, int(number), 440 + 210 * at) for at, number in enumerate(PASSWORDS)]
        town = Town(box, pbx, desks[0], desks[1], carrier=carrier, third=desks[2])
        town.settle()
        desks[2].wait_registered()
        wait_for(lambda: health(box, "pstn") == "well", "the trunk is well", every=0.2)
        yield town


def rung(town: Town, number: str) -> tuple[str, float]:
    """Whose phone took a call that the carrier forwards, and how soon the carrier had its answer; then it hangs up."""
    before = time.monotonic_ns()
    invite = ring(town.box, town.carrier, number)
    reply = town.carrier.final(invite)
    answer_s = (time.monotonic_ns() - before) / 1e9
    assert reply.code == 200, reply.start
    assert "m=audio" in reply.body
    outside = Hand(town.carrier.wire, "0611223344", "", "carrier.example", town.box.box, sequence=1)
    town.carrier.send(outside.within("ACK", invite, reply), town.box.box)
    wait_for(lambda: taken_by(town, before), "a phone is in the call")
    (who,) = taken_by(town, before)
    phone = town.phones()[who]
    assert "0611223344" in str(said(phone, "CALL_ESTABLISHED", before)), "it shows who calls"
    town.carrier.send(outside.within("BYE", invite, reply), town.box.box)
    wait_for(lambda: said(phone, "CALL_CLOSED", before), "it hears the end")
    return who, answer_s


def taken_by(town: Town, since: int) -> list[str]:
    return [who for who, phone in town.phones().items() if said(phone, "CALL_ESTABLISHED", since)]


def said(phone: Phone, kind: str, since: int) -> list[dict[str, object]]:
    return [event.fields for event in phone.events(kind) if event.at >= since]


@pytest.mark.parametrize("death", ["frozen", "killed"])
def test_it_rings_at_reception_at_a_hunt_group_and_at_an_extension(town: Town, death: str) -> None:
    assert town.call().good
    assert [(one.caller, one.called) for one in town.pbx.calls()] == [("101", "102")]
    if death == "frozen":
        town.freeze()
    else:
        assert town.pbx.process is not None
        town.pbx.process.kill()
    # At once, before anybody can have noticed, and later.
    for _ in range(2):
        who, answer_s = rung(town, TOWN_HALL)
        assert (who, answer_s < NOBODY_WAITS_S) == ("101", True)
        assert rung(town, TECHNICAL)[0] in ("102", "103")
        assert rung(town, POLICE)[0] == "103"
        assert rung(town, "+33298999999")[0] == "101", "no number of ours: reception"
        town.box.wait_mode("local")
    town.phones_never_noticed()
