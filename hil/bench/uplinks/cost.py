"""What watching two links costs: CPU and memory of the daemon uplinks at its quickest, beside keepalived in the same minute.

Repli asks every target of the town (two pings, one UDP echo) on both links each 100 ms; keepalived asks one target on one
link each second, its shortest. Nobody uses the links. CPU is what the kernel charged to the process, its children and
those that ended, in hundredths of one core; memory is PSS. `python -m hil.bench.uplinks.cost`; exit 0 when Repli keeps
what issue 3 demands, 1 when it does not. With --foreign-routes there is a routing daemon's table beside: so many routes in
the main table of each router.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.shared.paths import Paths
from hil.bench.memory import descendants, usage
from hil.bench.peers import Keepalived
from hil.rig.virtual.inside import inside
from hil.rig.virtual.plan import Plan
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.town import Town

MOST_CPU_PERCENT, MOST_PSS_MB = 3.0, 45.0
SETTLE_S = 10.0  # imports, first rounds, first cycles
# Fields of /proc/PID/stat after the command's closing parenthesis (proc(5)): utime, stime, and both of reaped children.
_TIMES = slice(11, 15)


@dataclass(frozen=True)
class Cost:
    """Of one router, all its processes together."""

    name: str
    cpu_percent: float  # of one core
    packets_per_s: float  # sent on both links together: that it does ask
    pss_mb: float
    private_mb: float
    processes: int


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="bench-uplinks-cost", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument(
        "--foreign-routes", type=int, default=0, metavar="N", help="in the main table, at most 60000 (0)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("bench-uplinks-cost must run as root: it builds network namespaces", file=sys.stderr)
        return 2
    costs = measure(arguments.seconds, min(arguments.foreign_routes, 60_000))
    too_much = missed(costs[0])
    print(f"{'':<12}{'CPU % of one core':>18}{'packets/s':>11}{'PSS MB':>9}{'private MB':>12}{'processes':>11}")
    for cost in costs:
        print(
            f"{cost.name:<12}{cost.cpu_percent:>18.2f}{cost.packets_per_s:>11.1f}{cost.pss_mb:>9.1f}"
            f"{cost.private_mb:>12.1f}{cost.processes:>11}"
        )
    verdict = f"MISSED: {', '.join(too_much)}" if too_much else "kept"
    print(f"demanded of Repli: CPU <= {MOST_CPU_PERCENT:g} %, PSS <= {MOST_PSS_MB:g} MB: {verdict}")
    if arguments.json:
        body = {
            "schema": 1,
            "seconds": arguments.seconds,
            "kept": not too_much,
            "costs": [asdict(cost) for cost in costs],
        }
        arguments.json.write_text(f"{json.dumps(body, indent=2)}\n", encoding="utf-8")
    return 1 if too_much else 0


def missed(cost: Cost) -> list[str]:
    """Which of the demands it does not keep."""
    demands = {"CPU": (cost.cpu_percent, MOST_CPU_PERCENT), "PSS": (cost.pss_mb, MOST_PSS_MB)}
    return [name for name, (used, most) in demands.items() if used > most]


def measure(seconds: float, foreign_routes: int = 0) -> list[Cost]:
    """Repli's cost first; keepalived's too where it is installed."""
    with ExitStack() as towns:
        town = towns.enter_context(Town("bench-cost", ["targets"]))
        routers = [_Router("Repli", town, _repli(town))]
        if shutil.which("keepalived", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
            town = towns.enter_context(Town("bench-cost-ka", ["targets"]))
            Keepalived().start(town)
            routers.append(_Router("keepalived", town, town.process("keepalived").pid))
        else:
            print("keepalived is not installed: measured without it")
        for router in routers:
            _add_routes(router.town, foreign_routes)
        time.sleep(SETTLE_S)
        print(f"{', '.join(router.name for router in routers)}: {seconds:g} s ...", flush=True)
        before = [router.reading() for router in routers]
        time.sleep(seconds)
        after = [router.reading() for router in routers]
        return [router.cost(*readings) for router, *readings in zip(routers, before, after, strict=True)]


@dataclass(frozen=True)
class _Reading:
    at_s: float
    cpu_s: float
    packets: int


@dataclass(frozen=True)
class _Router:
    name: str
    town: RunningTown
    pid: int

    def reading(self) -> _Reading:
        """What it has used so far."""
        return _Reading(time.monotonic(), cpu_s(self.pid), sent_packets(self.town))

    def cost(self, before: _Reading, after: _Reading) -> Cost:
        """What it used between two readings, and the memory it has now."""
        lasted = after.at_s - before.at_s
        cpu, packets = 100 * (after.cpu_s - before.cpu_s) / lasted, (after.packets - before.packets) / lasted
        while True:
            try:
                memory = usage(self.name, self.pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # a ping ended while it was looked at
            return Cost(self.name, cpu, packets, memory.pss_kb / 1024, memory.private_kb / 1024, memory.processes)


def _add_routes(town: RunningTown, count: int) -> None:
    """Routes that a routing daemon would have learnt, by the LAN."""
    routes = "".join(
        f"route add 198.18.{n // 250}.{n % 250} dev {town.plan.lan_interface} proto bgp\n" for n in range(count)
    )
    subprocess.run(town.command("edge", ["ip", "-batch", "-"]), input=routes, text=True, check=True, timeout=60)


def sent_packets(town: RunningTown) -> int:
    """On both links since they are."""
    with inside(town.namespace("edge")):
        lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    counters = {name.strip(): fields.split() for name, _, fields in (line.partition(":") for line in lines)}
    return sum(int(counters[isp.edge_interface][9]) for isp in town.plan.isps)


def cpu_s(pid: int) -> float:
    """Seconds of CPU of a process, its living descendants, and those it has reaped."""
    ticks = sum(_ticks(member) for member in (pid, *descendants(pid)))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0  # a ping that just ended; whoever reaped it has its time
    return sum(int(field) for field in stat.rpartition(")")[2].split()[_TIMES])


def _repli(town: RunningTown) -> int:
    """Start the daemon alone; its pid."""
    town.write_site(_document(town.plan))
    town.start_appliance(only="uplinks")
    town.wait_ready()
    running = json.loads(Paths(town.root).supervisor_file.read_bytes())
    return int(running["daemons"]["uplinks"]["pid"])


def _document(plan: Plan) -> str:
    first, second, third = plan.targets
    links = "".join(
        f"""
[[uplinks.links]]
name = "{isp.name}"
interface = "{isp.edge_interface}"
address = "static"
cidr = "{isp.edge_cidr}"
gateway = "{isp.gateway}"
interval_ms = 100
"""
        for isp in plan.isps
    )
    return f"""\
[site]
name = "Mesure"
[uplinks]
targets = [
  {{ kind = "icmp", host = "{first}" }},
  {{ kind = "icmp", host = "{second}" }},
  {{ kind = "udp", host = "{third}", port = {plan.target_udp_port} }},
]
{links}"""


if __name__ == "__main__":
    sys.exit(main())
