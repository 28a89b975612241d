"""What a full upload does to a call: with Repli's queues and without, on a link of 2 Mbit/s that queues for a second.

The call is 50 packets/s of 172 bytes, marked EF, measured at the far end (loss, one-way delay; both ends read the same
CLOCK_MONOTONIC), while uploads fill the link. `python -m hil.bench.voice_priority`; exit 0 when the promise is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

from hil.rig.virtual.flow.bulk import Bulk
from hil.rig.virtual.isp.slow import SlowLine, slow_down
from hil.rig.virtual.plan import Plan
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import TooLate

LINE = SlowLine(up_kbit=2_000, delay_ms=0, queue_ms=1_000)
SHAPED_KBIT = 1_800  # `upload_kbit`: a tenth less
LOSS_PERCENT = 1.0  # promised, with the queues
ADDED_MS = 30.0
BLOATED_MS = 100.0  # expected without
EF = 46
FILL_S = 3.0  # for the queue to fill and TCP to find its rate

Load = Literal["tcp", "udp"]
LOADS: dict[Load, str] = {"tcp": "4 TCP uploads", "udp": "UDP at 4 Mbit/s"}


@dataclass(frozen=True)
class Figures:
    """A call of some seconds."""

    loss_percent: float
    delays_ms: list[float]

    @property
    def median_ms(self) -> float:
        """Half the packets were under way no longer."""
        return median(self.delays_ms) if self.delays_ms else float("inf")

    @property
    def p95_ms(self) -> float:
        """Nineteen in twenty packets were under way no longer."""
        return quantiles(self.delays_ms, n=20)[-1] if len(self.delays_ms) > 1 else float("inf")


def main() -> int:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each call")
    arguments = parser.parse_args()
    kept = True
    print(f"{'upload':<18} {'queues':<16} {'loss %':>7} {'added ms, median':>17} {'p95':>8} {'bulk kbit/s':>12}")
    for load, words in LOADS.items():
        for shaped in (False, True):
            idle, busy, bulk_kbit = measure(load, arguments.seconds, shaped=shaped)
            added, p95 = busy.median_ms - idle.median_ms, busy.p95_ms - idle.median_ms
            name = "Repli's" if shaped else "none"
            print(
                f"{words:<18} {name:<16} {busy.loss_percent:>7.2f} {added:>17.1f} {p95:>8.1f} {bulk_kbit:>12.0f}",
                flush=True,
            )
            kept &= busy.loss_percent < LOSS_PERCENT and p95 < ADDED_MS if shaped else added > BLOATED_MS
    print(f"promised with: loss < {LOSS_PERCENT:g} %, p95 < {ADDED_MS:g} ms; expected without: > {BLOATED_MS:g} ms")
    print("kept" if kept else "NOT kept")
    return 0 if kept else 1


def measure(load: Load, seconds: float, *, shaped: bool) -> tuple[Figures, Figures, float]:
    """The call on an idle link, on a full one, and what the uploads got of it in kbit/s."""
    with Town("benchprio", parts=["targets"]) as town:
        town.write_site(site(town.plan, shaped=shaped))
        town.start_appliance(only="uplinks")
        town.wait_ready()
        slow_down(town.plan.fibre, town, LINE)
        idle = call(town, 5.0)
        with Bulk(town, load) as bulk:
            time.sleep(FILL_S)
            before, began = bulk.received, time.monotonic()
            busy = call(town, seconds)
            bulk_kbit = (bulk.received - before) * 8 / 1000 / (time.monotonic() - began)
    return idle, busy, bulk_kbit


def site(plan: Plan, *, shaped: bool) -> str:
    """The fibre alone: with a second link Repli would leave a link that fills up."""
    targets = ", ".join(f'{{ kind = "icmp", host = "{host}" }}' for host in plan.targets)
    fibre = plan.fibre
    return f"""
        [uplinks]
        targets = [{targets}]
        [[uplinks.links]]
        name = "fibre"
        interface = "{fibre.edge_interface}"
        address = "static"
        cidr = "{fibre.edge_cidr}"
        gateway = "{fibre.gateway}"
        {f"upload_kbit = {SHAPED_KBIT}" if shaped else ""}
    """


def call(town: Town, seconds: float) -> Figures:
    """One call."""
    with town.flow(dscp=EF) as flow:
        with contextlib.suppress(TooLate):
            flow.wait_arrivals(5)
        since_ns = time.monotonic_ns()
        time.sleep(seconds)
        result = flow.result()
        sent = [packet.seq for packet in flow.sent() if packet.sent_ns >= since_ns]
        missing = set(result.missing) & set(sent)
        return Figures(100 * len(missing) / len(sent), flow.delays_ms(since_ns))


if __name__ == "__main__":
    sys.exit(main())
