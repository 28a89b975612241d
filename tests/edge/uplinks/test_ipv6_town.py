"""IPv6 in a town: seen in the cloud, behind ISPs that translate nothing."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from hil.rig.virtual.flow.flow import Ends
from hil.rig.virtual.network import nft
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box
from tests.edge.uplinks.test_filter_town import asks, heard, listen

pytestmark = pytest.mark.town

# The box's own: connected once, so it keeps the fibre's address when it moves.
CONNECTED = """
import socket, sys, time
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], 9))
print("sending", flush=True)
while True:
    try:
        sock.send(b"x")
    except OSError:
        pass
    time.sleep(0.02)
"""
HEAD = 'hold_down_s = 2.0\nipv6 = {{ ula = "{0}" }}'


def ipv6(isp: Isp, *, routed: bool) -> str:
    """What an ISP gives: a prefix, or one address."""
    line = isp.ipv6
    prefix = f', prefix = "{line.prefix}"' if routed else ""
    return f'ipv6 = {{ cidr = "{line.edge_cidr}", gateway = "{line.gateway}"{prefix} }}'


def start(box: Box, fibre: str, lte: str) -> None:
    plan = box.town.plan
    links = (box.static(plan.fibre, fibre), box.static(plan.lte, f"metered = true\n{lte}"))
    box.write(*links, head=HEAD.format(plan.ula))
    box.start()
    wait_settled(box)


def wait_settled(box: Box) -> None:
    """Return once both links are good, and the box answers to its IPv6 addresses: the kernel proves them unique first."""
    box.wait_up("fibre", "lte", active="fibre")
    wait_for(lambda: "tentative" not in box.edge("ip -6 addr show scope global"), "addresses proved", every=0.1)


@pytest.fixture
def six() -> Iterator[Box]:
    """A box in a town with IPv6, nothing started yet."""
    with Town("t-six", parts=["targets", "ipv6"]) as town:
        yield Box(town)


@pytest.fixture
def both(six: Box) -> Box:
    """The fibre with a prefix of its own, 4G with one address; the fibre active."""
    start(six, ipv6(six.town.plan.fibre, routed=True), ipv6(six.town.plan.lte, routed=False))
    return six


def of_fibre(box: Box) -> str:
    """The probe host's address behind the fibre: the prefix changed, the rest kept."""
    plan = box.town.plan
    host = int(ip_address(plan.probe_host_ipv6)) - int(ip_network(plan.ula).network_address)
    return str(ip_network(plan.fibre.ipv6.prefix)[host])


def of_lte(box: Box) -> str:
    """The one address of 4G."""
    return box.town.plan.lte.ipv6.edge_cidr.partition("/")[0]


def test_flows_leave_a_silent_blackhole_and_come_back(both: Box) -> None:
    town = both.town
    with town.flow(ends=town.ends_ipv6) as flow, town.new_flows(ends=town.ends_ipv6) as opener:
        flow.wait_arrivals(25)
        assert flow.source() == of_fibre(both)
        since = town.fault("fibre-blackhole")
        flow.wait_from(of_lte(both))
        wait_for(lambda: opener.since(since).outage_s, "a new flow by 4G")
        fared, outage = opener.since(since), flow.outage(since)
        print(f"IPv6: new flows out for {fared.outage_s}, the established one for {outage.seconds:.2f} s")
        assert fared.outage_s is not None
        assert 0 < fared.outage_s <= 2.0
        assert outage.seconds <= 2.0
        town.heal("fibre-blackhole")
        both.wait_up("fibre", "lte", active="fibre")
    with town.flow(name="again", ends=town.ends_ipv6) as flow:
        flow.wait_arrivals(5)
        assert flow.source() == of_fibre(both)


def test_from_prefix_to_prefix_the_rest_of_the_address_is_kept(six: Box) -> None:
    town, plan = six.town, six.town.plan
    start(six, ipv6(plan.fibre, routed=True), ipv6(plan.lte, routed=True))
    with town.flow(ends=town.ends_ipv6) as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-carrier")
        flow.wait_from(of_fibre(six).replace("2001:db8:f00:", "2001:db8:400:"))
        assert flow.outage(since).seconds <= 1.0
    town.heal("fibre-carrier")
    six.wait_up("fibre", "lte", active="fibre")
    six.edge(f"ip link set {plan.fibre.edge_interface} down")  # takes its IPv6 addresses from an interface
    wait_for(lambda: six.links()["active"] == "lte", "4G active", every=0.1)
    six.wait_up("fibre", "lte", active="fibre")
    with town.flow(name="again", ends=town.ends_ipv6) as flow:
        flow.wait_arrivals(5)
        assert flow.source() == of_fibre(six)


