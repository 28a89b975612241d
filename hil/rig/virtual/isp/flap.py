"""A line that goes and comes back again and again: down 3 s, up 3 s, until it is healed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hil.rig.virtual.isp.common import end, isp_fault, runs
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.state import read_state

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

FLAP_S = 3.0


def faults(isp: str, flapping: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Of one ISP: one for each of the faults that come and go."""
    return tuple(_flap(isp, fault) for fault in flapping)


def _flap(isp_name: str, fault: Fault) -> Fault:
    kind = fault.name.removeprefix(f"{isp_name}-")
    process = f"{isp_name}-flap-{kind}"

    def inject(isp: Isp, town: RunningTown) -> None:
        if not runs(town, process):
            argv = [sys.executable, "-m", "hil.rig.virtual.isp.flapper", town.name, fault.name, f"{FLAP_S:g}"]
            town.spawn(isp.name, argv, f"{process}.log").wait_printed("^down ")

    def heal(_isp: Isp, town: RunningTown) -> None:
        end(town, process)
        by_itself = fault.name in read_state(town.folder).faults  # and to be left as whoever injected it wants it
        (fault.inject if by_itself else fault.heal)(town)

    says = f"{fault.name} comes and goes: {FLAP_S:g} s down, {FLAP_S:g} s up, until it is healed"
    return isp_fault(isp_name, f"flap-{kind}", says, inject, heal)
