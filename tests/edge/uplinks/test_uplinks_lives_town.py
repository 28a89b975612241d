"""Lives of the daemon: killed, restarted, with new settings, without what it needs."""

from __future__ import annotations

import os
import random
import time

import pytest

from edge.shared.paths import Paths
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def test_killed_and_started_again_nothing_moves(running: Box) -> None:
    before, moves = running.footprint(), running.moves()
    with running.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        running.kill()
        flow.wait_arrivals(25)
        running.start()
        running.wait_up("fibre", "lte", active="fibre")
        time.sleep(0.5)
        assert flow.lost(since) == 0
    assert running.footprint() == before
    assert running.moves() == moves


def test_killed_on_4g_it_stays_on_4g_until_the_hold_down(running: Box) -> None:
    running.town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    moves_before = len(running.moves())
    running.kill()
    running.town.heal("fibre-blackhole")
    running.start()
    wait_for(lambda: running.link("fibre")["state"] == "up", "fibre good again", every=0.1)
    assert len(running.moves()) == moves_before
    assert running.links()["active"] == "lte"
    running.wait_up("fibre", "lte", active="fibre")
    assert running.moves()[-1] == ("failback", "lte", "fibre")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_around_a_switch_it_reconciles(running: Box, seed: int) -> None:
    town = running.town
    calm = running.footprint()
    with town.flow() as flow:
        flow.wait_arrivals(25)
        town.fault("fibre-blackhole")
        time.sleep(random.Random(seed).uniform(0.38, 0.48))
        running.kill()
        running.start()
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
    assert running.moves()[-1][2] == "lte"
    town.heal("fibre-blackhole")
    running.wait_up("fibre", "lte", active="fibre")
    assert running.footprint() == calm


def test_settings_changed_while_it_runs(box: Box) -> None:
    box.write(*box.both())
    box.start(name="settings")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    changed = box.town.folder / "changed.toml"
    head = 'hold_down_s = 0.5\nroute_table_base = 900\nrule_priority_base = 700\nnft_table = "repli_elsewhere"'
    changed.write_text(box.document(*reversed(box.both()), head=head), encoding="utf-8")
    with box.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        result = box.town.repli("settings", "apply", str(changed))
        assert result.returncode == 0, result.stderr
        box.wait_up("fibre", "lte", active="lte")
        time.sleep(0.5)
        assert flow.outage(since).seconds <= 0.3
    assert box.moves()[-1] == ("failback", "fibre", "lte")
    assert "repli_uplinks" not in box.edge("nft list tables")
    assert "lookup 41" not in box.edge("ip rule")
    assert box.edge("ip route show table all").count("table 41") == 0
    assert box.edge("ip rule").count("\n7") == 6

    alone = box.town.folder / "alone.toml"
    alone.write_text(box.document(box.static(box.town.plan.fibre)), encoding="utf-8")
    assert box.town.repli("settings", "apply", str(alone)).returncode == 0
    box.wait_up("fibre", active="fibre")
    assert box.moves()[-1] == ("settings", "lte", "fibre")
    assert box.town.plan.lte.edge_cidr not in box.edge("ip -4 -br addr")

    changed.write_text("[uplinks]\n", encoding="utf-8")
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: "inet" not in box.edge("nft list tables"), "nothing left of ours")
    assert "lookup 9" not in box.edge("ip rule")


def test_without_its_capabilities_it_says_so_and_goes_on(box: Box) -> None:
    box.write(*box.both())
    process = box.start(capabilities=False)
    wait_for(lambda: any(id_ == "uplinks.kernel_refused" for id_, _ in box.issues()), "the refusal said", every=0.2)
    assert process.alive


def test_idle_without_settings_it_touches_nothing(box: Box) -> None:
    box.town.write_site("")
    box.write()
    box.town.write_site("[site]\nname = 'ici'\n")
    everything = "ip -4 rule; ip -4 route show table all; nft list ruleset; sysctl net.ipv4.ip_forward; ip -4 addr"
    before = box.edge(everything)
    process = box.start()
    time.sleep(1)
    assert box.links()["uplinks"] == []
    assert box.issues() == set()
    assert box.edge(everything) == before
    process.stop()
    assert process.popen is not None
    assert process.popen.returncode == 0


@pytest.mark.parametrize("mode", [0o555, 0o000], ids=["read-only", "unreadable"])
def test_a_state_folder_that_refuses_everything(box: Box, mode: int) -> None:
    """A card that fails is read-only, with what a killed writer left on it: the line must not fall for that."""
    box.write(*box.both())
    folder = Paths(box.town.root).state("uplinks")
    for name in ("overrides", "isolation", "leases", "probe-volume", "budget"):
        (folder / f".{name}.json.killed.new").touch()
    os.chown(folder, 0, 0)
    folder.chmod(mode)
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        since = box.town.fault("fibre-blackhole")
        wait_for(lambda: box.links()["active"] == "lte", "4G active", every=0.1)
        assert flow.outage(since).seconds <= 1.5
    assert ("uplinks.history_unwritable", "") in box.issues()
    refused = box.town.repli("uplinks", "force", "fibre", "--reason", "essai")
    assert refused.returncode == 2
    assert "n'a pas pu être enregistrée" in refused.stdout + refused.stderr