def test_a_socket_of_the_box_itself_moves_too(both: Box) -> None:
    """Bound to the fibre's address, which the 4G link must not send; twenty packets between the steps of a switch."""
    town, plan = both.town, both.town.plan
    fibre = plan.fibre.ipv6.edge_cidr.partition("/")[0]
    with town.flow(rate=1000, ends=Ends("edge", fibre, plan.echo_ipv6)) as flow:
        flow.wait_arrivals(100)
        assert flow.source() == fibre
        since = town.fault("fibre-blackhole")
        flow.wait_from(of_lte(both))
        assert flow.outage(since).seconds <= 2.0


def test_with_zones_as_well(six: Box) -> None:
    """Who is known by the networks of IPv4 is known by routes in IPv6; telephones reach outside what telephones need."""
    plan = six.town.plan
    listen(six, "cloud", "tcp:53", "tcp:22")
    zone = '[[uplinks.zones]]\nname = "telephones"\ninterface = "{0}"\nrole = "phones"\nnetworks = ["{1}"]\n'
    links = (six.static(plan.fibre, ipv6(plan.fibre, routed=True)), six.static(plan.lte))
    six.write(*links, zone.format(plan.lan_interface, plan.lan_network), head=HEAD.format(plan.ula))
    six.start()
    wait_settled(six)
    wait_for(lambda: asks(six, "lan", "tcp", plan.echo_ipv6, 53), "an answer", every=0.2)
    assert f"tcp:53 from {of_fibre(six)}" in heard(six, "cloud")
    before = heard(six, "cloud")
    assert not asks(six, "lan", "tcp", plan.echo_ipv6, 22)
    six.town.run("lan", ["ip", "-6", "address", "add", "fd66::20/128", "dev", plan.lan_interface, "nodad"])
    assert not asks(six, "lan", "tcp", plan.echo_ipv6, 53, "fd66::20"), "nobody inside has that address"
    assert heard(six, "cloud") == before


def test_no_address_of_the_building_or_of_the_other_link_leaves(both: Box) -> None:
    """Counted by the ISPs, while flows of the building and of the box itself move to and fro."""
    town, plan = both.town, both.town.plan
    for isp in plan.isps:
        mine = f"{isp.ipv6.prefix}, {isp.ipv6.edge_cidr}, fe80::/10, ::"
        nft(
            town.namespace(isp.name),
            "table ip6 leaks { chain arrived { type filter hook prerouting priority -300;"
            f'iifname "{isp.inside_interface}" ip6 saddr != {{ {mine} }} counter\n'
            f'iifname "{isp.inside_interface}" meta l4proto udp counter\n}}\n}}\n',
        )
    process = town.spawn("edge", [sys.executable, "-c", CONNECTED, plan.echo_ipv6], "own.log")
    process.wait_printed("^sending$")
    with town.flow(ends=town.ends_ipv6) as flow, town.new_flows(ends=town.ends_ipv6):
        flow.wait_arrivals(25)
        town.fault("fibre-blackhole")
        wait_for(lambda: both.links()["active"] == "lte", "4G active", every=0.1)
        flow.wait_arrivals(25)
        town.heal("fibre-blackhole")
        both.wait_up("fibre", "lte", active="fibre")
        flow.wait_arrivals(25)
    for isp in plan.isps:
        counted = town.run(isp.name, ["nft", "list", "table", "ip6", "leaks"]).stdout
        leaked, all_ = map(int, re.findall(r"packets (\d+)", counted))
        assert all_ > 50
        assert leaked == 0, counted


def test_nobody_comes_in(both: Box) -> None:
    town, plan = both.town, both.town.plan
    listen(both, "lan", "tcp:8443", "udp:8443")
    listen(both, "edge", "tcp:8080")
    assert asks(both, "lan", "tcp", plan.edge_lan_ipv6, 8080), "the listener is deaf"
    assert asks(both, "edge", "tcp", plan.probe_host_ipv6, 8443), "the listener is deaf"
    before = heard(both, "lan")
    town.run("fibre", ["ip", "-6", "route", "add", plan.ula, "via", plan.fibre.ipv6.edge_cidr.partition("/")[0]])
    for kind in ("tcp", "udp"):
        assert not asks(both, "cloud", kind, of_fibre(both), 8443)
        assert not asks(both, "fibre", kind, plan.probe_host_ipv6, 8443)
    for address in (plan.fibre.ipv6.edge_cidr, plan.lte.ipv6.edge_cidr, f"{plan.edge_lan_ipv6}/64"):
        assert not asks(both, "fibre", "tcp", address.partition("/")[0], 8080)
    assert heard(both, "lan") == before


