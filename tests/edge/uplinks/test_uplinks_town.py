"""The daemon in a town: real kernel, real packets, every outage measured at the far end."""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time

import pytest

from edge.shared.paths import Paths
from hil.rig.virtual.network import set_link
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def test_silent_blackhole_behind_an_answering_gateway(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-blackhole")
        time.sleep(2.5)
        assert flow.outage(since).seconds <= 1.0
        assert flow.two_way_outage(since).seconds <= 1.0
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
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
        time.sleep(4)
        assert flow.outage(since).seconds <= 2.5  # generous: 0.3 to 1.3 s seen (ADR 0093)
        assert flow.arrivals()[-1].source.startswith(f"{plan.fibre.public}:")


def test_carrier_loss(running: Box) -> None:
    town = running.town
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-carrier")
        time.sleep(1.5)
        assert flow.outage(since).seconds <= 0.5  # generous: the figure is scripts/bench-uplinks'
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
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
        wait_for(lambda: running.links()["active"] is None, "no link left", 15, every=0.2)
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
        time.sleep(1.5)
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
        wait_for(lambda: running.links()["active"] == "lte", "4G active", 15, every=0.1)
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
    assert running.moves()[-1][2] == "lte"
    town.heal("fibre-blackhole")
    running.wait_up("fibre", "lte", active="fibre")
    assert running.footprint() == calm


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
        time.sleep(2)
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
        time.sleep(1.5)
        assert flow.outage(since).seconds <= 0.5
    assert box.moves()[-1] == ("address_lost", "fibre", "lte")


def test_a_default_route_of_somebody_else_on_a_link_of_ours_is_said(running: Box) -> None:
    """As NetworkManager does to an interface that nobody took from it: its metric is 100, its protocol static."""
    lte = running.town.plan.lte
    assert running.issues() == set()
    running.edge(f"ip route add default via {lte.gateway} dev {lte.edge_interface} metric 100 proto static")
    wait_for(lambda: running.issues() == {("uplinks.second_default_route", "lte")}, "the route said", 15)
    said = running.town.repli("status").stdout
    assert f"route par défaut vers {lte.gateway} sur {lte.edge_interface} (origine : static). Retirez" in said
    running.edge(f"ip route del default via {lte.gateway}")
    wait_for(lambda: running.issues() == set(), "the route forgotten", 15)


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
    wait_for(lambda: "inet" not in box.edge("nft list tables"), "nothing left of ours", 10)
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

    wait_for(answered, "answers by 4G", 5)
    assert answered()[0] - since <= 1_000_000_000


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
    time.sleep(3)
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
    assert fibre["seconds"][0]["lost"] == 0, "it was well before"
    assert fibre["seconds"][-1]["lost"] > 0
    assert (lte["state"], lte["lost_in_row"]) == ("up", 0)
    assert lte["sent"] >= 3, "the standby was asked in a burst"
    assert lte["last_answer_ms"] < 1000

    def silent_seconds() -> list[dict[str, object]]:
        graph = json.loads(town.repli("uplinks", "graph", "fibre", "--json").stdout)
        ((measured),) = graph["links"]
        assert (measured["link"], measured["resolution"]) == ("fibre", "second")
        return [sample for sample in measured["samples"] if sample["lost"] == sample["sent"]]

    wait_for(silent_seconds, "seconds without answer", 15, every=0.5)
    assert all(sample["rtt_ms"] is None for sample in silent_seconds())
    text = town.repli("uplinks", "graph").stdout
    assert re.search(r"pertes +\[.*X.*\] .*au pire 100 %", text)
    assert re.search(r"^fibre .*X.*\]$", town.repli("uplinks", "list").stdout, re.MULTILINE)
    said = town.repli("uplinks", "history", "--seq", str(switch["seq"])).stdout
    assert re.search(r"^fibre +coupé +\d+ ms avant +\d+ sur \d+", said, re.MULTILINE)
    assert town.repli("uplinks", "history", "--seq", "999").returncode == 1


def test_the_past_outlives_a_stop_and_the_evidence_a_kill(running: Box) -> None:
    town = running.town
    town.fault("fibre-blackhole")
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    seq = str(running.history()[-1]["seq"])
    time.sleep(0.5)  # the disk is another thread's business
    running.kill()
    running.start()
    wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
    (switch,) = json.loads(town.repli("uplinks", "history", "--seq", seq, "--json").stdout)["switches"]
    assert [link["state"] for link in switch["evidence"]["links"]] == ["down", "up"]

    def measured() -> set[str]:
        (link,) = json.loads(town.repli("uplinks", "graph", "lte", "--json").stdout)["links"]
        return {sample["at"] for sample in link["samples"]}

    wait_for(lambda: len(measured()) >= 3, "some seconds", 15, every=0.5)
    before = measured()
    assert running.daemon is not None
    running.daemon.stop()
    running.start()
    assert before <= measured()


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
