"""Addresses, names and time for the building: what a device in the LAN is given, and how fast names come back."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hil.rig.virtual.lan.names import Names
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

URL = "http://10.77.0.1:8080/provisioning/"
PHONE = "02:00:00:00:01:01"
DHCP = f"""[uplinks.zones.dhcp]
first = "10.77.0.150"
last = "10.77.0.160"
provisioning_url = "{URL}"
reservations = [{{ mac = "{PHONE}", address = "10.77.0.99", name = "accueil" }}]
"""
LAN = f"""
[uplinks.dns]
domain = "mairie.internal"
hosts = [{{ name = "imprimante", address = "10.77.0.9" }}]
[[uplinks.zones]]
name = "lan"
interface = "lan0"
address = "10.77.0.1/24"
{DHCP}
"""


@pytest.fixture
def box() -> Iterator[Box]:
    """A box in a town whose ISPs have resolvers; each link names its own."""
    with Town("t-services", parts=["targets", "resolvers", "ntp"]) as town:
        yield Box(town)


@pytest.fixture
def served(box: Box) -> Box:
    """Both links good, the fibre active, the building served."""
    box.write(*links(box), LAN)
    box.start()
    box.start(name="dnsmasq")
    box.wait_up("fibre", "lte", active="fibre")
    wait_for(lambda: resolves(box, "imprimante.mairie.internal"), "dnsmasq answering", every=0.1)
    return box


def links(box: Box) -> list[str]:
    fibre, lte = box.town.plan.isps
    return [
        box.static(fibre, f'dns = ["{fibre.resolver}"]'),
        box.static(lte, f'dns = ["{lte.resolver}"]\nmetered = true'),
    ]


def resolves(box: Box, name: str) -> str | None:
    """The address a device in the LAN gets for a name."""
    ask = (
        "import socket, sys\n"
        "from hil.rig.virtual.lan.names import address_in, question\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((sys.argv[1], 53))\n"
        "s.send(question(7, sys.argv[2])); print(address_in(s.recv(2000)) or '')\n"
    )
    done = box.town.run("lan", [sys.executable, "-c", ask, box.town.plan.edge_lan, name])
    return done.stdout.strip() or None


def lease(box: Box, hardware: str) -> dict[str, Any]:
    """What a device of this hardware address is given."""
    done = box.town.run("lan", [sys.executable, "-m", "hil.rig.virtual.lan.dhcp", "lan0", hardware])
    assert done.returncode == 0, done.stderr
    given: dict[str, Any] = json.loads(done.stdout)
    return given


def asked(box: Box) -> list[list[str]]:
    """ISP and name of every question its resolver had."""
    return [line.split() for line in box.town.process("resolvers").log_text().splitlines() if " " in line]


def test_a_telephone_is_given_its_address_and_where_its_settings_are(served: Box) -> None:
    given = lease(served, PHONE)
    options = {number: bytes.fromhex(value) for number, value in given["options"].items()}
    box = bytes([10, 77, 0, 1])
    assert (given["address"], given["server"]) == ("10.77.0.99", "10.77.0.1")
    assert (options["3"], options["6"], options["42"]) == (box, box, box)
    assert options["66"].rstrip(b"\0") == options["160"].rstrip(b"\0") == URL.encode()
    assert options["43"] == bytes([66, len(URL)]) + URL.encode()
    assert options["15"] == b"mairie.internal"
    assert resolves(served, "accueil.mairie.internal") == "10.77.0.99"
    other = lease(served, "02:00:00:00:02:02")
    assert 150 <= int(other["address"].rpartition(".")[2]) <= 160


def test_names_are_asked_of_the_link_that_carries_and_of_no_other(served: Box) -> None:
    fibre, lte = served.town.plan.isps
    zone = served.town.plan.resolved_zone
    assert resolves(served, "imprimante.mairie.internal") == resolves(served, "imprimante") == "10.77.0.9"
    assert resolves(served, f"avant.{zone}") == fibre.resolver_says
    assert resolves(served, "nobody.mairie.internal") is None
    served.town.fault("fibre-blackhole")
    wait_for(lambda: served.links()["active"] == "lte", "4G active", every=0.1)
    wait_for(lambda: resolves(served, f"apres.{zone}") == lte.resolver_says, "the other resolver", every=0.1)
    assert ["fibre", f"avant.{zone}"] in asked(served)
    assert {isp for isp, name in asked(served) if name.startswith("avant")} == {"fibre"}
    assert not [name for _, name in asked(served) if "mairie.internal" in name], "a local name left the building"


def test_a_name_resolves_soon_after_a_blackhole(served: Box) -> None:
    with Names(served.town) as names:
        names.wait_answers(10)
        since = served.town.fault("fibre-blackhole")
        time.sleep(7)
        assert names.outage_s(since) <= 2.0  # generous: figures are in ADR 0081
        assert names.answers()[-1].address == served.town.plan.lte.resolver_says
        assert names.longest_wait_s(since) <= 3.0  # asked while the fibre was dead, and not when the device asks again


def test_with_uplinks_dead_names_go_on_and_with_dnsmasq_dead_the_switch_does(served: Box) -> None:
    zone = served.town.plan.resolved_zone
    served.kill()
    assert resolves(served, f"seul.{zone}") == served.town.plan.fibre.resolver_says
    served.start()
    served.wait_up("fibre", "lte", active="fibre")
    served.town.process("dnsmasq").kill()
    served.town.fault("fibre-blackhole")
    wait_for(lambda: served.links()["active"] == "lte", "4G active", every=0.1)
    assert served.issues() == {("uplinks.no_answer", "fibre")}
    served.start(name="dnsmasq")
    wait_for(lambda: resolves(served, f"encore.{zone}") == served.town.plan.lte.resolver_says, "names", every=0.1)


def clock(box: Box) -> dict[str, Any]:
    """What a device in the LAN hears when it asks the box for the time; nothing when nobody answers."""
    done = box.town.run("lan", [sys.executable, "-m", "hil.rig.virtual.lan.clock", box.town.plan.edge_lan])
    heard: dict[str, Any] = json.loads(done.stdout or "{}")
    return heard


def origin(box: Box) -> dict[str, Any]:
    """`repli time --json`."""
    said: dict[str, Any] = json.loads(box.town.repli("time", "--json").stdout)
    return said


@pytest.mark.alone
def test_the_box_serves_the_time_of_a_server_and_says_so_and_the_machines_clock_stays(box: Box) -> None:
    plan = box.town.plan
    began, before = time.monotonic(), time.time()
    box.write(*links(box), LAN, f'[uplinks.time]\nsources = ["{plan.ntp}"]')
    box.start()
    box.start(name="chrony")
    # Until the server is heard, the box's own clock is better than none.
    wait_for(lambda: clock(box).get("stratum") == 2, "the server's time", every=0.3)
    time.sleep(3)  # chrony trusts the first measurement for a moment only, and waits for the next
    wait_for(lambda: clock(box).get("stratum") == 2, "the server's time for good", every=0.3)
    assert abs(clock(box)["ahead_s"] - plan.ntp_ahead_s) < 1
    said = origin(box)
    assert (said["source"], said["server"], said["stratum"]) == ("ntp", plan.ntp, 2)
    assert abs(said["offset_s"] - plan.ntp_ahead_s) < 1
    assert box.town.repli("time").returncode == 0
    assert abs((time.time() - before) - (time.monotonic() - began)) < 1, "the machine's clock was set"


def test_with_no_server_the_box_serves_its_own_clock_and_says_so(box: Box) -> None:
    box.write(*links(box), LAN)
    assert origin(box)["source"] == "off"
    assert box.town.repli("time").returncode == 0  # nothing was to be served
    box.start()
    box.start(name="chrony")
    wait_for(lambda: clock(box), "the time", every=0.3)
    heard = clock(box)
    assert heard["stratum"] == 10
    assert abs(heard["ahead_s"]) < 1
    assert origin(box)["source"] in ("rtc", "system")
    box.town.process("chrony").kill()
    assert (origin(box)["source"], box.town.repli("time").returncode) == ("off", 1)
