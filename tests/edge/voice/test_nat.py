"""A NAT between phones and the box: the way back is found, and stays open."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.between import Between
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, HandPbx, Telephony, telephony_alone
from hil.rig.virtual.sip.wire import Hand, NothingHeard, reply_to

KEEPALIVE_S = 1
PINHOLE_S = 2.5  # a NAT that forgets sooner than a phone registers again


@pytest.fixture(params=["cloud", "alone"])
def world(request: pytest.FixtureRequest) -> Iterator[tuple[Telephony, HandPbx | None]]:
    with telephony_alone() as box:
        extra = f"keepalive_s = {KEEPALIVE_S}"
        if request.param == "alone":
            box.start(box.site(extra, cloud="# no cloud"))
            box.wait_mode("local")
            yield box, None
        else:
            pbx = HandPbx(box.wire(10))
            box.start(box.site(extra))
            box.wait_mode("cloud")
            yield box, pbx


def behind(box: Telephony, nat: Between, number: str, host: int, port: int = 5060) -> Hand:
    """A phone that knows the box by the inside of a NAT, and is silent unless asked."""
    return Hand(box.wire(host, port), number, PASSWORDS[number], DOMAIN, nat.inner)


def call_101(box: Telephony, pbx: HandPbx | None) -> None:
    """Somebody calls the phone that registered last: the cloud, or another phone."""
    if pbx is None:
        caller = box.hand("102", 102)
        assert caller.register().code == 200
        caller.begin(caller.invitation("101"))
    else:
        pbx.call(pbx.registered[-1].get("Contact").partition(">")[0].strip("<"), box.box)


def test_a_phone_behind_a_nat_is_called_after_its_pinhole_would_have_closed(
    world: tuple[Telephony, HandPbx | None],
) -> None:
    box, pbx = world
    nat = Between((f"{box.net}.201", 5060), f"{box.net}.202", box.box, pinhole_s=PINHOLE_S)
    nat.start()
    phone = behind(box, nat, "101", 101)
    assert phone.register(expires=60).code == 200
    inside = (f"{box.net}.101", 5060)
    door = nat.outside(inside)
    until = time.monotonic() + 2 * PINHOLE_S
    while time.monotonic() < until:
        question, source = phone.wire.request(timeout=PINHOLE_S, method="OPTIONS")
        phone.wire.send(reply_to(question, 200, "OK"), source)
    assert nat.outside(inside) == door, "the same pinhole all the time"
    (shown,) = box.json("voice", "phones")["phones"]
    assert shown["address"] == f"{door[0]}:{door[1]}"

    call_101(box, pbx)
    ringing, source = phone.wire.request()
    assert source == nat.inner
    phone.wire.send(reply_to(ringing, 486, "Busy Here"), source)
    nat.stop()


def test_nothing_is_kept_open_without_a_nat(world: tuple[Telephony, HandPbx | None]) -> None:
    box, _ = world
    phone = box.hand("101", 101)
    assert phone.register(expires=60).code == 200
    with pytest.raises(NothingHeard):
        # What voice asks came to Kamailio first, and has a Via of each.
        phone.wire.receive(lambda said: said.method == "OPTIONS" and len(said.all("Via")) == 1, 3 * KEEPALIVE_S)
    (shown,) = box.json("voice", "phones")["phones"]
    assert shown["cloud"] == (world[1] is not None), "what keeps a NAT open says nothing of who granted it"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_contact_that_nobody_can_reach_is_called_where_it_was_heard(
    world: tuple[Telephony, HandPbx | None], transport: str
) -> None:
    """Over TCP that is the phone's own connection: nobody could open another one."""
    box, pbx = world
    phone = box.hand("101", 101, port=5070, transport=transport)
    assert phone.register([f"<sip:101@10.9.8.7:5062;transport={transport}>"]).code == 200
    call_101(box, pbx)
    ringing, source = phone.wire.request()
    assert ringing.uri.startswith("sip:101@10.9.8.7:5062"), "what the phone calls itself"
    phone.wire.send(reply_to(ringing, 486, "Busy Here"), source)


def test_a_phone_behind_a_nat_that_the_cloud_refused_is_rung_by_the_box(telephony: Telephony) -> None:
    """Its binding carries the flags of the NAT, but not that of the cloud."""
    pbx = HandPbx(telephony.wire(10))
    telephony.start()
    telephony.wait_mode("cloud")
    nat = Between((f"{telephony.net}.201", 5060), f"{telephony.net}.202", telephony.box)
    nat.start()
    phone, caller = behind(telephony, nat, "101", 101), telephony.hand("102", 102)
    pbx.refuse = (503, "Service Unavailable")
    assert phone.register().code == 200
    invite = caller.invitation("101")
    challenge = caller.ask(invite, prove=False)
    assert challenge.code == 407
    with pytest.raises(NothingHeard):
        pbx.request(0.1)
    caller.wire.send(caller.proved(invite, challenge), telephony.box)
    ringing, source = phone.wire.request()
    phone.wire.send(reply_to(ringing, 486, "Busy Here"), source)
    nat.stop()
