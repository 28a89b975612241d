"""Force, forbid and release on the command line, with real traffic."""

from __future__ import annotations

import json
import time

import pytest

from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def source_of_a_new_flow(box: Box) -> str:
    with box.town.flow(name="which") as flow:
        flow.wait_arrivals(3)
        return flow.arrivals()[-1].source.split(":")[0]


def test_a_forced_link_carries_through_a_restart_and_until_it_is_released(running: Box) -> None:
    town = running.town
    result = town.repli(
        "uplinks", "force", "lte", "--reason", "travaux sur la fibre", "--for", "2h", "--request-id", "r1"
    )
    assert result.returncode == 0, result.stderr
    assert "travaux sur la fibre" in result.stdout
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    assert source_of_a_new_flow(running) == town.plan.lte.public
    assert running.moves()[-1] == ("forced", "fibre", "lte")
    running.kill()
    running.start()
    running.wait_up("fibre", "lte", active="lte")
    time.sleep(3)  # longer than the hold-down
    state = running.links()
    assert state["active"] == "lte"
    (entry,) = state["overrides"]
    assert (entry["link"], entry["wish"], entry["reason"]) == ("lte", "force", "travaux sur la fibre")
    assert running.link("lte")["forced"]
    assert "forcé" in town.repli("uplinks", "list").stdout
    assert "travaux sur la fibre" in town.repli("status").stdout
    assert town.repli("uplinks", "release", "lte").returncode == 0
    running.wait_up("fibre", "lte", active="fibre")
    assert running.links()["overrides"] == []


def test_a_forced_link_that_dies_is_left(running: Box) -> None:
    town = running.town
    town.repli("uplinks", "force", "lte", "--reason", "essai")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    town.fault("lte-blackhole")
    wait_for(lambda: running.links()["active"] == "fibre", "fibre active", every=0.2)
    assert source_of_a_new_flow(running) == town.plan.fibre.public


def test_a_forbidden_link_is_not_moved_to(running: Box) -> None:
    town = running.town
    assert town.repli("uplinks", "forbid", "lte", "--reason", "forfait épuisé").returncode == 0
    assert running.link("lte")["forbidden"]
    town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] is None, "no link left", every=0.2)
    assert running.moves()[-1] == ("probes_lost", "fibre", None)
    assert town.repli("uplinks", "release").returncode == 0
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.2)


def test_a_forbidden_link_is_not_the_first_one_after_a_reboot(running: Box) -> None:
    town = running.town
    assert town.repli("uplinks", "forbid", "fibre", "--reason", "travaux").returncode == 0
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    switches = len(running.moves())
    running.kill()
    running.edge("ip route flush table 4100; ip rule flush; ip rule add priority 32766 lookup main")
    running.edge("nft flush ruleset")
    running.start()
    running.wait_up("fibre", "lte", active="lte")
    assert "fibre" not in {to for _, _, to in running.moves()[switches:]}


def test_what_is_refused_says_why(running: Box) -> None:
    town = running.town
    for arguments, words in (
        (("force", "adsl", "--reason", "x"), "adsl"),
        (("force", "lte", "--reason", "x", "--for", "soon"), "30m"),
        (("force", "lte", "--reason", "x", "--for", "99j"), "31"),
        (("release", "adsl"), "adsl"),
    ):
        result = town.repli("uplinks", *arguments)
        assert result.returncode == 2
        assert words in result.stderr
    assert running.links()["overrides"] == []
    result = town.repli("uplinks", "forbid", "lte", "--reason", "x", "--json")
    assert json.loads(result.stdout)["overrides"][0]["wish"] == "forbid"
