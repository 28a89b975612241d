"""The building of the town as it is by default: a device that is plugged in has an address, names and a way out."""

from __future__ import annotations

import json
import sys
from ipaddress import IPv4Address

import pytest

from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

ASK = (
    "import socket, sys\n"
    "from hil.rig.virtual.lan.names import address_in, question\n"
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((sys.argv[1], 53))\n"
    "s.send(question(7, sys.argv[2])); print(address_in(s.recv(2000)) or '')\n"
)


def resolves(town: Town, name: str) -> str | None:
    done = town.run("lan", [sys.executable, "-c", ASK, town.plan.edge_lan, name])
    return done.stdout.strip() or None


def test_a_device_that_is_plugged_in_has_an_address_and_names_also_after_the_fibre_failed() -> None:
    with Town("t-lan", ["targets", "resolvers"]) as town:
        plan = town.plan
        town.start_appliance(only="settings,uplinks,dnsmasq")
        town.wait_ready()
        wait_for(lambda: resolves(town, "repli.mairie.internal") == plan.edge_lan, "names", every=0.1)
        done = town.run(
            "lan", [sys.executable, "-m", "hil.rig.virtual.lan.dhcp", plan.lan_interface, "02:00:00:00:00:77"]
        )
        given = json.loads(done.stdout)
        assert IPv4Address(plan.dhcp_first) <= IPv4Address(given["address"]) <= IPv4Address(plan.dhcp_last)
        box = bytes(map(int, plan.edge_lan.split(".")))
        assert [bytes.fromhex(given["options"][number]) for number in ("3", "6", "42")] == [box] * 3
        outside = f"www.{plan.resolved_zone}"
        wait_for(lambda: resolves(town, outside) == plan.fibre.resolver_says, "a name by the fibre", every=0.1)
        town.fault("fibre-blackhole")
        other = f"ftp.{plan.resolved_zone}"
        wait_for(lambda: resolves(town, other) == plan.lte.resolver_says, "a name by 4G", every=0.1)
