"""A line that loses packets at random, each way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.rig.virtual.isp.common import delete_table, isp_fault, replace_table
from hil.rig.virtual.isp.slow import SLOW_INTERFACE
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

LOSS_PERCENT = 20
_TABLE = "inet loss"


def faults(isp: str) -> tuple[Fault, ...]:
    """Of one ISP."""
    return (
        isp_fault(
            isp,
            "loss",
            f"the {{isp}} line loses {LOSS_PERCENT} % of the packets at random, each way; the gateway answers all",
            lambda isp, town: lose(isp, town, LOSS_PERCENT),
            lambda isp, town: delete_table(isp, town, _TABLE),
        ),
    )


def lose(isp: Isp, town: RunningTown, percent: int) -> None:
    """Drop so many of a hundred forwarded packets, each way; `heal` of the fault `loss` ends it."""
    # A packet on a slow line is forwarded twice: into the line and out of it. It may be lost once.
    rule = f'iifname != "{SLOW_INTERFACE}" numgen random mod 100 < {percent} drop'
    replace_table(isp, town, _TABLE, f"chain forward {{ type filter hook forward priority -500; {rule}; }}")
