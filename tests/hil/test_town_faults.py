"""Each fault of an ISP does what it says, twice is once, and leaves nothing behind: measured from both ends."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from hil.rig.virtual import by_hand
from hil.rig.virtual.by_hand import answers, edge
from hil.rig.virtual.flow.result import NS
from hil.rig.virtual.isp.liar import PORTAL_BODY, WRONG_ADDRESS
from hil.rig.virtual.isp.loss import LOSS_PERCENT, lose
from hil.rig.virtual.isp.slow import SlowLine, slow_down
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.state import read_state
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town

LOOK_UP = (
    "import socket,struct,sys\n"
    "labels = b''.join(bytes([len(l)]) + l.encode() for l in sys.argv[2].split('.')) + bytes(1)\n"
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.bind(('', 5400))\n"
    "s.sendto(struct.pack('!6H', 9, 256, 1, 0, 0, 0) + labels + struct.pack('!2H', 1, 1), (sys.argv[1], 53))\n"
    "data, source = s.recvfrom(512)\n"
    "assert source == (sys.argv[1], 53), source\n"
    "print(socket.inet_ntoa(data[-4:]))\n"
)
FETCH = "import sys,urllib.request; print(urllib.request.urlopen(f'http://{sys.argv[1]}/', timeout=1).read().decode())"


def looked_up(town: Town, host: str) -> str | None:
    """What a name server says of the name the targets know, always asked from the same port; None: nothing."""
    result = town.run("edge", ["python3", "-c", LOOK_UP, host, town.plan.target_dns_name])
    return result.stdout.strip() if result.returncode == 0 else None


def fetched(town: Town, host: str) -> str | None:
    result = town.run("lan", ["python3", "-c", FETCH, host])
    return result.stdout.strip() if result.returncode == 0 else None


def through(town: Town, isp_name: str) -> None:
    by_hand.route(town, next(isp for isp in town.plan.isps if isp.name == isp_name))


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_a_dead_gateway_answers_nothing_arp_neither_while_the_carrier_stays(town: Town, isp_name: str) -> None:
    isp = next(isp for isp in town.plan.isps if isp.name == isp_name)
    through(town, isp_name)
    for _ in range(2):
        town.fault(f"{isp_name}-dead-gateway")
    edge(town, "ip", "neighbour", "flush", "dev", isp.edge_interface)
    assert not answers(town, "edge", isp.gateway)
    assert "lladdr" not in edge(town, "ip", "neighbour", "show", isp.gateway)
    heard = edge(town, "cat", f"/sys/class/net/{isp.edge_interface}/statistics/rx_packets")
    assert not answers(town, isp_name, isp.edge_cidr.split("/")[0])
    assert edge(town, "cat", f"/sys/class/net/{isp.edge_interface}/statistics/rx_packets") == heard
    assert "LOWER_UP" in edge(town, "ip", "link", "show", isp.edge_interface)
    for _ in range(2):
        town.heal(f"{isp_name}-dead-gateway")
    assert answers(town, "lan", town.plan.targets[0])


def test_a_gateway_that_is_back_is_found_at_once(town: Town) -> None:
    """At the worst moment: the box has asked for it at 0, 1 and 2 s, and would give it up at 3 s with all that waits."""
    fibre = town.plan.fibre
    town.fault("fibre-dead-gateway")
    edge(town, "ip", "neighbour", "flush", "dev", fibre.edge_interface)
    asked = time.monotonic()
    town.spawn("edge", ["ping", "-c1", "-n", fibre.gateway], "asked.log")
    time.sleep(asked + 2.4 - time.monotonic())
    assert "INCOMPLETE" in edge(town, "ip", "neighbour", "show", fibre.gateway)
    town.heal("fibre-dead-gateway")
    assert answers(town, "lan", town.plan.targets[0])


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_loss_takes_its_share_each_way_at_random(town: Town, isp_name: str) -> None:
    through(town, isp_name)
    for _ in range(2):
        town.fault(f"{isp_name}-loss")
    with town.flow(rate=400, size=60) as flow:
        flow.wait_arrivals(1_200)
        result = flow.result()
    there = result.lost / result.sent
    back = 1 - result.echoes / result.arrived
    # Of 1500 packets 20 % are 300 give or take 16: six times that is a fault of the rig.
    assert abs(there - LOSS_PERCENT / 100) < 0.065
    assert abs(back - LOSS_PERCENT / 100) < 0.065
    in_a_row = sum(second == first + 1 for first, second in pairwise(result.missing))
    assert 0.08 < in_a_row / result.lost < 0.35  # one in five: neither every fifth packet nor bursts
    for _ in range(2):
        town.heal(f"{isp_name}-loss")
    with town.flow(rate=200) as flow:
        flow.wait_arrivals(100)
        assert flow.result().lost == 0


def test_a_flow_on_a_blackhole_that_flaps_is_out_and_in_every_three_seconds(town: Town) -> None:
    with town.flow() as flow:
        flow.wait_arrivals(10)
        began = town.fault("fibre-flap-blackhole")
        town.fault("fibre-flap-blackhole")
        time.sleep(10.5)
        arrived = [arrival.arrived_ns for arrival in flow.arrivals() if arrival.arrived_ns >= began]
        silences = [(later - earlier) / NS for earlier, later in pairwise([began, *arrived]) if later - earlier > NS]
        assert len(silences) == 2  # down at 0 and at 6 s, up at 3 and at 9 s
        assert all(2.5 < silence < 4.0 for silence in silences)
        assert read_state(town.folder).faults == ["fibre-flap-blackhole"]
        for _ in range(2):
            RunningTown.attach(town.name).heal("fibre-flap-blackhole")
        healed = time.monotonic_ns()
        time.sleep(4.0)
        assert flow.outage(healed).seconds < 1.0
    assert not town.process("fibre-flap-blackhole").alive


def test_a_carrier_that_flaps_is_up_once_it_is_healed_whatever_the_moment(town: Town) -> None:
    town.fault("fibre-flap-carrier")
    assert "LOWER_UP" not in edge(town, "ip", "link", "show", town.plan.fibre.edge_interface)
    town.heal("fibre-flap-carrier")
    assert "LOWER_UP" in edge(town, "ip", "link", "show", town.plan.fibre.edge_interface)
    by_hand.route(town, town.plan.fibre)
    assert answers(town, "lan", town.plan.targets[0])


def test_healing_the_flapping_leaves_a_fault_that_was_injected_by_itself(town: Town) -> None:
    town.fault("fibre-blackhole")
    town.fault("fibre-flap-blackhole")
    town.heal("fibre-flap-blackhole")
    assert not answers(town, "lan", town.plan.targets[0])
    town.heal("fibre-blackhole")
    assert answers(town, "lan", town.plan.targets[0])


@pytest.mark.alone
def test_a_slow_line_adds_its_delay_each_way(town: Town) -> None:
    with town.flow() as flow:
        flow.wait_arrivals(25)
        slow_down(town.plan.fibre, town, SlowLine(delay_ms=100))
        slow_down(town.plan.fibre, town, SlowLine(delay_ms=100))
        slowed = time.monotonic_ns()
        flow.wait_arrivals(50)
        town.heal("fibre-slow")
        town.heal("fibre-slow")
        flow.wait_arrivals(25)
        result = flow.result()
        sent = {packet.seq: packet.sent_ns for packet in flow.sent()}
        delays = sorted(
            (arrival.arrived_ns - sent[arrival.seq]) / NS
            for arrival in flow.arrivals()
            if slowed < sent[arrival.seq] < slowed + NS // 2
        )
        round_trips = sorted(
            (echo.arrived_ns - sent[echo.seq]) / NS
            for echo in flow.echoes()
            if slowed < sent[echo.seq] < slowed + NS // 2
        )
    assert 0.1 <= delays[len(delays) // 2] < 0.15
    assert 0.2 <= round_trips[len(round_trips) // 2] < 0.28
    assert len(result.sources) == 1  # nothing of it changes the flow's address
    assert result.lost < 15  # those under way when it healed


@pytest.mark.alone
def test_an_upload_fills_the_queue_of_a_slow_line_and_the_next_flow_waits(town: Town) -> None:
    slow_down(town.plan.fibre, town, SlowLine(up_kbit=1_000, delay_ms=10, queue_ms=1_000))
    # At no multiple of the other's rate: it would meet a full queue each time, or never, as chance had it.
    with town.flow(rate=203, size=60, name="voice") as voice:
        voice.wait_arrivals(10)
        with town.flow(rate=400, size=1_200, name="upload") as upload:  # 3.9 Mbit/s
            time.sleep(2.5)
            since = time.monotonic_ns()
            time.sleep(1.5)
            until = time.monotonic_ns()
            bits = sum(1_228 * 8 for arrival in upload.arrivals() if since <= arrival.arrived_ns < until)
        sent = {packet.seq: packet.sent_ns for packet in voice.sent()}
        delays = [
            (arrival.arrived_ns - sent[arrival.seq]) / NS
            for arrival in voice.arrivals()
            if since <= arrival.arrived_ns < until
        ]
    assert 800_000 < bits / ((until - since) / NS) < 1_200_000
    assert delays
    assert all(0.75 < delay < 1.25 for delay in delays)


def test_loss_on_a_slow_line_is_taken_once_each_way(town: Town) -> None:
    town.fault("fibre-slow")
    lose(town.plan.fibre, town, 50)
    with town.flow(rate=200, size=60) as flow:
        flow.wait_arrivals(300)
        result = flow.result()
    assert 0.35 < result.lost / result.sent < 0.65
    assert 0.35 < 1 - result.echoes / result.arrived < 0.65


def test_what_the_gateway_answers_itself_is_not_slowed(town: Town) -> None:
    slow_down(town.plan.fibre, town, SlowLine(delay_ms=1_500))
    assert answers(town, "edge", town.plan.fibre.gateway)
    assert not answers(town, "edge", town.plan.targets[0])


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_an_isp_lies_in_the_dns_while_what_is_behind_lives_or_not(town: Town, isp_name: str) -> None:
    through(town, isp_name)
    target = town.plan.targets[0]
    assert looked_up(town, target) == town.plan.target_dns_address
    for _ in range(2):
        town.fault(f"{isp_name}-lying-dns")
    assert looked_up(town, target) == WRONG_ADDRESS
    assert looked_up(town, "192.0.2.99") == WRONG_ADDRESS  # where nobody is
    assert answers(town, "lan", target)
    town.fault(f"{isp_name}-blackhole")
    assert looked_up(town, target) == WRONG_ADDRESS
    assert not answers(town, "lan", target)
    town.heal(f"{isp_name}-blackhole")
    for _ in range(2):
        town.heal(f"{isp_name}-lying-dns")
    assert looked_up(town, target) == town.plan.target_dns_address


def test_an_isp_shows_its_portal_instead_of_the_page_that_was_asked_for(town: Town) -> None:
    target = town.plan.targets[0]
    assert fetched(town, target) == town.plan.target_http_body
    for _ in range(2):
        town.fault("fibre-captive-portal")
    town.fault("fibre-blackhole")
    assert fetched(town, target) == PORTAL_BODY
    town.heal("fibre-blackhole")
    assert fetched(town, target) == PORTAL_BODY
    assert answers(town, "lan", target)
    town.heal("fibre-captive-portal")
    assert fetched(town, target) == town.plan.target_http_body


def test_a_slow_line_lies_as_well_as_a_quick_one(town: Town) -> None:
    town.fault("fibre-slow")
    town.fault("fibre-lying-dns")
    assert looked_up(town, town.plan.targets[0]) == WRONG_ADDRESS


def test_every_fault_of_either_isp_is_listed_and_says_what_it_does(town: Town) -> None:
    kinds = {
        "carrier",
        "blackhole",
        "dead-gateway",
        "flap-carrier",
        "flap-blackhole",
        "loss",
        "slow",
        "lying-dns",
        "captive-portal",
    }
    listed = town.faults()
    assert {name for name in listed if name.startswith(("fibre-", "lte-"))} == {
        f"{isp.name}-{kind}" for isp in town.plan.isps for kind in kinds
    }
    assert all("{" not in fault.says for fault in listed.values())
