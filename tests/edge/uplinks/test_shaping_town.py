"""The queues of a link as the kernel holds them, and what they do for a call: measured at the far end."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from pyroute2 import IPRoute

from edge.cli.launch import command_line
from edge.shared.daemons import DAEMONS
from edge.uplinks.shaping import handle
from hil.rig.virtual.flow.bulk import Bulk
from hil.rig.virtual.inside import inside
from hil.rig.virtual.isp.slow import SlowLine, slow_down
from hil.rig.virtual.network import nft
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

SHAPED = "upload_kbit = 1800"
FIBRE, LTE = "fibre0", "wwan0"


@contextmanager
def tc(box: Box) -> Iterator[tuple[IPRoute, int]]:
    """Netlink inside the edge, and the fibre's index there: a fork would look too late."""
    with inside(box.town.namespace("edge")):
        route = IPRoute()
    with route:
        yield route, route.link_lookup(ifname=FIBRE)[0]


def is_shaped(route: IPRoute, index: int) -> bool:
    """Whether our root is there."""
    return any(qdisc["handle"] == handle(0) for qdisc in route.get_qdiscs(index=index))


@pytest.fixture
def shaped(box: Box) -> Box:
    """A box that shapes the fibre, its only link."""
    box.write(box.static(box.town.plan.fibre, SHAPED))
    box.start()
    box.wait_up("fibre", active="fibre")
    return box


def test_killed_inside_the_work_exactly_one_set_is_left(shaped: Box) -> None:
    calm = shaped.queues(FIBRE)
    assert len(calm) == 12, calm  # root, shared, and per class one class and one queue; TBF shows a class of its own
    chance = random.Random(3)
    with tc(shaped) as (route, index):
        halves = 0
        for _ in range(8):
            shaped.kill()
            route.tc("del", index=index, parent=0xFFFFFFFF)
            environment = shaped.town.appliance_environment
            early = shaped.town.spawn("edge", command_line(DAEMONS["uplinks"]), "early.log", env=environment)
            wait_for(lambda: is_shaped(route, index), "the root is there", every=0.0005)
            time.sleep(chance.uniform(0, 0.004))
            early.kill()
            halves += shaped.queues(FIBRE) != calm
            shaped.start()
            wait_for(lambda: shaped.queues(FIBRE) == calm, "exactly one set", every=0.1)
    assert halves, "never killed in the middle: this shows nothing"
    assert shaped.issues() == set()


@pytest.mark.parametrize(
    "damage",
    [
        f"tc qdisc del dev {FIBRE} root",
        f"tc qdisc replace dev {FIBRE} root handle 7: tbf rate 1mbit burst 5000 limit 20000",
        f"tc qdisc del dev {FIBRE} parent 5250:4",
        f"tc class change dev {FIBRE} parent 5250:1 classid 5250:4 htb rate 8kbit ceil 8kbit",
        f"tc class add dev {FIBRE} parent 5250:1 classid 5250:77 htb rate 8kbit",
    ],
)
def test_what_somebody_else_changes_is_put_back(shaped: Box, damage: str) -> None:
    calm = shaped.queues(FIBRE)
    time.sleep(1)  # while interfaces come up, a difference is nobody's deed
    shaped.edge(damage)
    said = ("uplinks.foreign_change", "queues")
    wait_for(lambda: said in shaped.issues(), "put back, and said", 10, every=0.2)  # promised: within 5 s
    assert shaped.queues(FIBRE) == calm


def test_nothing_is_written_when_nothing_differs(shaped: Box) -> None:
    assert shaped.daemon is not None
    before = shaped.daemon.log_text().count("edge.uplinks.shaper")
    for _ in range(5):
        shaped.edge(f"ip link set dev {FIBRE} alias something-$RANDOM")
        time.sleep(0.2)
    assert shaped.daemon.log_text().count("edge.uplinks.shaper") == before


def test_settings_changed_while_it_runs(box: Box) -> None:
    """A rate changes in place, a link that is shaped no longer has the kernel's own queue again."""
    untouched = box.queues(FIBRE), box.queues(LTE)
    fibre, lte = box.town.plan.isps
    box.write(box.static(fibre, SHAPED), box.static(lte))
    box.start(name="settings")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    assert box.queues(LTE) == untouched[1]
    changed = box.town.folder / "changed.toml"
    changed.write_text(box.document(box.static(fibre, "upload_kbit = 900"), box.static(lte, SHAPED)), encoding="utf-8")
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: "rate 900Kbit" in " ".join(box.queues(FIBRE)), "the new rate", every=0.1)
    wait_for(lambda: "rate 1800Kbit" in " ".join(box.queues(LTE)), "the other link too", every=0.1)
    assert "1800Kbit" not in " ".join(box.queues(FIBRE))
    changed.write_text(box.document(box.static(fibre)), encoding="utf-8")
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: (box.queues(FIBRE), box.queues(LTE)) == untouched, "the kernel's own queues", every=0.1)


def test_an_interface_that_comes_back_is_shaped_again(shaped: Box) -> None:
    calm, town = shaped.queues(FIBRE), shaped.town
    shaped.edge(f"ip link set {FIBRE} netns {town.namespace('lan')}")
    town.run(
        "lan",
        ["sh", "-ec", f"tc qdisc del dev {FIBRE} root || true; ip link set {FIBRE} netns {town.namespace('edge')}"],
    )
    wait_for(lambda: shaped.queues(FIBRE) == calm, "shaped again", every=0.2)


@pytest.mark.alone
def test_a_call_does_not_notice_a_full_upload(shaped: Box) -> None:
    """The figures are scripts/bench-voice-priority's; without the queues the call waits hundreds of milliseconds."""
    town = shaped.town
    slow_down(town.plan.fibre, town, SlowLine(up_kbit=2_000, delay_ms=0, queue_ms=1_000))
    with town.flow(dscp=46) as flow:
        flow.wait_arrivals(50)
        idle = median(flow.delays_ms(0))
        with Bulk(town, "tcp") as bulk:
            wait_for(lambda: bulk.received > 200_000, "the upload is full")
            since = time.monotonic_ns()
            time.sleep(4)
            assert flow.lost(since) <= 4
            assert median(flow.delays_ms(since)) - idle < 50
            assert bulk.received > 500_000, "bulk got nothing"


def test_voice_and_its_signalling_are_marked_on_the_way_out(shaped: Box) -> None:
    """Whatever the phone marks: EF and CS3 behind the box, nothing on the rest."""
    town = shaped.town
    nft(
        town.namespace("fibre"),
        """
        table ip seen {
            chain forward {
                type filter hook forward priority filter;
                iifname "box0" udp dport 20000 ip dscp ef counter
                iifname "box0" udp dport 5060 ip dscp cs3 counter
                iifname "box0" udp dport 53 ip dscp cs0 counter
            }
        }
        """,
    )
    send = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 20000))\n"
    send += f"for port in (20000, 5060, 53): s.sendto(b'x', ('{town.plan.echo}', port))"
    assert town.run("lan", ["python3", "-c", send, town.plan.probe_host]).returncode == 0
    counted = town.run("fibre", ["nft", "list", "table", "ip", "seen"]).stdout
    assert re.findall(r"counter packets (\d+)", counted) == ["1", "1", "1"], counted
