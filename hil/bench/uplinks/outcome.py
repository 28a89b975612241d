"""What one fault did to flows, from what the far end saw. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from hil.rig.virtual.flow.result import NS, Arrival, Gap, NewFlows

SideOf = Callable[[str], str]  # a source as the far end saw it, to the name of its ISP

ALIVE_S = 0.2  # a flow of 50 packets/s whose last packet is younger than this runs


@dataclass(frozen=True)
class Outcome:
    """One trial. Seconds from the fault; inf: not while it was watched."""

    established_out_s: float  # the longest silence at the far end of a flow that was there before
    new_out_s: float  # from the first new flow without an answer to the next one with
    established_moved_s: float  # until the far end saw it come from the other ISP
    new_moved_s: float
    established_moves: int  # changes of ISP, as the far end saw them
    new_moves: int
    watched_s: float


def moves(arrivals: Sequence[Arrival], since_ns: int, side_of: SideOf) -> list[int]:
    """When the far end saw a packet come from another ISP than the packet sent before it (CLOCK_MONOTONIC, ns).

    In the order of sending: a packet that was overtaken on a slower link is no move there and back.
    """
    in_order = sorted(arrivals, key=lambda arrival: arrival.seq)
    changes = [
        later.arrived_ns for earlier, later in pairwise(in_order) if side_of(earlier.source) != side_of(later.source)
    ]
    return [change for change in changes if change >= since_ns]


def silence_s(gap: Gap) -> float:
    """How long; inf if it lasts. The wait for the next packet, where nothing else was longer, is no lasting silence."""
    return gap.seconds if gap.over or gap.seconds < ALIVE_S else inf


def new_silence_s(new: NewFlows) -> float:
    """How long; inf if it lasts."""
    return inf if new.outage_s is None else new.outage_s


def first_s(changes: Sequence[int], since_ns: int) -> float:
    """Seconds until the first change; inf if there is none."""
    return (changes[0] - since_ns) / NS if changes else inf
