"""Probes of every kind in a town: what they cost on the cable, and liars that keep no dead link alive."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest

from edge.cli.folders import lay_out
from edge.shared.paths import Paths
from hil.rig.virtual.isp.liar import PORTAL_BODY, WRONG_ADDRESS
from hil.rig.virtual.plan import Isp, Plan
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

_ETHERNET_HEADER = 14


def targets(plan: Plan) -> dict[str, str]:
    """A target of every kind but https, for which the town has no server."""
    first, second, third = plan.targets
    return {
        "icmp": f'{{ kind = "icmp", host = "{first}" }}',
        "udp": f'{{ kind = "udp", host = "{second}", port = {plan.target_udp_port} }}',
        "tcp": f'{{ kind = "tcp", host = "{third}", port = {plan.target_tcp_port} }}',
        "dns": f'{{ kind = "dns", host = "{first}", query = "{plan.target_dns_name}", '
        f'expect = ["{plan.target_dns_address}"] }}',
        "dns2": f'{{ kind = "dns", host = "{second}", query = "{plan.target_dns_name}", '
        f'expect = ["{plan.target_dns_address}"] }}',
        "http": f'{{ kind = "http", host = "{second}", expect_text = "{plan.target_http_body}" }}',
        "sip": f'{{ kind = "sip", host = "{third}" }}',
    }


def start(box: Box, kinds: Sequence[str], *links: str) -> None:
    """Write the settings with these targets, and start uplinks."""
    asked = targets(box.town.plan)
    chosen = ", ".join(asked[kind] for kind in kinds)
    box.town.write_site(f"[uplinks]\nhold_down_s = 2.0\ntargets = [{chosen}]\n" + "\n".join(links))
    lay_out(Paths(box.town.root))
    box.start()


def on_the_cable(box: Box, isp: Isp) -> int:
    """Bytes of IP packets that the ISP's box has had to do with on its customer's cable."""
    shown = box.town.run(isp.name, ["ip", "-j", "-s", "link", "show", "dev", isp.inside_interface])
    (link,) = json.loads(shown.stdout)
    ways = (link["stats64"]["rx"], link["stats64"]["tx"])
    return sum(way["bytes"] - _ETHERNET_HEADER * way["packets"] for way in ways)


@pytest.mark.parametrize("kind", ["dns", "http", "sip"])
def test_a_link_is_good_by_each_kind_alone(box: Box, kind: str) -> None:
    start(box, [kind], *box.both())
    box.wait_up("fibre", "lte", active="fibre")
    box.town.fault("fibre-blackhole")
    wait_for(lambda: box.links()["active"] == "lte", "4G carries")


def test_what_probes_cost_is_what_went_over_the_cable(box: Box) -> None:
    lte = box.town.plan.lte
    start(box, ["icmp", "udp", "tcp", "dns", "http", "sip"], box.static(lte, "metered = true\ninterval_ms = 100"))
    box.wait_up("lte", active="lte")
    time.sleep(1)  # neighbours and routers are found: what follows is probes
    # The cable is read before and after the daemon: asking takes a while, and probes go on meanwhile.
    first, counted, second = on_the_cable(box, lte), box.link("lte")["probe_bytes"], on_the_cable(box, lte)
    time.sleep(3)
    third, counted, last = on_the_cable(box, lte), box.link("lte")["probe_bytes"] - counted, on_the_cable(box, lte)
    assert counted > 20_000
    assert 0.9 * (third - second) < counted < 1.1 * (last - first)


def test_the_budget_decides_how_often_a_paid_link_is_asked(box: Box) -> None:
    start(box, ["icmp", "udp", "tcp"], box.static(box.town.plan.fibre), box.static(box.town.plan.lte, "metered = true"))
    box.wait_up("fibre", "lte", active="fibre")
    lte = box.link("lte")
    assert lte["probe_mb_month"] <= 10
    assert lte["probe_standby_ms"] > 30_000
    assert lte["probe_bytes_month"] == lte["probe_bytes"] > 0
    told = box.town.repli("uplinks", "list").stdout
    assert "payé au volume : en attente, vérifié toutes les 36 s, soit 10,0 Mo par mois" in told


def probed(box: Box, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and each link of `repli uplinks probe --json`."""
    told = box.town.repli("uplinks", "probe", *arguments, "--json")
    return told.returncode, {link["link"]: link for link in json.loads(told.stdout)["links"]}


