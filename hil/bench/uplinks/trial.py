"""One fault in a town of its own, routed by one peer: an established flow and new flows are watched."""

from __future__ import annotations

import random
import time

from hil.bench.peers import Peer
from hil.bench.uplinks.outcome import ALIVE_S, Outcome, first_s, moves, new_silence_s, silence_s
from hil.rig.virtual.flow.flow import Flow, Opener
from hil.rig.virtual.flow.result import NS
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import TooLate, wait_for

NEW_FLOW_EVERY_S = 0.02
ON_FIBRE_TIMEOUT_S = 30.0
SETTLE_S = 3.0  # every peer has asked its targets a few times
LEAST_WATCHED_S = 4.0
MOST_WATCHED_S = 45.0  # of an outage; one that lasts longer is "never"
# These go on for so long whatever the peer does: who moves a flow may move it back.
WATCHED_S = {"fibre-loss": 15.0, "fibre-flap-carrier": 60.0, "fibre-flap-blackhole": 60.0}


def run_trial(peer: Peer, town_name: str, fault: str, seed: str) -> Outcome:
    """Build the town, have the peer route it, break it at an instant the seed decides, watch. Raises TooLate."""
    chance = random.Random(seed)
    with Town(town_name, parts=["targets"]) as town:
        peer.start(town)
        _wait_on_fibre(town)
        with town.flow(name="bench") as flow, town.new_flows(NEW_FLOW_EVERY_S) as new:
            flow.wait_arrivals(25)
            time.sleep(SETTLE_S + chance.uniform(0.0, 1.0))
            since = town.fault(fault)
            _watch(flow, new, since, WATCHED_S.get(fault))
            return _outcome(town, flow, new, since)


def _watch(flow: Flow, new: Opener, since: int, fixed_s: float | None) -> None:
    if fixed_s is not None:
        time.sleep(fixed_s)
        return
    time.sleep(LEAST_WATCHED_S)
    while (time.monotonic_ns() - since) / NS < MOST_WATCHED_S and not _recovered(flow, new, since):
        time.sleep(0.5)


def _recovered(flow: Flow, new: Opener, since: int) -> bool:
    arrivals = flow.arrivals()
    runs = bool(arrivals) and (time.monotonic_ns() - arrivals[-1].arrived_ns) / NS < ALIVE_S
    return runs and new.since(since).outage_s is not None


def _outcome(town: RunningTown, flow: Flow, new: Opener, since: int) -> Outcome:
    sides = {isp.public: isp.name for isp in town.plan.isps}

    def side_of(source: str) -> str:
        address = source.rpartition(":")[0]
        return sides.get(address, address)

    established_moves = moves(flow.arrivals(), since, side_of)
    new_moves = moves(new.arrivals(), since, side_of)
    return Outcome(
        established_out_s=silence_s(flow.outage(since)),
        new_out_s=new_silence_s(new.since(since)),
        established_moved_s=first_s(established_moves, since),
        new_moved_s=first_s(new_moves, since),
        established_moves=len(established_moves),
        new_moves=len(new_moves),
        watched_s=(time.monotonic_ns() - since) / NS,
    )


def _wait_on_fibre(town: RunningTown) -> None:
    """Return once new flows leave by the fibre."""

    def on_fibre() -> bool:
        with town.flow(name="which") as flow:
            try:
                flow.wait_arrivals(3, timeout=1.0)
            except TooLate:
                return False
            return flow.arrivals()[-1].source.startswith(f"{town.plan.fibre.public}:")

    wait_for(on_fibre, "new flows by the fibre", ON_FIBRE_TIMEOUT_S, every=0.3)
