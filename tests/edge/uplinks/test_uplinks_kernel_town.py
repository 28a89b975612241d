"""A box among others: what belongs to whom in its kernel, and where traffic of either side goes."""

from __future__ import annotations

import json
import re
import sys
import time

import pytest

from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def test_what_belongs_to_others_is_left_alone(box: Box) -> None:
    lte = box.town.plan.lte
    box.edge(
        "nft add table inet others; nft add chain inet others here;"
        "nft add rule inet others here counter; ip rule add from 10.9.9.9 lookup 77 priority 5100;"
        "ip rule add from 10.9.9.9 lookup 77 priority 5300; ip route add 10.8.0.0/16 dev lan0 table 77;"
        f"ip addr add {lte.edge_cidr} dev {lte.edge_interface}; ip route add default via {lte.gateway}"
    )
    theirs = (
        "nft list table inet others; ip rule | grep 10.9.9.9; ip route show table 77; ip route show default;"
        f"ip -4 -br addr show lan0; ip -4 -br addr show {lte.edge_interface}"
    )
    before = box.edge(theirs)
    box.write(*box.both())
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        # The default route somebody else put into main is there still, and without effect.
        assert flow.arrivals()[-1].source.startswith(f"{box.town.plan.fibre.public}:")
    assert box.edge(theirs) == before
    box.kill()
    assert box.edge(theirs) == before


def test_only_the_low_eight_bits_of_marks_are_ours(box: Box) -> None:
    """Somebody marks every connection and packet before us; behind us his are there still, ours beside them."""
    box.edge(
        "nft add table inet others; nft 'add chain inet others before { type filter hook prerouting priority -160; }';"
        "nft add rule inet others before ct mark set ct mark or 0x5a0000;"
        "nft add rule inet others before meta mark set meta mark or 0x5a0000;"
        "nft 'add chain inet others after { type filter hook postrouting priority 0; }';"
        "nft add rule inet others after meta mark 0x5a0001 ct mark 0x5a0101 counter"
    )
    box.write(*box.both())
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with box.town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{box.town.plan.fibre.public}:")
    counted = re.search(r"packets (\d+)", box.edge("nft list chain inet others after"))
    assert counted and int(counted[1]) >= 25


def test_without_ipv6(box: Box) -> None:
    box.edge("sysctl -qw net.ipv6.conf.all.disable_ipv6=1; sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    box.write(*box.both())
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with box.town.flow() as flow:
        flow.wait_arrivals(25)
        since = box.town.fault("fibre-blackhole")
        flow.wait_from(box.town.plan.lte.public)
        assert flow.outage(since).seconds <= 1.0
    assert ("uplinks.kernel_refused", "routes") not in box.issues()


def test_addresses_that_somebody_else_gives(box: Box) -> None:
    """address = keep, no gateway: both come from what a DHCP client left; the preferred one comes late."""
    fibre, lte = box.town.plan.isps
    keep = '[[uplinks.links]]\nname = "{0}"\ninterface = "{1}"\n'
    box.edge(f"ip addr add {lte.edge_cidr} dev {lte.edge_interface}; ip route add default via {lte.gateway} metric 700")
    box.write(
        keep.format("fibre", fibre.edge_interface), keep.format("lte", lte.edge_interface), head="hold_down_s = 1.0"
    )
    box.start()
    box.wait_up("lte", active="lte")
    assert box.link("fibre")["state"] == "no_address"
    assert ("uplinks.no_address", "fibre") in box.issues()
    box.edge(
        f"ip addr add {fibre.edge_cidr} dev {fibre.edge_interface}; ip route add default via {fibre.gateway} metric 600"
    )
    box.wait_up("fibre", "lte", active="fibre")
    assert box.link("fibre")["gateway"] == fibre.gateway
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        since = time.monotonic_ns()
        box.edge(f"ip addr del {fibre.edge_cidr} dev {fibre.edge_interface}")
        flow.wait_from(box.town.plan.lte.public)
        assert flow.outage(since).seconds <= 0.5
    assert box.moves()[-1] == ("address_lost", "fibre", "lte")


def test_a_default_route_of_somebody_else_on_a_link_of_ours_is_said(running: Box) -> None:
    """As NetworkManager does to an interface that nobody took from it: its metric is 100, its protocol static."""
    lte = running.town.plan.lte
    assert running.issues() == set()
    running.edge(f"ip route add default via {lte.gateway} dev {lte.edge_interface} metric 100 proto static")
    wait_for(lambda: running.issues() == {("uplinks.second_default_route", "lte")}, "the route said")
    said = running.town.repli("status").stdout
    assert f"route par défaut vers {lte.gateway} sur {lte.edge_interface} (origine : static). Retirez" in said
    running.edge(f"ip route del default via {lte.gateway}")
    wait_for(lambda: running.issues() == set(), "the route forgotten")


def test_a_box_behind_another_router_is_told_so_and_is_well(running: Box) -> None:
    """The fibre box gives private addresses, the mobile operator carrier-grade ones; the clock is the machine's."""
    known = running.issues("info") - {("uplinks.clock_not_synchronised", "")}
    assert known == {("uplinks.double_nat", "fibre"), ("uplinks.double_nat", "lte")}
    status = json.loads(running.town.repli("status", "--json").stdout)
    uplinks = next(daemon for daemon in status["daemons"] if daemon["name"] == "uplinks")
    issue = next(issue for issue in uplinks["issues"] if issue["id"] == "uplinks.double_nat")
    assert {"severity": "info", "suggestion": "bridge_operator_box", "fix": "uplinks list"}.items() <= issue.items()
    text = running.town.repli("status").stdout
    services, _, notes = text.partition("Pour information")
    assert "passe par une autre box" in notes
    assert "passe par une autre box" not in services
    assert "à surveiller" not in services


def test_answers_to_what_comes_in_by_a_link_leave_by_it(running: Box) -> None:
    """A caller at the standby link's address is answered from there, not by the active link."""
    lte = running.town.plan.lte
    box_address = lte.edge_cidr.split("/")[0]
    running.town.run("lte", ["ip", "route", "add", "192.0.2.0/24", "via", lte.cloud])
    ping = ["ping", "-c1", "-W2", "-I", running.town.plan.echo, box_address]
    route = ["ip", "route", "add", box_address, "via", lte.public]
    assert running.town.run("cloud", route).returncode == 0
    result = running.town.run("cloud", ping)
    assert result.returncode == 0, result.stdout


CONNECTED = """
import socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("{target}", 7))
sock.settimeout(0.05)
print("from", sock.getsockname()[0], flush=True)
while True:
    sock.send(b"x")
    try:
        sock.recv(9)
        print("answer", time.monotonic_ns(), flush=True)
    except OSError:
        pass
    time.sleep(0.02)
"""


def test_a_socket_of_the_box_itself_moves_too(running: Box) -> None:
    """Kamailio's and the cloud's: connected, so its source address stays that of the fibre."""
    town = running.town
    script = CONNECTED.format(target=town.plan.targets[1])
    process = town.spawn("edge", [sys.executable, "-c", script], "connected.log")
    process.wait_printed(f"^from {town.plan.fibre.edge_cidr.split('/')[0]}$")
    process.wait_printed("^answer")
    since = town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    switched = running.history()[-1]["switched_monotonic_ns"]

    def answered() -> list[int]:
        times = [int(line.split()[1]) for line in process.log_text().splitlines() if line.startswith("answer ")]
        return [at for at in times if at > switched]

    wait_for(answered, "answers by 4G")
    assert answered()[0] - since <= 1_000_000_000
