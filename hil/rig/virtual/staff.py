"""The staff's desks: a second network of the building, in a namespace of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.rig.virtual.network import build_staff
from hil.rig.virtual.part import Fault

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


class StaffPart:
    """Interface staff0 of the edge, and one host behind it."""

    name = "staff"

    def start(self, town: RunningTown) -> None:
        """Lay the cable."""
        build_staff(town.plan)

    def stop(self) -> None:
        """Nothing runs there but what tests start."""

    def faults(self) -> Sequence[Fault]:
        """None of its own."""
        return ()
