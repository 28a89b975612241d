"""An ISP that answers in another's name: every DNS query with a wrong address, every HTTP request with its portal.

Each lie stands alone, with the internet behind alive. Add the fault `blackhole` and everything else behind is dead: the
liar is the ISP's own box, and goes on answering.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hil.rig.virtual.isp.common import delete_table, end, isp_fault, replace_table, runs
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


@dataclass(frozen=True)
class _Lie:
    name: str  # of the fault, and what the liar program calls it
    transport: str
    asked_port: int
    liar_port: int


_DNS = _Lie("lying-dns", "udp", 53, 5353)
_PORTAL = _Lie("captive-portal", "tcp", 80, 8080)


def faults(isp: str) -> tuple[Fault, ...]:
    """Of one ISP."""
    return (
        isp_fault(
            isp,
            _DNS.name,
            "the {isp} ISP answers every DNS query itself, with a wrong address; all else works (add {isp}-blackhole: "
            "all else is dead)",
            partial(_tell, _DNS),
            partial(_stop, _DNS),
        ),
        isp_fault(
            isp,
            _PORTAL.name,
            "the {isp} ISP answers every HTTP request itself, with 200 and its portal's page; all else works (add "
            "{isp}-blackhole: all else is dead)",
            partial(_tell, _PORTAL),
            partial(_stop, _PORTAL),
        ),
    )


def _tell(lie: _Lie, isp: Isp, town: RunningTown) -> None:
    name = f"{isp.name}-{lie.name}"
    if not runs(town, name):
        argv = [sys.executable, "-m", "hil.rig.virtual.isp.liar", lie.name, isp.address, str(lie.liar_port)]
        town.spawn(isp.name, argv, f"{name}.log").wait_printed("^listening$")
    replace_table(
        isp,
        town,
        _table(lie),
        f'chain prerouting {{ type nat hook prerouting priority dstnat; iifname != "{isp.outside_interface}" '
        f"{lie.transport} dport {lie.asked_port} dnat to {isp.address}:{lie.liar_port}; }};",
    )
    _forget(lie, isp, town)


def _stop(lie: _Lie, isp: Isp, town: RunningTown) -> None:
    delete_table(isp, town, _table(lie))
    end(town, f"{isp.name}-{lie.name}")
    _forget(lie, isp, town)


def _table(lie: _Lie) -> str:
    return f"ip {lie.name.replace('-', '_')}"


def _forget(lie: _Lie, isp: Isp, town: RunningTown) -> None:
    # A query from a port that was seen before would go on where the connection table says, not where the new rule does.
    town.run(isp.name, ["conntrack", "-D", "-p", lie.transport, "--orig-port-dst", str(lie.asked_port)])
