"""What people and programs see of the links, now and of the past."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing

import pytest

from edge.shared.paths import Paths
from hil.rig.virtual.network import set_link
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def test_list_and_history_for_people_and_programs(running: Box) -> None:
    set_link(running.town.namespace("fibre"), running.town.plan.fibre.inside_interface, "down")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    text = running.town.repli("uplinks", "list").stdout
    assert "câble débranché" in text
    assert "actif" in text
    assert "retour à la normale" not in running.town.repli("uplinks", "history").stdout
    result = running.town.repli("uplinks", "history", "--limit", "1", "--json")
    switch = json.loads(result.stdout)["switches"][0]
    assert {
        "cause",
        "from",
        "to",
        "detected_monotonic_ns",
        "switched_monotonic_ns",
        "detected_at",
        "switched_at",
    } <= set(switch)
    assert switch["cause"] == "carrier_lost"
    assert running.town.repli("uplinks", "history", "--limit", "0").returncode == 2


def test_the_past_of_a_link_and_what_decided_a_switch(running: Box) -> None:
    """Loss and delay by the second, and with the switch what the probes had said of each link."""
    town = running.town
    time.sleep(4)
    town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    switch = running.history()[-1]
    assert switch["evidence"] is None, "only when asked for"
    detail = town.repli("uplinks", "history", "--seq", str(switch["seq"]), "--json")
    links = {link["link"]: link for link in json.loads(detail.stdout)["switches"][0]["evidence"]["links"]}
    fibre, lte = links["fibre"], links["lte"]
    assert fibre["state"] == "down"
    assert fibre["lost_in_row"] >= 4
    assert 200 <= fibre["last_answer_ms"] <= 2000
    before = {second["before_s"]: second["lost"] for second in fibre["seconds"]}
    assert (before[3], before[2]) == (0, 0), "it was well before"  # and after the start, whatever was lost then
    assert fibre["seconds"][-1]["lost"] > 0
    assert (lte["state"], lte["lost_in_row"]) == ("up", 0)
    assert lte["sent"] >= 3, "the standby was asked in a burst"
    assert lte["last_answer_ms"] < 1000

    def silent_seconds() -> list[dict[str, object]]:
        graph = json.loads(town.repli("uplinks", "graph", "fibre", "--json").stdout)
        ((measured),) = graph["links"]
        assert (measured["link"], measured["resolution"]) == ("fibre", "second")
        return [sample for sample in measured["samples"] if sample["lost"] == sample["sent"]]

    wait_for(silent_seconds, "seconds without answer", every=0.5)
    assert all(sample["rtt_ms"] is None for sample in silent_seconds())
    text = town.repli("uplinks", "graph").stdout
    assert re.search(r"pertes +\[.*X.*\] .*au pire 100 %", text)
    assert re.search(r"^fibre .*X.*\]$", town.repli("uplinks", "list").stdout, re.MULTILINE)
    said = town.repli("uplinks", "history", "--seq", str(switch["seq"])).stdout
    assert re.search(r"^fibre +coupé +\d+ ms avant +\d+ sur \d+", said, re.MULTILINE)
    assert town.repli("uplinks", "history", "--seq", "999").returncode == 1


def written(box: Box) -> set[str]:
    """The numbers of the switches that are in the file."""
    with closing(sqlite3.connect(Paths(box.town.root).state("uplinks") / "history.db")) as book:
        return {str(seq) for (seq,) in book.execute("SELECT seq FROM switches")}


def test_the_past_outlives_a_stop_and_the_evidence_a_kill(running: Box) -> None:
    town = running.town
    town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    seq = str(running.history()[-1]["seq"])
    wait_for(lambda: seq in written(running), "the switch on the disk, which is another thread's business")
    running.kill()
    running.start()
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    (switch,) = json.loads(town.repli("uplinks", "history", "--seq", seq, "--json").stdout)["switches"]
    assert [link["state"] for link in switch["evidence"]["links"]] == ["down", "up"]

    def measured() -> set[str]:
        (link,) = json.loads(town.repli("uplinks", "graph", "lte", "--json").stdout)["links"]
        return {sample["at"] for sample in link["samples"]}

    wait_for(lambda: len(measured()) >= 3, "some seconds", every=0.5)
    before = measured()
    assert running.daemon is not None
    running.daemon.stop()
    running.start()
    assert before <= measured()
