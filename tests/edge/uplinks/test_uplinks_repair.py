"""Somebody else changes what is ours, the kernel's messages overflow, nftables refuses: put right, and said."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.shared.clock import SystemClock
from edge.shared.model import Link, UplinksSection
from edge.uplinks.applier import Applier
from edge.uplinks.conntrack import Conntrack
from edge.uplinks.firewall import Firewall
from edge.uplinks.isolation import IsolationFile
from edge.uplinks.kernel import Kernel
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.monitor import Monitor
from edge.uplinks.owned import Owned
from edge.uplinks.plan import Interface, default_route
from edge.uplinks.resolver import ResolverFile
from edge.uplinks.shaper import Shaper
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

CHANGES = {
    "a flushed table": ("ip route flush table 4101", "routes"),
    "the active route": ("ip route del default table 4100 metric 10", "routes"),
    "another active route": ("ip route replace default via 100.64.7.1 dev wwan0 table 4100 metric 10", "routes"),
    "a route to nowhere": ("ip route add blackhole default table 4100 metric 1", "routes"),
    "a route more": ("ip route add 192.0.2.40 via 100.64.7.1 dev wwan0 table 4101 proto static", "routes"),
    "rules": ("ip rule del priority 5250; ip rule del priority 5230", "rules"),
    "a rule more": ("ip rule add priority 5205 lookup main", "rules"),
    "a flushed ruleset": ("nft flush ruleset", "firewall"),
    "a deleted table": ("nft delete table inet repli_uplinks", "firewall"),
    "the map": ("nft flush map inet repli_uplinks new_flows", "firewall"),
    "a rule of ours": ("nft flush chain inet repli_uplinks postrouting", "firewall"),
}


@pytest.mark.timeout(240)
def test_foreign_changes_are_put_back_and_said(running: Box) -> None:
    time.sleep(0.5)
    calm = running.footprint()
    assert not {id_ for id_, _ in running.issues()} & {"uplinks.foreign_change"}, "our own doing is nobody else's"
    with running.town.flow() as flow:
        flow.wait_arrivals(10)
        for name, (command, subject) in CHANGES.items():
            running.edge(command)
            wait_for(lambda: running.footprint() == calm, f"{name} put back", 5, every=0.1)
            assert ("uplinks.foreign_change", subject) in running.issues(), name
            flow.wait_arrivals(5, timeout=3)
    with running.town.flow(name="new") as new:
        new.wait_arrivals(3)
        assert new.arrivals()[-1].source.startswith(f"{running.town.plan.fibre.public}:")


def test_forwarding_that_was_switched_off_is_put_back_and_said(running: Box) -> None:
    time.sleep(0.5)
    assert ("uplinks.foreign_change", "forwarding") not in running.issues()
    with running.town.flow() as flow:
        flow.wait_arrivals(10)
        running.edge("echo 0 > /proc/sys/net/ipv4/ip_forward")
        wait_for(lambda: ("uplinks.foreign_change", "forwarding") in running.issues(), "said", 10, every=0.1)
        flow.wait_arrivals(5, timeout=3)


def test_a_second_default_route_of_networkmanager_moves_nothing(running: Box) -> None:
    lte = running.town.plan.lte
    with running.town.flow() as flow:
        flow.wait_arrivals(10)
        since = time.monotonic_ns()
        running.edge(f"ip route add default via {lte.gateway} dev {lte.edge_interface} metric 5")
        flow.wait_arrivals(50)
        assert flow.lost(since) == 0
        assert {arrival.source for arrival in flow.arrivals()} == {flow.arrivals()[0].source}
    with running.town.flow(name="new") as new:
        new.wait_arrivals(3)
        assert new.arrivals()[-1].source.startswith(f"{running.town.plan.fibre.public}:")


def test_our_own_switches_are_nobody_else_s_doing(running: Box) -> None:
    town = running.town
    for fault in ("fibre-blackhole", "fibre-carrier"):
        town.fault(fault)
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        town.heal(fault)
        running.wait_up("fibre", "lte", active="fibre")
    time.sleep(4.5)  # one reading of everything
    assert not {id_ for id_, _ in running.issues()} & {"uplinks.foreign_change"}


def test_messages_of_the_kernel_that_are_lost_cost_nothing(running: Box) -> None:
    """A flood that no socket holds, and in the middle of it a cable is pulled."""
    town = running.town
    flood = 'i=0; while [ $i -lt 3000 ]; do echo "route add 10.9.$((i / 250)).$((i % 250)) dev lan0 table 77"; i=$((i+1)); done'
    with town.flow() as flow:
        flow.wait_arrivals(10)
        assert running.daemon is not None
        town.run("edge", ["sh", "-c", f"({flood}) | ip -batch -"], timeout=60)
        since = town.fault("fibre-carrier")
        town.run("edge", ["ip", "route", "flush", "table", "77"], timeout=60)
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        assert flow.outage(since).seconds <= 2.0


def test_an_overflow_of_the_socket_has_everything_read_anew() -> None:
    async def story() -> int:
        readings = 0

        def something() -> None:
            nonlocal readings
            readings += 1

        monitor = Monitor(lambda _index, _flags: None, something, receive_buffer=2304)
        monitor.start()
        # Nobody reads while the loop is busy here: the kernel has to drop messages, and says ENOBUFS.
        batch = "addr add 127.9.9.9/32 dev lo\naddr del 127.9.9.9/32 dev lo\n" * 40
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True, timeout=20)  # noqa: ASYNC221
        overflowed = False
        try:
            monitor._routing.recv(1, socket.MSG_PEEK)
        except OSError:
            overflowed = True
        await asyncio.sleep(0.1)
        monitor.stop()
        return readings if overflowed else 0

    assert asyncio.run(story()) > 0


def test_a_switch_that_finds_the_table_gone_puts_it_back_first(tmp_path: Path) -> None:
    """Before the flush: flows that begin anew must find the map."""
    links = [Link(name="fibre", interface="t-fibre"), Link(name="lte", interface="lo")]
    section = UplinksSection(links=links, nft_table="repli_table_gone", route_table_base=9100)
    lte = Interface(1, up=True, carrier=True)
    firewall = Firewall(Libnftables(), SystemClock())

    async def story() -> str:
        async with Kernel() as kernel, Conntrack() as conntrack, Shaper() as shaper:
            files = IsolationFile(tmp_path / "isolation"), conntrack, shaper, Owned(tmp_path / "owned")
            applier = Applier(kernel, firewall, *files, ResolverFile(tmp_path / "resolvers"))
            await applier.send_by(section, lte, "lte")
            await kernel.remove_route(default_route(section, "lte", lte))
            return firewall.listing(section.nft_table)

    try:
        assert "0x00000100 : goto take_2" in asyncio.run(story())
    finally:
        firewall.remove(section.nft_table)


# Takes a table of our name for itself until it ends (nft's `flags owner`): empty, or with the rules that were in force.
STRANGER = """
import sys, time
from nftables import Nftables
nft = Nftables()
rules = nft.cmd("list table inet repli_uplinks")[1] if sys.argv[1] == "as it was" else "table inet repli_uplinks {\\n}"
owned = rules.replace("{", "{ flags owner;", 1)
print("owns", nft.cmd("delete table inet repli_uplinks\\n" + owned), flush=True)
time.sleep(120)
"""


def way_of_flow(box: Box) -> tuple[str, int]:
    """To which address the far end answers the one long flow, as the box's kernel has it, and the link of its mark."""
    echo = box.town.plan.echo
    entries = box.edge("cat /proc/net/nf_conntrack")
    (found,) = re.findall(rf" udp .* dst={echo} .* src={echo} dst=(\S+) .* mark=(\d+)", entries) or [("", "0")]
    return found[0], int(found[1]) & 0xFF


