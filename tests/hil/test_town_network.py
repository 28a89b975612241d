from __future__ import annotations

import json
import time

import pytest

from hil.rig.virtual import by_hand
from hil.rig.virtual.by_hand import answers, carrier, edge
from hil.rig.virtual.network import nft
from hil.rig.virtual.running import NoSuchFault, RunningTown
from hil.rig.virtual.state import read_state
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town


def seen_from(town: Town) -> str:
    """The source address the cloud sees of a flow from the LAN."""
    with town.flow() as flow:
        flow.wait_arrivals(5)
        return flow.arrivals()[-1].source.partition(":")[0]


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_the_lan_reaches_the_cloud_under_the_isp_s_public_address(town: Town, isp_name: str) -> None:
    isp = next(isp for isp in town.plan.isps if isp.name == isp_name)
    by_hand.route(town, isp)
    assert all(answers(town, "lan", target) for target in town.plan.targets)
    assert seen_from(town) == isp.public


def test_the_wan_interfaces_come_up_without_an_address() -> None:
    with Town("t-bare", ()) as bare:
        for isp in bare.plan.isps:
            link = json.loads(edge(bare, "ip", "-json", "-4", "address", "show", isp.edge_interface))
            assert not any(entry.get("addr_info") for entry in link)
            assert carrier(bare, isp.edge_interface)
        assert edge(bare, "ip", "-4", "route", "show", "default") == ""


def test_targets_answer_udp_and_tcp(town: Town) -> None:
    ask = (
        "import socket,sys\n"
        "for host in sys.argv[3:]:\n"
        "    socket.create_connection((host, int(sys.argv[2])), 2).close()\n"
        "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)\n"
        "    s.sendto(b'here', (host, int(sys.argv[1]))); assert s.recv(10) == b'here'\n"
    )
    ports = [str(town.plan.target_udp_port), str(town.plan.target_tcp_port)]
    result = town.run("lan", ["python3", "-c", ask, *ports, *town.plan.targets])
    assert result.returncode == 0, result.stderr


def test_targets_answer_dns_http_and_sip(town: Town) -> None:
    ask = (
        "import socket,struct,sys,urllib.request\n"
        "host, name = sys.argv[1:]\n"
        "def udp(port, data):\n"
        "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((host, port))\n"
        "    s.send(data); return s.recv(1500)\n"
        "labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + bytes(1)\n"
        "header = struct.pack('!6H', 9, 256, 1, 0, 0, 0)\n"
        "print(socket.inet_ntoa(udp(53, header + labels + struct.pack('!2H', 1, 1))[-4:]))\n"
        "print(urllib.request.urlopen(f'http://{host}/check', timeout=2).read().decode())\n"
        "lines = ['OPTIONS sip:x SIP/2.0', 'Via: SIP/2.0/UDP x', 'To: <sip:x>', 'CSeq: 1 OPTIONS', '', '']\n"
        "print(udp(5060, '\\r\\n'.join(lines).encode()).decode().splitlines()[0])\n"
    )
    for target in town.plan.targets:
        result = town.run("lan", ["python3", "-c", ask, target, town.plan.target_dns_name])
        assert result.returncode == 0, result.stderr
        said = [town.plan.target_dns_address, town.plan.target_http_body, "SIP/2.0 200 OK"]
        assert result.stdout.splitlines() == said


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_a_blackhole_drops_what_is_behind_the_gateway_and_heals(town: Town, isp_name: str) -> None:
    isp = next(isp for isp in town.plan.isps if isp.name == isp_name)
    by_hand.route(town, isp)
    town.fault(f"{isp_name}-blackhole")
    town.fault(f"{isp_name}-blackhole")
    assert read_state(town.folder).faults == [f"{isp_name}-blackhole"]
    assert answers(town, "edge", isp.gateway)
    assert carrier(town, isp.edge_interface)
    assert not answers(town, "lan", town.plan.targets[0])
    town.heal(f"{isp_name}-blackhole")
    town.heal(f"{isp_name}-blackhole")
    assert answers(town, "lan", town.plan.targets[0])
    assert read_state(town.folder).faults == []


