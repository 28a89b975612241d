"""Classes of flows in a town: what the kernel wrote into the connection marks, and what a flush by class takes away."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest

from edge.uplinks import sysctl
from edge.uplinks.conntrack import Conntrack
from edge.uplinks.plan import FlowClass
from hil.rig.virtual.inside import inside
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

SEND = """
import socket, sys
host, sport, dport, tos = sys.argv[1], *map(int, sys.argv[2:])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
sock.bind(("", sport))
sock.sendto(b"x", (host, dport))
"""
EF = 0xB8


def send(box: Box, namespace: str, sport: int, dport: int, tos: int = 0) -> None:
    command = [sys.executable, "-c", SEND, box.town.plan.echo, str(sport), str(dport), str(tos)]
    result = box.town.run(namespace, command)
    assert result.returncode == 0, result.stderr


def marks(box: Box) -> dict[tuple[int, int], int]:
    """Source and destination port of every UDP flow in the box's kernel -> its mark."""
    found = re.finditer(r" udp .*? sport=(\d+) dport=(\d+) .* mark=(\d+)", box.edge("cat /proc/net/nf_conntrack"))
    return {(int(flow[1]), int(flow[2])): int(flow[3]) for flow in found}


@pytest.mark.parametrize(
    ("namespace", "sport", "dport", "tos", "flow_class"),
    [
        ("lan", 5060, 5060, 0, FlowClass.SIP),
        ("lan", 40000, 5061, 0, FlowClass.SIP),
        ("lan", 5004, 12000, EF, FlowClass.RTP),
        ("lan", 11780, 26000, 0, FlowClass.RTP),
        ("lan", 40000, 443, 0, FlowClass.BULK),  # QUIC
        ("lan", 40000, 53, 0, FlowClass.BULK),
        ("lan", 40000, 123, 0, FlowClass.BULK),
        ("lan", 40000, 51820, 0, FlowClass.BULK),  # WireGuard
        ("lan", 51820, 40000, 0, FlowClass.BULK),
        ("edge", 41000, 53, 0, FlowClass.BOX),
        ("edge", 5062, 5060, 0, FlowClass.SIP),
        ("edge", 12000, 26000, 0, FlowClass.RTP),
    ],
)
def test_the_class_of_a_flow(shared: Box, namespace: str, sport: int, dport: int, tos: int, flow_class: int) -> None:
    send(shared, namespace, sport, dport, tos)
    assert marks(shared)[sport, dport] == flow_class << 8 | 1


def test_a_flush_takes_one_class_of_one_link(running: Box) -> None:
    flows = {(5060, 5060): 0x201, (11780, 26000): 0x101, (40000, 443): 0x001}
    for sport, dport in flows:
        send(running, "lan", sport, dport)
    assert flows.items() <= marks(running).items()

    async def flush(link: int, flow_class: FlowClass | None = None) -> None:
        with inside(running.town.namespace("edge")):
            async with Conntrack() as conntrack:
                await conntrack.flush(link, flow_class)

    asyncio.run(flush(1, FlowClass.SIP))
    assert {(11780, 26000), (40000, 443)} == flows.keys() & marks(running).keys()
    asyncio.run(flush(2, FlowClass.RTP))
    asyncio.run(flush(1, FlowClass.BULK))
    assert {(11780, 26000)} == flows.keys() & marks(running).keys()
    asyncio.run(flush(1))
    assert not flows.keys() & marks(running).keys()


def test_after_a_switch_every_class_takes_the_other_link(running: Box) -> None:
    running.town.fault("fibre-carrier")
    running.wait_up("lte", active="lte")
    for sport, dport in ((5060, 5060), (11780, 26000), (40000, 443)):
        send(running, "lan", sport, dport)
        assert marks(running)[sport, dport] & 0xFF == 2


def test_how_full_the_table_of_connections_is_can_be_seen(shared: Box) -> None:
    with inside(shared.town.namespace("edge")), shared.town.flow(name="seen") as flow:
        flow.wait_arrivals(5)
        seen = sysctl.flows()
    assert seen is not None
    assert 0 < seen.open < seen.most
