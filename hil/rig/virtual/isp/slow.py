"""A slow line: finite rates, added delay, and a deep queue that fills (bufferbloat).

The kernels Repli is developed on have no netem. What the ISP forwards takes a detour through a TUN device at whose
other end a process of the town holds each packet as long as the line would (`delayer`).
"""

from __future__ import annotations

import sys
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from hil.rig.virtual.isp.common import delete_table, end, isp_fault, replace_table, runs
from hil.rig.virtual.network import detour
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.state import read_state

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

SLOW_INTERFACE = "slow0"
_TABLE = "ip slow_line"
_MARK = 77  # of packets that have yet to pass the line; also the routing table that sends them there


@dataclass(frozen=True)
class SlowLine:
    """What the line is like; the fault's own figures are a tired ADSL line with a bloated modem."""

    up_kbit: float = 1_000.0  # per second, from the box to the internet
    down_kbit: float = 8_000.0
    delay_ms: float = 20.0  # added each way, in an empty queue too
    queue_ms: float = 1_000.0  # the queue's depth each way: what would wait longer is dropped


def faults(isp: str) -> tuple[Fault, ...]:
    """Of one ISP."""
    line = SlowLine()
    says = (
        f"the {{isp}} line is slow: {line.up_kbit:g} kbit/s up, {line.down_kbit:g} down, {line.delay_ms:g} ms more each "
        f"way, up to {line.queue_ms:g} ms more when its queue is full"
    )
    return (isp_fault(isp, "slow", says, lambda isp, town: slow_down(isp, town, line), _heal),)


def slow_down(isp: Isp, town: RunningTown, line: SlowLine) -> None:
    """Make the line so; the `heal` of the fault `slow` ends it. What the gateway answers itself is not slowed."""
    name = f"{isp.name}-slow"
    network = isp.gateway_cidr
    argv = [sys.executable, "-m", "hil.rig.virtual.isp.delayer", SLOW_INTERFACE, network, *map(str, astuple(line))]
    if runs(town, name):
        if read_state(town.folder).processes[name].argv == argv:
            return
        _heal(isp, town)
    town.spawn(isp.name, argv, f"{name}.log").wait_printed("^ready$")
    detour(town.namespace(isp.name), _MARK, SLOW_INTERFACE)
    # A packet passes here twice, and must be translated once: between the line and the internet. One table that both
    # marks and exempts comes and goes in one step, so that no packet leaves untranslated meanwhile.
    rules = (
        f'iifname "{isp.inside_interface}" meta mark set {_MARK} notrack;\n'
        f'iifname "{isp.outside_interface}" meta mark set {_MARK};\n'
        f'iifname "{SLOW_INTERFACE}" ip daddr {network} notrack;'
    )
    replace_table(isp, town, _TABLE, f"chain prerouting {{ type filter hook prerouting priority raw; {rules} }};")


def _heal(isp: Isp, town: RunningTown) -> None:
    delete_table(isp, town, _TABLE)
    end(town, f"{isp.name}-slow")
