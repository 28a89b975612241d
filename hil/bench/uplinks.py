"""How long an established flow is out when the fibre fails: Repli, keepalived and a ping script in the same run.

The figure is the longest silence at the far end of 50 packets/s through the router's translation, one new flow a
fault, each fault at a random instant. `python -m hil.bench.uplinks`; exit 0 when Repli keeps its promise.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import time
from collections.abc import Sequence
from statistics import median

from hil.bench.peers import Keepalived, Peer, PingScript, Repli
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import TooLate, wait_for

PROMISES = {"fibre-blackhole": 1.0, "fibre-carrier": 0.2}  # seconds
WATCHED_S = 4.0  # after the fault; a longer outage shows as this
BACK_S = 60.0

Figures = dict[str, list[float]]  # fault -> outages in seconds


def main() -> int:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    peers: list[Peer] = [Repli(), PingScript()]
    if shutil.which("keepalived"):
        peers.insert(1, Keepalived())
    else:
        print("keepalived is not installed (apt-get install keepalived): measured without it")
    print(f"seed {arguments.seed}, {arguments.repeats} repeats")
    measured = {peer.name: measure(peer, arguments.repeats, random.Random(arguments.seed)) for peer in peers}
    print_table(measured)
    return 0 if all(max(measured["Repli"][fault]) <= limit for fault, limit in PROMISES.items()) else 1


def measure(peer: Peer, repeats: int, chance: random.Random) -> Figures:
    """One town for one peer, every fault so many times."""
    figures: Figures = {fault: [] for fault in PROMISES}
    with Town("benchup", parts=["targets"]) as town:
        peer.start(town)
        for fault, outages in figures.items():
            for _ in range(repeats):
                wait_on_fibre(town)
                outages.append(one_outage(town, fault, chance))
                print(f"  {peer.name}: {fault} {outages[-1]:.3f} s", flush=True)
                town.heal(fault)
    return figures


def one_outage(town: Town, fault: str, chance: random.Random) -> float:
    """Seconds of silence of one established flow."""
    with town.flow(name="bench") as flow:
        flow.wait_arrivals(25)
        time.sleep(chance.uniform(0.5, 1.5))
        injected_ns = town.fault(fault)
        time.sleep(WATCHED_S)
        return flow.outage(injected_ns).seconds


def wait_on_fibre(town: Town) -> None:
    """Return once new flows leave by the fibre again. Raises TooLate."""

    def on_fibre() -> bool:
        with town.flow(name="which") as flow:
            try:
                flow.wait_arrivals(3, timeout=1.0)
            except TooLate:
                return False
            return flow.arrivals()[-1].source.startswith(f"{town.plan.fibre.public}:")

    wait_for(on_fibre, "new flows by the fibre", BACK_S, every=0.3)
    time.sleep(1.0)


def print_table(measured: dict[str, Figures]) -> None:
    """Median, smallest and largest of each peer, and how many times Repli's median fits into its median."""
    print(f"\n{'fault':<16} {'router':<12} {'median s':>9} {'min s':>7} {'max s':>7} {'ratio':>7}")
    for fault in PROMISES:
        for name, figures in measured.items():
            outages = figures[fault]
            print(f"{fault:<16} {name:<12} {row(outages)} {median(outages) / median(measured['Repli'][fault]):>6.1f}x")


def row(outages: Sequence[float]) -> str:
    """The three figures of a row."""
    return f"{median(outages):>9.3f} {min(outages):>7.3f} {max(outages):>7.3f}"


if __name__ == "__main__":
    sys.exit(main())