def test_a_blackhole_drops_both_directions_of_a_flow_that_was_established(town: Town) -> None:
    with town.flow() as flow:
        flow.wait_arrivals(25)
        at = town.fault("fibre-blackhole")
        time.sleep(0.5)
        town.heal("fibre-blackhole")
        flow.wait_arrivals(25)
        assert 0.4 < flow.outage(at).seconds < 5
        assert 0.4 < flow.two_way_outage(at).seconds < 5


@pytest.mark.parametrize("isp_name", ["fibre", "lte"])
def test_a_pulled_cable_shows_at_the_box_and_heals(town: Town, isp_name: str) -> None:
    isp = next(isp for isp in town.plan.isps if isp.name == isp_name)
    town.fault(f"{isp_name}-carrier")
    town.fault(f"{isp_name}-carrier")
    assert not carrier(town, isp.edge_interface)
    town.heal(f"{isp_name}-carrier")
    town.heal(f"{isp_name}-carrier")
    assert carrier(town, isp.edge_interface)
    by_hand.route(town, isp)
    assert answers(town, "lan", town.plan.targets[0])


def test_a_fault_of_one_isp_leaves_the_other_alone(town: Town) -> None:
    town.fault("fibre-blackhole")
    town.fault("fibre-carrier")
    by_hand.route(town, town.plan.lte)
    assert answers(town, "lan", town.plan.targets[0])


def test_a_fault_can_be_injected_by_another_process_than_the_owner(town: Town) -> None:
    RunningTown.attach(town.name).fault("fibre-blackhole")
    assert not answers(town, "lan", town.plan.targets[0])


def test_an_unknown_fault_is_refused_with_those_there_are(town: Town) -> None:
    with pytest.raises(NoSuchFault, match="fibre-blackhole"):
        town.fault("plague")


def test_a_flow_counts_exactly_the_packets_that_were_dropped(town: Town) -> None:
    with town.flow() as flow:
        flow.wait_arrivals(10)
        # The quota lets nothing through until it is used up: exactly 7 packets of 172 + 28 bytes vanish.
        nft(
            town.namespace("fibre"),
            f"table ip drops {{ quota seven {{ 1400 bytes; }}; chain f {{ type filter hook forward priority 0; "
            f'iifname "{town.plan.fibre.inside_interface}" udp length 180 quota until 1400 bytes drop; }}; }}',
        )
        flow.wait_arrivals(25)
        result = flow.result()
    assert result.lost == 7
    assert result.missing == tuple(range(result.missing[0], result.missing[0] + 7))
    assert result.arrived == result.sent - 7
    assert result.duplicates == 0
    assert 8 * 0.020 - 0.015 < result.outage_s < 1.0


def test_a_flow_loses_nothing_on_a_whole_link_and_keeps_one_source(town: Town) -> None:
    with town.flow(rate=100, size=60) as flow:
        flow.wait_arrivals(60)
        result = flow.result()
    assert result.lost == 0
    assert result.echoes == result.sent
    assert [seen.source.partition(":")[0] for seen in result.sources] == [town.plan.fibre.public]


def test_new_flows_are_seen_to_fail_and_to_work_again(town: Town) -> None:
    with town.new_flows() as new:
        time.sleep(0.5)
        at = town.fault("fibre-blackhole")
        time.sleep(0.6)
        assert new.since(at).outage_s is None
        town.heal("fibre-blackhole")
        wait_for(lambda: new.since(at).outage_s is not None, "a flow that is answered")
        outage = new.since(at).outage_s
    assert outage is not None
    assert 0.4 < outage < 5


def test_two_towns_side_by_side_do_not_see_each_other(town: Town) -> None:
    with Town("t-other", ("targets",)) as other:
        assert other.root != town.root
        town.fault("fibre-blackhole")
        assert not answers(town, "lan", town.plan.targets[0])
        assert answers(other, "cloud", other.plan.fibre.public)
        assert read_state(other.folder).faults == []
    assert answers(town, "edge", town.plan.fibre.gateway)
