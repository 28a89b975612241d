"""A line that is there, but poor: loss each way, a queue that fills, a line that comes and goes."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import groupby

import pytest

from hil.rig.virtual.flow.flow import Flow
from hil.rig.virtual.isp.slow import SlowLine, slow_down
from hil.rig.virtual.network import nft
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.processes import Process
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

# UDP as fast as asked, in kbit/s.
FLOOD = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 0))
pause = 1200 * 8 / (float(sys.argv[3]) * 1000)
due = time.monotonic()
while True:
    sock.sendto(bytes(1172), (sys.argv[2], 443))
    due += pause
    time.sleep(max(0, due - time.monotonic()))
"""

# Keeps as many packets under way by each device as are asked, and no more: what an echo sends back is sent again. So the
# queues stay as deep as they are, on a machine of any speed, and drop nothing.
FILL = """
import select, socket, sys
echo, under_way = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
socks = []
for device in sys.argv[4:]:
    socks.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    socks[-1].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    socks[-1].connect(echo)
    for _ in range(under_way):
        socks[-1].send(bytes(1172))
for sock in socks:
    sock.send(sock.recv(2048))
print("full", flush=True)
while True:
    for sock in select.select(socks, [], [])[0]:
        sock.send(sock.recv(2048))
"""


def addresses(flow: Flow) -> list[str]:
    """The public addresses that the flow left by, one after the other, in the order of sending: queues delay some."""
    sent = sorted(flow.arrivals(), key=lambda arrival: arrival.seq)
    return [address for address, _ in groupby(arrival.source.split(":")[0] for arrival in sent)]


BLOATED = SlowLine(queue_ms=600)  # 1 Mbit/s up, and a queue that hides it


def flood(box: Box, kbit: float) -> Process:
    """From the building, by whichever link is active."""
    argv = [sys.executable, "-c", FLOOD, box.town.plan.browser_host, box.town.plan.echo, str(kbit)]
    return box.town.spawn("lan", argv, "flood.log")


def fill_queues(box: Box, isps: Sequence[Isp], delay_ms: float) -> Process:
    """From the box, by these links of 1 Mbit/s, until their queues delay what comes next by so much."""
    plan, packet_ms = box.town.plan, 1200 * 8 / 1000
    echo = [plan.targets[1], str(plan.target_udp_port), str(round(delay_ms / packet_ms))]
    argv = [sys.executable, "-c", FILL, *echo, *(isp.edge_interface for isp in isps)]
    filling = box.town.spawn("edge", argv, "fill.log")
    filling.wait_printed("^full$")
    return filling


def test_loss_each_way_moves_the_flow_once(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-loss")
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        switch = running.history()[-1]
        assert (
            switch["switched_monotonic_ns"] - since <= 6_000_000_000
        )  # generous: the figure is scripts/bench-uplinks'
        flow.wait_arrivals(400)  # longer than the hold-down: it stays
        assert addresses(flow) == [town.plan.fibre.public, town.plan.lte.public]
    assert running.links()["active"] == "lte"
    assert running.link("fibre")["state"] in ("poor", "suspect", "down")
    town.heal("fibre-loss")
    running.wait_up("fibre", "lte", active="fibre")


def test_one_target_that_falls_silent_moves_nothing(running: Box) -> None:
    town = running.town
    silent = town.plan.targets[0]
    drop = f"table ip silent {{ chain forward {{ type filter hook forward priority 0; ip daddr {silent} drop; }}; }}"
    nft(town.namespace("fibre"), drop)
    wait_for(lambda: "uplinks.target_silent" in town.repli("status", "--json").stdout, "it said", every=0.3)
    time.sleep(4)
    assert running.links()["active"] == "fibre"
    assert running.link("fibre")["loss_percent"] == 0.0
    assert "quality" not in {cause for cause, _from, _to in running.moves()}


def test_loss_on_both_links_moves_nothing(box: Box) -> None:
    town = box.town
    pings = "targets = [{}]".format(", ".join(f'{{ host = "{host}" }}' for host in town.plan.targets))
    box.write(box.static(town.plan.fibre, pings), box.static(town.plan.lte, f"metered = true\n{pings}"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    for isp in town.plan.isps:
        # Two of five in turn, as much for each target: at random one link would now and then be the better one by luck.
        drop = f'iifname "{isp.inside_interface}" numgen inc mod 5 < 2 drop'
        rules = f"table ip even {{ chain f {{ type filter hook forward priority 0; {drop}; }}; }}"
        nft(town.namespace(isp.name), rules)
    wait_for(lambda: box.link("fibre")["state"] == "poor", "the fibre poor", every=0.1)
    assert ("uplinks.poor_quality", "fibre") in box.issues()
    time.sleep(6)
    causes = {cause for cause, _from, _to in box.moves()}
    assert "quality" not in causes, "the other link is no better"


def test_a_queue_that_fills_moves_the_flow_when_the_other_link_is_better(running: Box) -> None:
    town = running.town
    slow_down(town.plan.fibre, town, BLOATED)
    running.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(50)
        assert addresses(flow) == [town.plan.fibre.public], "slow alone is no reason"
        flooding = flood(running, 1_500)
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        flow.wait_arrivals(50)
        assert addresses(flow) == [town.plan.fibre.public, town.plan.lte.public]
        flooding.kill()


def test_a_queue_that_is_full_moves_nothing_when_the_other_link_s_is_as_full(running: Box) -> None:
    town = running.town
    for isp in town.plan.isps:
        slow_down(isp, town, SlowLine(queue_ms=2_000))  # deeper than it is filled: nothing is lost by luck
    # The daemon meets queues that are full already. While they fill, the one that was asked later looks the fuller one.
    running.kill()
    filling = fill_queues(running, town.plan.isps, delay_ms=800)
    running.start()
    wait_for(lambda: {link["state"] for link in running.links()["uplinks"]} == {"poor"}, "both poor", every=0.1)
    time.sleep(6)  # longer than what was measured counts for a comparison
    assert running.moves() == [("start", None, "fibre")]
    assert [running.link(isp.name)["loss_percent"] for isp in town.plan.isps] == [0, 0]
    filling.kill()


@pytest.mark.parametrize("fault", ["fibre-flap-blackhole", "fibre-flap-carrier"])
@pytest.mark.timeout(240)
def test_a_line_that_comes_and_goes_moves_the_flow_once(box: Box, fault: str) -> None:
    town = box.town
    box.write(*box.both(), head="hold_down_s = 5.0")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow, town.new_flows(every=0.2) as new:
        flow.wait_arrivals(25)
        town.fault(fault)
        time.sleep(30)
        town.heal(fault)
        assert len(addresses(flow)) <= 2
        sources = [arrival.source.split(":")[0] for arrival in new.arrivals()]
        assert len([address for address, _ in groupby(sources)]) <= 3
