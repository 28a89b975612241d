"""World: the cloud PBX is named by name, and its name servers fail or lie. Its last good addresses go on serving."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony, telephony_alone
from hil.rig.virtual.sip.name_server import NameServer
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import STAFF, World
from hil.rig.virtual.waiting import wait_for

NAME = "sip.operateur.example"
FIRST_S = 3.0  # generous: the figures are scripts/bench-voice's


@pytest.fixture
def names() -> Iterator[NameServer]:
    """A name server, on the network of the box once that is known."""
    with NameServer() as server:
        yield server


@pytest.fixture
def box(names: NameServer) -> Iterator[Telephony]:
    """A box that knows its cloud PBX by name: two addresses, the second for when the first is dead."""
    with telephony_alone() as box:
        names.listen(f"{box.net}.53")
        names.services[f"_sip._udp.{NAME}"] = [(10, "a.operateur.example"), (20, "b.operateur.example")]
        names.addresses["a.operateur.example"] = [f"{box.net}.10"]
        names.addresses["b.operateur.example"] = [f"{box.net}.11"]
        box.root.paths.resolver_file.write_text(f"nameserver {box.net}.53\n")
        box.start(box.site(cloud=f'cloud = {{ address = "{NAME}" }}', extensions={**PASSWORDS, **STAFF}))
        yield box


@pytest.fixture
def pbxs(box: Telephony) -> list[Pbx]:
    """At both addresses, the preferred one first."""
    everybody = {**PASSWORDS, **STAFF}
    both = [
        Pbx(box.place, f"{box.net}.{host}", DOMAIN, everybody, name=name) for host, name in ((10, "pbx"), (11, "pbx2"))
    ]
    for pbx in both:
        pbx.start()
    box.wait_mode("cloud")
    return both


def issues(box: Telephony) -> list[str]:
    (voice,) = [daemon for daemon in box.json("status")["daemons"] if daemon["name"] == "voice"]
    return [one["id"] for one in voice["issues"] if "cloud" in one["id"]]


def served_by(box: Telephony, pbx: Pbx, host: int) -> bool:
    """A phone registers and calls; whether this PBX had the call."""
    assert pbx.process is not None
    before = pbx.process.log_text().count("call 103 ->")
    phone = box.hand("103", host)
    assert phone.register().code == 200
    assert phone.ask(phone.invitation("199")).code == 480, "as the PBX says of a number it does not have"
    return pbx.process.log_text().count("call 103 ->") == before + 1


def test_a_dead_address_is_left_for_the_next_inside_the_transaction(box: Telephony, pbxs: list[Pbx]) -> None:
    first, second = pbxs
    assert served_by(box, first, 160)
    world = World(box, first, box.phone("101", 101, 440), box.phone("102", 102, 650))
    world.settle()
    world.freeze()
    begun = time.monotonic()
    assert served_by(box, second, 161)
    assert time.monotonic() - begun <= FIRST_S
    assert [one for one in refresh_evenly(world.staff(), 80, 1.5) if not one.good] == []
    assert box.json("voice", "mode")["mode"] == "cloud"
    # And when the second is silent too, the box serves, in no more time than with one.
    assert second.process is not None
    second.process.kill()
    assert world.call().answer_s <= FIRST_S
    box.wait_mode("local")
    world.phones_never_noticed()


@pytest.mark.parametrize("fault", ["silent", "unknown", "lies"])
def test_name_servers_that_fail_or_lie_change_nothing_even_through_restarts(
    box: Telephony, names: NameServer, pbxs: list[Pbx], fault: str
) -> None:
    first = pbxs[0]
    assert issues(box) == []
    if fault == "silent":
        names.mute = True
    else:
        names.services.clear()
    if fault == "lies":
        names.addresses[NAME] = [str(IPv4Address("0.0.0.0"))]
    box.root.running["voice"].kill()
    box.root.start("voice")
    wait_for(lambda: issues(box) == [f"voice.cloud_name_{fault}"], "its issue", every=0.3)
    assert served_by(box, first, 160)
    # Kamailio starts from what was found, with nobody to ask: voice is dead, too.
    box.root.running["voice"].kill()
    box.root.running["kamailio"].kill()
    box.root.start("kamailio")
    assert served_by(box, first, 161)


def test_a_name_that_was_never_found_is_said_and_phones_are_served(names: NameServer) -> None:
    with telephony_alone() as box:
        names.listen(f"{box.net}.53")
        names.mute = True
        box.root.paths.resolver_file.write_text(f"nameserver {box.net}.53\n")
        box.start(box.site(cloud=f'cloud = {{ address = "{NAME}" }}'))
        assert box.wait_mode("local")["reason"] == "cloud_unknown"
        assert box.hand("101", 160).register().code == 200
        wait_for(lambda: issues(box) == ["voice.cloud_never_found"], "its issue", every=0.3)
        # Found at last, it must prove itself for the hold-down like any cloud that is back.
        pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS)
        pbx.start()
        names.addresses[NAME] = [box.cloud]
        names.mute = False
        box.wait_mode("cloud", 30)
        assert issues(box) == []
        assert served_by(box, pbx, 161)
