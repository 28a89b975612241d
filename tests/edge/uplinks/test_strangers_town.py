"""Strangers among the desks, for real: a second DHCP server, a second gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box
from tests.edge.uplinks.test_filter_town import start, zone

pytestmark = pytest.mark.town

SERVED = 'address = "10.78.0.1/24"\ndhcp = { first = "10.78.0.100", last = "10.78.0.200" }\n'


@pytest.fixture
def desks() -> Iterator[Box]:
    """Desks in a zone of their own, nothing started yet."""
    with Town("t-strangers", parts=["staff", "targets"]) as town:
        yield Box(town)


def mac(box: Box) -> str:
    printed = box.town.run("staff", ["ip", "-json", "link", "show", box.town.plan.staff_interface]).stdout
    return str(json.loads(printed)[0]["address"])


def serve_addresses(box: Box) -> None:
    """The small router that somebody brought along."""
    command = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"]
    command += [f"--interface={box.town.plan.staff_interface}", "--dhcp-range=10.78.0.50,10.78.0.60,2m"]
    command += [f"--dhcp-leasefile={box.town.folder}/rogue.leases", "--user=root"]
    box.town.spawn("staff", command, "rogue.log").wait_printed("DHCP, IP range")


def devices(box: Box, issue: str) -> str:
    daemons = json.loads(box.town.repli("status", "--json").stdout)["daemons"]
    issues = next(daemon for daemon in daemons if daemon["name"] == "uplinks")["issues"]
    return next((str(entry["data"]["devices"]) for entry in issues if entry["id"] == issue), "")


def test_a_second_dhcp_server_is_named(desks: Box) -> None:
    serve_addresses(desks)
    start(desks, zone("bureaux", desks.town.plan.staff_interface, "staff") + SERVED)
    wait_for(lambda: ("uplinks.rogue_dhcp", "bureaux") in desks.issues(), "the rogue named", every=0.2)
    assert devices(desks, "uplinks.rogue_dhcp") == f"{mac(desks)} ({desks.town.plan.staff_host})"
    assert ("uplinks.duplicate_address", "bureaux") not in desks.issues()


def test_a_second_gateway_is_named(desks: Box) -> None:
    """And where the box gives no addresses, whoever does is no stranger."""
    plan = desks.town.plan
    serve_addresses(desks)
    desks.town.run("staff", ["ip", "address", "add", f"{plan.edge_staff}/24", "dev", plan.staff_interface])
    start(desks, zone("bureaux", plan.staff_interface, "staff"))
    wait_for(lambda: ("uplinks.duplicate_address", "bureaux") in desks.issues(), "it is named", every=0.2)
    assert devices(desks, "uplinks.duplicate_address") == f"{mac(desks)} ({plan.edge_staff})"
    assert ("uplinks.rogue_dhcp", "bureaux") not in desks.issues()