def test_killed_and_started_again_there_is_one_set_of_everything(both: Box) -> None:
    town = both.town
    calm = both.footprint()
    assert "2001:db8:f::1" in calm[1]
    with town.flow(ends=town.ends_ipv6) as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        both.kill()
        flow.wait_arrivals(25)
        both.start()
        both.wait_up("fibre", "lte", active="fibre")
        time.sleep(0.5)
        assert flow.lost(since) == 0
    assert both.footprint() == calm
    with town.flow(ends=town.ends_ipv6) as flow:
        flow.wait_arrivals(25)
        town.fault("fibre-blackhole")
        time.sleep(0.45)  # around the switch
        both.kill()
        both.start()
        wait_for(lambda: both.links()["active"] == "lte", "4G active", every=0.1)
        flow.wait_arrivals(10)
        assert flow.source() == of_lte(both)
    town.heal("fibre-blackhole")
    both.wait_up("fibre", "lte", active="fibre")
    wait_for(lambda: both.footprint() == calm, "the footprint as before", every=0.2)


def test_what_others_change_is_put_back(both: Box) -> None:
    calm = both.footprint()
    for command in (
        "ip -6 route flush table 4101",
        "ip -6 route del default table 4100 metric 10",
        "ip -6 route add blackhole default table 4100 metric 1",
        "ip -6 rule del priority 5230",
        "ip -6 rule add priority 5205 lookup main",
    ):
        both.edge(command)
        wait_for(lambda: both.footprint() == calm, f"{command}: put back", 5, every=0.1)


def test_where_the_link_that_carries_has_no_ipv6_hosts_hear_it_at_once(six: Box) -> None:
    town, plan = six.town, six.town.plan
    start(six, ipv6(plan.fibre, routed=True), "")
    ping = ["ping", "-6", "-c1", "-W2", plan.echo_ipv6]
    assert town.run("lan", ping).returncode == 0
    town.fault("fibre-blackhole")
    wait_for(lambda: six.links()["active"] == "lte", "4G active", every=0.1)
    refused = town.run("lan", ping)
    assert refused.returncode == 1
    assert "unreachable: No route" in refused.stdout
    town.heal("fibre-blackhole")
    six.wait_up("fibre", "lte", active="fibre")
    assert town.run("lan", ping).returncode == 0


def test_taken_out_of_the_settings_nothing_of_it_is_left(six: Box) -> None:
    town, plan = six.town, six.town.plan
    links = (six.static(plan.fibre, ipv6(plan.fibre, routed=True)), six.static(plan.lte))
    six.write(*links, head=HEAD.format(plan.ula))
    six.start(name="settings")
    six.start()
    six.wait_up("fibre", "lte", active="fibre")
    assert plan.fibre.ipv6.edge_cidr in six.edge("ip -6 -br addr")
    changed = town.folder / "changed.toml"
    changed.write_text(six.document(*six.both()), encoding="utf-8")
    result = town.repli("settings", "apply", str(changed))
    assert result.returncode == 0, result.stderr
    wait_for(lambda: plan.fibre.ipv6.edge_cidr not in six.edge("ip -6 -br addr"), "the address gone", every=0.2)
    wait_for(lambda: "lookup 41" not in six.edge("ip -6 rule"), "the rules gone", every=0.2)
    assert "table 41" not in six.edge("ip -6 route show table all")
    assert "ip6 prefix" not in six.edge("nft list table inet repli_uplinks")


def test_a_kernel_without_ipv6_is_said_and_ipv4_goes_on(six: Box) -> None:
    town, plan = six.town, six.town.plan
    six.edge("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
    start(six, ipv6(plan.fibre, routed=True), ipv6(plan.lte, routed=False))
    assert ("uplinks.kernel_refused", "address") in six.issues()
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-blackhole")
        flow.wait_from(town.plan.lte.public)
        assert flow.outage(since).seconds <= 1.0
