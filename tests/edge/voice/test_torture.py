"""The torture messages of RFC 4475 against the real Kamailio: each gets an answer the RFC allows, and nothing breaks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hil.rig.virtual.sip.health import KamailioHealth, call_and_hang_up
from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony, telephony_alone
from hil.rig.virtual.sip.torture import Torture, messages
from hil.rig.virtual.sip.wire import Message, NothingHeard, Wire, reply_to

SILENCE_S = 0.4
PORTS = itertools.count(20000)

# What Kamailio's parser cannot read it drops, where the RFC has an answer: docs/adr/0104. Never is it passed on.
UNREAD = {
    "wsinv": "a folded CSeq",
    "intmeth": "a header name with ' and `",
    "esc02": "a header name with %",
    "badinv01": "an empty parameter in Via",
    "ncl": "a negative Content-Length",
    "quotbal": "a quote without end in To",
    "lwsruri": "a space in the Request-URI",
    "lwsstart": "two spaces in the first line",
    "badvers": "SIP/7.0",
    "insuf": "no Call-ID, From, To",
    "multi01": "two CSeq",
    "mcl01": "two Content-Length",
}
# Octets after the body of a datagram would be a request of their own on a stream towards the cloud PBX.
STRICTER = {("dblreq", "udp"): 400}


@dataclass(eq=False)
class Everything(HandPbx):
    """A cloud PBX that takes whatever it is given: what does not reach it was stopped by the box."""

    taken: list[Message] = field(default_factory=list)

    def other(self, message: Message, source: tuple[str, int]) -> None:
        self.taken.append(message)
        if message.code or message.method == "ACK":
            return
        full = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID"} | {"cseq": "CSeq", "call-id": "Call-ID"}
        headers = [(full.get(name.lower(), name.capitalize()), value) for name, value in message.headers]
        self.wire.send(reply_to(Message(message.start, headers), 404, "Not Found"), source)


@dataclass
class World:
    """A box, and the cloud PBX that it may have."""

    box: Telephony
    cloud: Everything | None
    health: KamailioHealth
    pids: frozenset[int]
    passed: list[Message] = field(default_factory=list)


def world_of(box: Telephony, cloud: Everything | None) -> World:
    health = KamailioHealth(box)
    return World(box, cloud, health, health.pids(), [] if cloud is None else cloud.taken)


@pytest.fixture(scope="module", params=["cloud", "alone"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with telephony_alone() as box:
        if request.param == "alone":
            box.start(box.site(cloud="# no cloud"))
            box.wait_mode("local")
            yield world_of(box, None)
        else:
            cloud = Everything(box.wire(10))
            box.start()
            box.wait_mode("cloud")
            yield world_of(box, cloud)


def final(box: Telephony, transport: str, raw: bytes) -> int | None:
    """The code of the final reply to these bytes; None when there is none, or the connection is closed."""
    with Wire(f"{box.net}.101", next(PORTS), transport) as wire:
        if transport == "tcp":
            wire.connect(box.box)
            wire.sock.sendall(raw)
        else:
            wire.sock.sendto(raw, box.box)
        try:
            reply, _ = wire.receive(lambda message: message.code >= 200, SILENCE_S)
        except (NothingHeard, ConnectionError):
            return None
        return reply.code


def allowed(one: Torture, world: World, transport: str) -> set[int | None]:
    """What the RFC allows, with the deviations named above."""
    if (one.name, transport) in STRICTER:
        return {STRICTER[one.name, transport]}
    if one.name in UNREAD:
        return {None}
    codes: set[int | None] = set(one.codes)
    if one.silence_allowed(transport):
        codes.add(None)
    if world.cloud is None and one.understood:
        # Alone the box carries calls and messages; other methods have nobody to serve them.
        codes.add(503)
    return codes


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("one", messages(), ids=lambda one: one.name)
def test_each_message_gets_an_answer_the_rfc_allows(world: World, one: Torture, transport: str) -> None:
    before = len(world.passed)
    code = final(world.box, transport, one.marked(transport))
    assert code in allowed(one, world, transport)
    if one.name in UNREAD or not one.understood:
        refused = [message for message in world.passed[before:] if one.name in message.get("Call-ID")]
        assert not refused or 404 in one.codes, "what is wrong in form is not passed on"


def test_afterwards_the_same_workers_carry_a_call(world: World) -> None:
    assert world.health.pids() == world.pids
    assert world.box.root.running["voice"].process.poll() is None
    if world.cloud is None:
        assert call_and_hang_up(world.box.hand("101", 111), world.box.hand("102", 112)).code == 200
        return
    world.box.wait_mode("cloud")
    desk = world.box.hand("101", 111)
    assert desk.register().code == 200
    before = len(world.passed)
    assert desk.ask(desk.invitation("0612345678")).code == 404, "the cloud PBX's own answer"
    assert world.passed[before].method == "INVITE"


def test_an_unknown_extension_of_proxies_is_named_and_never_in_the_way_of_emergency(world: World) -> None:
    desk = world.box.hand("101", 113)
    ask = desk.compose("OPTIONS", f"sip:102@{DOMAIN}", headers=[("Proxy-Require", "sec-magic")])
    reply = desk.ask(ask, prove=False)
    assert (reply.code, reply.get("Unsupported")) == (420, "sec-magic")
    trunk = world.box.wire(20)
    urgent = desk.invitation("112")
    urgent.headers.append(("Proxy-Require", "sec-magic"))
    desk.wire.send(urgent, desk.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)


def test_there_are_forty_nine() -> None:
    assert len({one.section for one in messages()}) == len(messages()) == 49
