"""On one leg: the link to the fibre and the telephones are one network, whose router is the commune's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.plan import Topology
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box
from tests.edge.uplinks.test_filter_town import asks, heard, listen
from tests.edge.uplinks.test_uplinks_failback import far_ends, seen_from, wait_back

pytestmark = pytest.mark.town


@pytest.fixture
def leg() -> Iterator[Box]:
    """Its box, which knows the telephones and the desks behind the commune's router as inside. Both links are good."""
    with Town("t-leg", ["targets", "staff"], Topology.ONE_LEG) as town:
        box, plan = Box(town), town.plan
        zone = (
            f'[[uplinks.zones]]\nname = "telephones"\ninterface = "{plan.fibre.edge_interface}"\n'
            f'networks = ["{plan.lan_network}", "{plan.staff_network}"]\n'
        )
        opened = '[[uplinks.open]]\nname = "pages"\nports = ["8080"]\n'
        listen(box, "edge", "udp:5060", "tcp:8080")
        box.write(*box.both(), zone, opened)
        box.start()
        box.wait_up("fibre", "lte", active="fibre")
        yield box


def test_who_is_inside_is_let_in_and_nobody_else_by_that_wire(leg: Box) -> None:
    plan, stranger = leg.town.plan, "10.99.0.9"
    assert asks(leg, "lan", "udp", plan.edge_lan, 5060)
    assert asks(leg, "staff", "udp", plan.edge_lan, 5060)
    leg.town.run("commune", ["ip", "address", "add", stranger, "dev", "lo"])
    assert asks(leg, "commune", "tcp", plan.edge_lan, 8080, stranger), "the way there and back"
    assert not asks(leg, "commune", "udp", plan.edge_lan, 5060, stranger)


def test_on_4g_the_building_is_where_it_was(leg: Box) -> None:
    plan = leg.town.plan
    leg.town.fault("fibre-blackhole")
    wait_for(lambda: leg.links()["active"] == "lte", "4G active", every=0.1)
    assert asks(leg, "lan", "udp", plan.edge_lan, 5060)
    assert asks(leg, "staff", "udp", plan.edge_lan, 5060), "answers to the desks leave by 4G"
    leg.edge(f"ping -c1 -W1 {plan.staff_host}; ping -c1 -W1 {plan.probe_host}")


def test_the_building_sees_the_address_that_speaks(leg: Box) -> None:
    second, plan = "10.77.0.2", leg.town.plan
    listen(leg, "lan", "udp:12000")
    leg.edge(f"ip address add {second}/24 dev {plan.fibre.edge_interface}")
    assert asks(leg, "edge", "udp", plan.browser_host, 12000, second)
    assert f"from {second}" in heard(leg, "lan")


def test_whoever_takes_the_box_for_the_way_out_fails_over_with_it(leg: Box) -> None:
    town = leg.town
    town.run("lan", ["ip", "route", "add", town.plan.echo, "via", town.plan.edge_lan])
    fibre, lte = town.plan.fibre.public, town.plan.lte.public
    ends = far_ends(town)
    assert {seen_from(end) for end in ends.values()} == {fibre}
    town.fault("fibre-blackhole")
    wait_for(lambda: {seen_from(end) for end in ends.values()} == {lte}, "every flow by 4G", every=0.1)
    ping = ["ping", "-c1", "-W2", "-I", town.plan.probe_host, town.plan.echo]
    assert town.run("lan", ping).returncode == 0, "answers by 4G find the host"
    town.heal("fibre-blackhole")
    leg.wait_up("fibre", "lte", active="fibre")
    wait_back(leg, ends["sip"], fibre)
    assert seen_from(ends["rtp"]) == lte, "the call was dragged back"