@pytest.mark.parametrize("table", ["empty", "as it was"])
def test_a_switch_while_somebody_owns_our_table_is_made_up_for_when_they_let_go(running: Box, table: str) -> None:
    """The flow begins anew without a translation, or by the dead link, and its phone never stops sending."""
    town = running.town
    by_lte = town.plan.lte.edge_cidr.split("/")[0], 2
    with town.flow() as flow:
        flow.wait_arrivals(10)
        stranger = town.spawn("edge", [sys.executable, "-c", STRANGER, table], "stranger.log")
        stranger.wait_printed(r"owns \(0,")
        wait_for(lambda: ("uplinks.kernel_refused", "nftables") in running.issues(), "the refusal said", every=0.1)
        town.fault("fibre-blackhole")
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        time.sleep(1)
        assert way_of_flow(running) != by_lte, "the stranger is in the way"
        let_go_ns = time.monotonic_ns()
        stranger.kill()
        wait_for(lambda: way_of_flow(running) == by_lte, "the flow marked for the 4G, and translated", 5, every=0.1)
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
        assert flow.outage(let_go_ns).seconds <= 5
    wait_for(lambda: ("uplinks.kernel_refused", "nftables") not in running.issues(), "the issue gone", every=0.1)


def test_a_table_of_earlier_settings_that_somebody_owned_is_taken_away_when_they_let_go(running: Box) -> None:
    town = running.town
    running.start(name="settings")
    stranger = town.spawn("edge", [sys.executable, "-c", STRANGER, "as it was"], "stranger.log")
    stranger.wait_printed(r"owns \(0,")
    changed = town.folder / "changed.toml"
    head = 'hold_down_s = 2.0\nnft_table = "repli_other"'
    changed.write_text(running.document(*running.both(), head=head), encoding="utf-8")
    assert town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: "repli_other" in running.edge("nft list tables"), "the new table", every=0.2)
    wait_for(lambda: ("uplinks.kernel_refused", "old table repli_uplinks") in running.issues(), "said", every=0.2)
    stranger.kill()
    gone = lambda: "repli_uplinks" not in running.edge("nft list tables")  # noqa: E731
    wait_for(gone, "the old tables gone", 6, every=0.2)
    wait_for(lambda: not running.issues() & {("uplinks.kernel_refused", "old table repli_uplinks")}, "well", every=0.2)


def test_nftables_that_refuses_is_said_and_everything_else_is_done(box: Box) -> None:
    """Somebody owns a table of our name (nft's `flags owner`): nobody else may touch it."""
    owner = box.town.spawn(
        "edge", ["sh", "-c", "(echo 'add table inet repli_uplinks { flags owner; }'; sleep 60) | nft -i"], "owner.log"
    )
    wait_for(lambda: "repli_uplinks" in box.edge("nft list tables"), "the owner's table")
    box.write(*box.both())
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    assert ("uplinks.kernel_refused", "nftables") in box.issues()
    assert "default" in box.edge("ip route show table 4100")
    owner.kill()
    wait_for(lambda: "masquerade" in box.edge("nft list ruleset"), "our table", every=0.2)
    wait_for(lambda: ("uplinks.kernel_refused", "nftables") not in box.issues(), "the issue gone", every=0.2)
    with box.town.flow() as flow:
        flow.wait_arrivals(5)
