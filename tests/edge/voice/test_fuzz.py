"""Broken SIP, the same for the same seed: no worker dies, memory stays flat, voice lives, and calls go on."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.health import KamailioHealth, Memory, call_and_hang_up
from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony, telephony_alone
from hil.rig.virtual.sip.torture import messages
from hil.rig.virtual.sip.torture.mutate import mutants
from hil.rig.virtual.sip.wire import SDP, Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for

COUNT = 2000  # messages of each round
AT_ONCE = 40  # sent before asking whether anybody is left: a socket buffer holds them
GROWTH = 128 * 1024  # bytes; a leak of a hundred bytes in every second message would be over it
PROBES = 10  # transactions of our own that stand at any time
HOSTS = itertools.cycle(range(120, 250))  # each stays below what the guard calls a flood
PORTS = itertools.count(20000)


class Generous(HandPbx):
    """A cloud PBX that refuses every call."""

    def other(self, message: Message, source: tuple[str, int]) -> None:
        if not message.code and message.method != "ACK":
            self.wire.send(reply_to(message, 486, "Busy Here"), source)


@pytest.fixture(scope="module", params=["cloud", "alone"])
def box(request: pytest.FixtureRequest) -> Iterator[Telephony]:
    with telephony_alone() as one:
        if request.param == "cloud":
            Generous(one.wire(10), expires=1)
            one.start(one.site(more="probe = false"))
            one.wait_mode("cloud")
        else:
            one.start(one.site(cloud="# no cloud", more="probe = false"))
            one.wait_mode("local")
        yield one


def seeds(box: Telephony) -> list[bytes]:
    """The torture messages, and what phones of this box say, so that mutants come as far as any call does."""
    with box.wire(119) as wire:
        hand = Hand(wire, "101", "x", DOMAIN, box.box)
        invite = hand.invitation("102")
        said = [
            invite,
            hand.invitation("0612345678"),
            hand.invitation("112"),
            hand.compose("REGISTER", f"sip:{DOMAIN}", to=f"<sip:101@{DOMAIN}>", headers=[("Contact", hand.contact)]),
            hand.compose("BYE", hand.contact.strip("<>"), to=f"<sip:102@{DOMAIN}>;tag=1", call_id="none"),
            hand.compose("CANCEL", invite.uri, call_id=invite.get("Call-ID")),
            hand.compose("MESSAGE", f"sip:102@{DOMAIN}", body=SDP),
            hand.compose("OPTIONS", f"sip:{box.box[0]}"),
            reply_to(invite, 200, "OK"),
        ]
    return [*(one.raw for one in messages()), *(message.encode() for message in said * 3)]


def alive(box: Telephony) -> None:
    """Every worker may have its turn: somebody answers an OPTIONS at once."""
    with box.wire(118, port=next(PORTS)) as wire:
        hand = Hand(wire, "101", "x", DOMAIN, box.box)
        assert hand.ask(hand.compose("OPTIONS", f"sip:{box.box[0]}")).code == 200


def fuzz(box: Telephony, seed: int, transport: str) -> None:
    """One round."""
    chance = random.Random(seed)
    broken = mutants(seeds(box), seed, COUNT if transport == "udp" else COUNT // 4)
    while batch := list(itertools.islice(broken, AT_ONCE)):
        if transport == "udp":
            with box.wire(next(HOSTS), port=next(PORTS)) as wire:
                for one in batch:
                    wire.sock.sendto(one, box.box)
        else:
            for one in batch:
                _pour(box, one, chance)
        alive(box)


def _pour(box: Telephony, one: bytes, chance: random.Random) -> None:
    """Over a connection of its own, in two pieces, closed or forgotten at once."""
    with box.wire(next(HOSTS), port=next(PORTS), transport="tcp") as wire:
        wire.connect(box.box)
        cut = chance.randrange(len(one) + 1)
        try:
            wire.sock.sendall(one[:cut])
            wire.sock.sendall(one[cut:])
        except ConnectionError:
            return  # the box would not hear the rest


def settled(health: KamailioHealth) -> Memory:
    """Once every transaction is forgotten but those of the probes, of which one begins each second and stays for some."""
    wait_for(lambda: health.transactions() <= PROBES, "no transaction left", 60, every=0.5)
    time.sleep(2)  # seconds; bindings of one second go, by a timer of one second
    return health.memory()


def test_a_seeded_fuzzer_kills_no_worker_and_leaves_no_memory_behind(box: Telephony) -> None:
    health = KamailioHealth(box)
    before = health.pids()
    for transport in ("udp", "tcp"):
        fuzz(box, 1, transport)  # fills what is filled once: caches, tables of the guard
    first = settled(health)
    for transport in ("udp", "tcp"):
        fuzz(box, 2, transport)
    second = settled(health)
    assert health.pids() == before
    assert second.shared - first.shared < GROWTH
    assert second.private - first.private < GROWTH
    assert second.resident - first.resident < 4 * GROWTH
    voice = box.root.running["voice"].process
    assert voice.poll() is None
    assert box.json("voice", "mode")["told"]


def test_afterwards_a_call_goes_on(box: Telephony) -> None:
    if box.json("voice", "mode")["reason"] != "no_cloud":
        box.wait_mode("cloud")
        phone = box.hand("101", 111)
        assert phone.register().code == 200
        assert phone.ask(phone.invitation("0612345678")).code == 486, "the cloud PBX's own answer"
    else:
        assert call_and_hang_up(box.hand("101", 111), box.hand("102", 112)).code == 200
