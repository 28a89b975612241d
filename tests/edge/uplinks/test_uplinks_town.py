"""The daemon in a town: real kernel, real packets, every outage measured at the far end."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def test_silent_blackhole_behind_an_answering_gateway(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-blackhole")
        flow.wait_from(town.plan.lte.public)
        assert flow.outage(since).seconds <= 1.0
        assert flow.two_way_outage(since).seconds <= 1.0
    switch = running.history()[-1]
    assert (switch["cause"], switch["from"], switch["to"]) == ("probes_lost", "fibre", "lte")
    assert switch["flows_flushed"]
    assert since < switch["detected_monotonic_ns"] <= switch["switched_monotonic_ns"] < time.monotonic_ns()
    assert ("uplinks.no_answer", "fibre") in running.issues()


def test_silent_blackhole_of_the_paid_link_that_carries(box: Box) -> None:
    town, plan = box.town, box.town.plan
    box.write(box.static(plan.lte, "metered = true"), box.static(plan.fibre))
    box.start()
    box.wait_up("fibre", "lte", active="lte")
    time.sleep(0.5)  # the burst of the start is over
    before = box.link("lte")["probe_bytes"]
    time.sleep(4)
    assert box.link("lte")["probe_bytes"] - before < 20 * 3 * 90, "asked more than about once a second"
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("lte-blackhole")
        flow.wait_from(plan.fibre.public)
        assert flow.outage(since).seconds <= 2.5  # generous: 0.3 to 1.3 s seen (ADR 0093)


def test_carrier_loss(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-carrier")
        flow.wait_from(town.plan.lte.public)
        assert flow.outage(since).seconds <= 0.5  # generous: the figure is scripts/bench-uplinks'
    assert running.moves()[-1] == ("carrier_lost", "fibre", "lte")


def test_failback_after_the_hold_down_cuts_no_call(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        town.fault("fibre-blackhole")
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        flow.wait_arrivals(10)
        healed = town.heal("fibre-blackhole")
        running.wait_up("fibre", "lte", active="fibre")
        time.sleep(1)
        switch = running.history()[-1]
        assert (switch["cause"], switch["from"], switch["to"]) == ("failback", "lte", "fibre")
        assert switch["detected_monotonic_ns"] - healed >= 2_000_000_000
        assert flow.lost(healed) == 0
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:"), "the call was dragged back"
    with town.flow() as flow:
        flow.wait_arrivals(5)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.fibre.public}:")


def test_with_every_link_dead_the_last_one_keeps_its_flows(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        source = flow.arrivals()[-1].source
        town.fault("lte-blackhole")
        town.fault("fibre-blackhole")
        wait_for(lambda: running.links()["active"] is None, "no link left", every=0.2)
        assert ("uplinks.no_answer_anywhere", "") in running.issues()
        assert running.moves()[-1] == ("probes_lost", "fibre", None)
        assert town.repli("uplinks", "list").returncode == 1
        town.heal("fibre-blackhole")
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source == source, "the flow was killed although no link was better"
    wait_for(lambda: running.links()["active"] == "fibre", "fibre again", every=0.1)
    assert running.moves()[-1] == ("recovered", None, "fibre")


def test_interface_that_vanishes_and_comes_back(running: Box) -> None:
    town, fibre = running.town, running.town.plan.fibre
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        running.edge(f"ip link set {fibre.edge_interface} netns {town.namespace('lan')}")
        flow.wait_from(town.plan.lte.public)
        assert flow.outage(since).seconds <= 0.5
    assert running.moves()[-1] == ("interface_gone", "fibre", "lte")
    assert ("uplinks.interface_missing", "fibre") in running.issues()
    town.run("lan", ["ip", "link", "set", fibre.edge_interface, "netns", town.namespace("edge")])
    running.wait_up("fibre", "lte", active="fibre")
    assert ("uplinks.interface_missing", "fibre") not in running.issues()


def test_interface_that_is_there_late(box: Box) -> None:
    lte = box.town.plan.lte
    late = box.static(lte).replace(lte.edge_interface, "usb modem0".replace(" ", "-"))
    box.write(box.static(box.town.plan.fibre), late)
    box.start()
    box.wait_up("fibre", active="fibre")
    assert ("uplinks.interface_missing", "lte") in box.issues()
    assert box.link("lte")["state"] == "absent"
    box.edge(f"ip link set {lte.edge_interface} down; ip link set {lte.edge_interface} name usb-modem0")
    box.wait_up("fibre", "lte", active="fibre")
    assert box.issues() == set()
