"""A line that is there, but poor: loss each way, a queue that fills, a line that comes and goes."""

from __future__ import annotations

import sys
import time
from itertools import groupby

import pytest

from hil.rig.virtual.flow.flow import Flow
from hil.rig.virtual.processes import Process
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

# Fills a queue: UDP as fast as asked, in kbit/s.
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


def addresses(flow: Flow) -> list[str]:
    """The public addresses that the flow left by, one after the other, in the order of sending: queues delay some."""
    sent = sorted(flow.arrivals(), key=lambda arrival: arrival.seq)
    return [address for address, _ in groupby(arrival.source.split(":")[0] for arrival in sent)]


def flood(box: Box, kbit: float) -> Process:
    argv = [sys.executable, "-c", FLOOD, box.town.plan.browser_host, box.town.plan.echo, str(kbit)]
    return box.town.spawn("lan", argv, "flood.log")


def test_loss_each_way_moves_the_flow_once(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-loss")
        wait_for(lambda: running.links()["active"] == "lte", "4G active", 8, every=0.1)
        switch = running.history()[-1]
        assert (
            switch["switched_monotonic_ns"] - since <= 6_000_000_000
        )  # generous: the figure is scripts/bench-uplinks'
        flow.wait_arrivals(400, timeout=15)  # longer than the hold-down: it stays
        assert addresses(flow) == [town.plan.fibre.public, town.plan.lte.public]
    assert running.links()["active"] == "lte"
    assert running.link("fibre")["state"] in ("poor", "suspect", "down")
    town.heal("fibre-loss")
    running.wait_up("fibre", "lte", active="fibre")


def test_loss_on_both_links_moves_nothing(running: Box) -> None:
    town = running.town
    town.fault("lte-loss")
    town.fault("fibre-loss")
    wait_for(lambda: running.link("fibre")["state"] == "poor", "the fibre poor", 10, every=0.1)
    assert ("uplinks.poor_quality", "fibre") in running.issues()
    time.sleep(6)
    causes = {cause for cause, _from, _to in running.moves()}
    assert "quality" not in causes, "the other link is no better"


def test_a_queue_that_fills_moves_the_flow_when_the_other_link_is_better(running: Box) -> None:
    town = running.town
    town.fault("fibre-slow")  # 1 Mbit/s up, a second of queue
    running.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(50)
        assert addresses(flow) == [town.plan.fibre.public], "slow alone is no reason"
        flooding = flood(running, 1_500)
        wait_for(lambda: running.links()["active"] == "lte", "4G active", 20, every=0.1)
        flow.wait_arrivals(50)
        assert addresses(flow) == [town.plan.fibre.public, town.plan.lte.public]
        flooding.kill()


def test_a_queue_that_fills_moves_nothing_when_the_other_link_is_as_slow(running: Box) -> None:
    town = running.town
    # What the LTE link is like now is known only by asking it: it is slow all the time, the fibre becomes so.
    for fault in ("lte-slow", "fibre-slow"):
        town.fault(fault)
    running.wait_up("fibre", "lte", active="fibre")
    through_lte = ["ip", "rule", "add", "from", town.plan.browser_host, "lookup", "4102", "priority", "5100"]
    assert town.run("edge", through_lte).returncode == 0
    lte_flood = flood(running, 1_500)
    time.sleep(2)
    assert town.run("edge", ["ip", "rule", "del", "priority", "5100"]).returncode == 0
    fibre_flood = flood(running, 1_500)
    time.sleep(8)
    assert "quality" not in {cause for cause, _from, _to in running.moves()}
    for process in (lte_flood, fibre_flood):
        process.kill()


@pytest.mark.parametrize("fault", ["fibre-flap-blackhole", "fibre-flap-carrier"])
@pytest.mark.timeout(240)
def test_a_line_that_comes_and_goes_moves_the_flow_once(running: Box, fault: str) -> None:
    town = running.town
    with town.flow() as flow, town.new_flows(every=0.2) as new:
        flow.wait_arrivals(25)
        town.fault(fault)
        time.sleep(30)
        town.heal(fault)
        assert len(addresses(flow)) <= 2
        sources = [arrival.source.split(":")[0] for arrival in new.arrivals()]
        assert len([address for address, _ in groupby(sources)]) <= 3
