"""Which queues a link should have, so that voice waits for nothing else when the upload is full. Pure.

The box must be the slowest place of the way out, or the queue grows where nobody sorts it: hence `upload_kbit`. A kernel
with CAKE has it sort by its tins; else HTB has a class for each class of flow, each with a short queue of its own.

The nft chain `shape` gives packets the same numbers for both: a minor of 1 to 4 is a tin of CAKE diffserv4 (background,
best effort, video, voice); 5 is none, there the DSCP counts (SIP: CS3, video). HTB knows only its classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from edge.uplinks.plan import FlowClass

MAJOR = 0x5250  # "RP": how our queues are told from others
ROOT_PARENT = 0xFFFFFFFF  # TC_H_ROOT
MINORS = {FlowClass.BULK: 2, FlowClass.BOX: 3, FlowClass.RTP: 4, FlowClass.SIP: 5}
_ALL = 1  # the minor of the class that all others share
_UNSORTED = FlowClass.BOX  # what has no connection: ARP, neighbour discovery

_SHARES = {FlowClass.RTP: 60, FlowClass.SIP: 10, FlowClass.BOX: 10, FlowClass.BULK: 20}  # percent that is certain
_PRIORITIES = {
    FlowClass.RTP: 0,
    FlowClass.SIP: 1,
    FlowClass.BOX: 2,
    FlowClass.BULK: 3,
}  # who borrows what is left first
_SHORT = (FlowClass.RTP, FlowClass.SIP)  # classes of small packets

_L2_BYTES = 48  # the largest header below IP that counts: Ethernet, two VLAN tags, PPPoE
_VOICE_PACKET = 214  # G.711, 20 ms, with its headers
_VOICE_WAIT_S = 0.05  # later than that it is better lost
_WAIT_S = 0.2
_FEWEST = 32  # packets: a burst of registrations, the window of a TCP flow at its beginning

# A bundle of TCP segments (GSO, 64 KB) is one packet to HTB: 260 ms of a 2 Mbit/s link that voice would wait for. TBF takes
# it apart; its own rate limits nothing. Where 64 KB take less than 5 ms nothing is taken apart, as in CAKE.
_SPLIT_BELOW_KBIT = 100_000
_UNLIMITED = 500_000_000  # bytes/s
_UNLIMITED_STEP = 500  # bytes: TBF's burst is counted in microseconds


Settings: TypeAlias = Mapping[str, int | str | bool]


class Discipline(StrEnum):
    """Who sorts."""

    CAKE = "cake"
    HTB = "htb"


class Part(StrEnum):
    """The two things a tree is made of."""

    QDISC = "qdisc"
    CLASS = "class"


@dataclass(frozen=True)
class Node:
    """One queueing discipline or class. Rates are bytes/s, sizes bytes; handles as in linux/pkt_sched.h."""

    part: Part
    kind: str
    handle: int
    parent: int
    settings: Settings = field(default_factory=dict)


def discipline(standing: str | None, cake_refused: bool) -> Discipline:
    """Whom to use: whoever is there already (the kernel decided that before), else CAKE unless the kernel has none."""
    if standing in tuple(Discipline):
        return Discipline(standing)
    return Discipline.HTB if cake_refused else Discipline.CAKE


def handle(minor: int) -> int:
    """A class of our root."""
    return MAJOR << 16 | minor


def is_ours(part: Part, node_handle: int) -> bool:
    """Whether it has a number that only we give. TBF makes a class of its own, which goes with it."""
    majors = (MAJOR,) if part is Part.CLASS else (MAJOR, *(_leaf(minor) >> 16 for minor in MINORS.values()))
    return node_handle >> 16 in majors


def tree(upload_kbit: int, mtu: int, by: Discipline) -> tuple[Node, ...]:
    """Everything the interface should hold, parents first."""
    if by is Discipline.CAKE:
        settings: Settings = {"bandwidth": f"{upload_kbit}kbit", "diffserv_mode": "diffserv4", "nat": True}
        return (Node(Part.QDISC, "cake", handle(0), ROOT_PARENT, settings),)
    root = Node(Part.QDISC, "htb", handle(0), ROOT_PARENT, {"default": MINORS[_UNSORTED]})
    shared = Node(Part.CLASS, "htb", handle(_ALL), ROOT_PARENT, _rates(upload_kbit, 100, mtu))
    branches: list[Node] = []
    for flow_class, minor in MINORS.items():
        rates = _rates(upload_kbit, _SHARES[flow_class], mtu)
        branch: Settings = {**rates, "prio": _PRIORITIES[flow_class]}
        branches.append(Node(Part.CLASS, "htb", handle(minor), handle(_ALL), branch))
        branches.append(_queue(flow_class, upload_kbit, mtu))
    return (root, shared, *branches)


def _rates(upload_kbit: int, percent: int, mtu: int) -> Settings:
    ceil = upload_kbit * 125
    # As much at once as goes out in a millisecond, or one packet: more would be a queue at the next device.
    burst = max(mtu + _L2_BYTES, ceil // 1000)
    return {"rate": ceil * percent // 100, "ceil": ceil, "burst": burst, "cburst": burst, "quantum": mtu + _L2_BYTES}


def _queue(flow_class: FlowClass, upload_kbit: int, mtu: int) -> Node:
    minor, full = MINORS[flow_class], mtu + _L2_BYTES
    bytes_a_second = upload_kbit * 125
    if flow_class is FlowClass.RTP:
        limit = max(_FEWEST, round(bytes_a_second * _VOICE_WAIT_S / _VOICE_PACKET))
        return Node(Part.QDISC, "pfifo", _leaf(minor), handle(minor), {"limit": limit})
    limit = max(_FEWEST, round(bytes_a_second * _WAIT_S / full))
    if flow_class in _SHORT or upload_kbit >= _SPLIT_BELOW_KBIT:
        return Node(Part.QDISC, "pfifo", _leaf(minor), handle(minor), {"limit": limit})
    burst = (full // _UNLIMITED_STEP + 2) * _UNLIMITED_STEP
    settings = {"rate": _UNLIMITED, "burst": burst, "limit": limit * full}
    return Node(Part.QDISC, "tbf", _leaf(minor), handle(minor), settings)


def _leaf(minor: int) -> int:
    return MAJOR + minor << 16
