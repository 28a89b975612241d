"""What every fault of an ISP needs: which ISP, its rules, a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.rig.virtual.network import nft
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.processes import Gone

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

Deed = Callable[[Isp, "RunningTown"], None]


def isp_fault(isp_name: str, name: str, says: str, inject: Deed, heal: Deed) -> Fault:
    """A fault of one ISP; `{isp}` in says is its name."""

    def at_isp(deed: Deed, town: RunningTown) -> None:
        deed(next(isp for isp in town.plan.isps if isp.name == isp_name), town)

    return Fault(f"{isp_name}-{name}", says.format(isp=isp_name), partial(at_isp, inject), partial(at_isp, heal))


def replace_table(isp: Isp, town: RunningTown, name: str, body: str) -> None:
    """Have the table `name` (its family first: "ip loss") say this and nothing else."""
    # The first line makes both replacing and deleting legal when there is none (nft 1.0.6 has no `destroy`).
    nft(town.namespace(isp.name), f"add table {name}\ndelete table {name}\ntable {name} {{\n{body}\n}}")


def delete_table(isp: Isp, town: RunningTown, name: str) -> None:
    """Take it away if it is there."""
    nft(town.namespace(isp.name), f"add table {name}\ndelete table {name}")


def runs(town: RunningTown, name: str) -> bool:
    """Whether the town's process of this name lives."""
    try:
        return town.process(name).alive
    except Gone:
        return False


def end(town: RunningTown, name: str) -> None:
    """End the town's process of this name, if it ever was."""
    if runs(town, name):
        town.process(name).kill()