def test_every_target_says_for_itself(box: Box) -> None:
    kinds = ["icmp", "udp", "tcp", "dns", "http", "sip"]
    start(box, kinds, box.static(box.town.plan.fibre))
    box.wait_up("fibre", active="fibre")
    code, links = probed(box)
    assert code == 0
    assert [target["kind"] for target in links["fibre"]["targets"]] == kinds
    assert {target["outcome"] for target in links["fibre"]["targets"]} == {"answered"}
    assert all(0 < target["rtt_ms"] < 2000 for target in links["fibre"]["targets"])
    for fault in ("fibre-lying-dns", "fibre-captive-portal", "fibre-blackhole"):
        box.town.fault(fault)
    code, links = probed(box, "fibre")
    got = {target["kind"]: (target["outcome"], target["got"]) for target in links["fibre"]["targets"]}
    assert code == 1
    assert got == {
        "icmp": ("timeout", ""),
        "udp": ("timeout", ""),
        "tcp": ("timeout", ""),
        "dns": ("wrong", WRONG_ADDRESS),
        "http": ("wrong", f"HTTP/1.1 200 OK {PORTAL_BODY}"),
        "sip": ("timeout", ""),
    }
    told = box.town.repli("uplinks", "probe", "fibre").stdout
    assert re.search(rf"dns +\S+:53 +fausse +- +{WRONG_ADDRESS}", told)


def test_a_paid_link_is_asked_by_hand_once_a_minute(box: Box) -> None:
    start(box, ["icmp"], *box.both())
    box.wait_up("fibre", "lte", active="fibre")
    _, links = probed(box)
    assert [len(links[name]["targets"]) for name in ("fibre", "lte")] == [1, 1]
    code, links = probed(box)
    assert code == 1
    assert [len(links[name]["targets"]) for name in ("fibre", "lte")] == [1, 0]
    assert 0 < links["lte"]["wait_s"] <= 60
    assert "Réessayez dans" in box.town.repli("uplinks", "probe", "lte").stdout


def test_an_interface_that_is_not_there_sends_nothing(box: Box) -> None:
    absent = '[[uplinks.links]]\nname = "dsl"\ninterface = "no-such-thing"\n'
    start(box, ["icmp", "http"], absent)
    _, links = probed(box)
    assert {target["outcome"] for target in links["dsl"]["targets"]} == {"unsent"}
    refused = box.town.repli("uplinks", "probe", "adsl")
    assert refused.returncode == 2
    assert "Il n'y a pas d'accès « adsl »" in refused.stderr


def test_a_lying_name_server_and_a_portal_keep_no_dead_link_alive(box: Box) -> None:
    start(box, ["dns", "dns2", "http"], *box.both())
    box.wait_up("fibre", "lte", active="fibre")
    for fault in ("fibre-lying-dns", "fibre-captive-portal", "fibre-blackhole"):
        box.town.fault(fault)
    wait_for(lambda: box.links()["active"] == "lte", "4G carries")
    time.sleep(3)  # more than the hold-down: the liars answer all the while
    assert box.link("fibre")["state"] == "down"
    assert box.links()["active"] == "lte"


def test_one_lying_target_does_not_condemn_a_good_link(box: Box) -> None:
    start(box, ["icmp", "tcp", "dns"], *box.both())
    box.wait_up("fibre", "lte", active="fibre")
    moves = box.moves()
    box.town.fault("fibre-lying-dns")
    time.sleep(4)  # 40 rounds: twice what any verdict is made of
    assert box.moves() == moves
    assert box.link("fibre")["state"] == "up"


def test_a_target_that_stands_three_times_is_asked_once(box: Box) -> None:
    """Its one answer can never be the two that a quorum of three targets asks for."""
    once = f'{{ host = "{box.town.plan.targets[0]}" }}'
    box.write(box.static(box.town.plan.fibre, f"targets = [{once}, {once}, {once}]"))
    box.start()
    box.wait_up("fibre", active="fibre")
