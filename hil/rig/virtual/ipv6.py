"""IPv6: unique local addresses in the building, a prefix from each ISP, an echo in the cloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.rig.virtual.network import build_ipv6
from hil.rig.virtual.part import Fault

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


class Ipv6Part:
    """Addresses and routes on cables that are there; behind the commune's router, which knows no IPv6, there is none."""

    name = "ipv6"

    def start(self, town: RunningTown) -> None:
        """Give them."""
        if town.plan.commune is None:
            build_ipv6(town.plan)

    def stop(self) -> None:
        """Nothing runs."""

    def faults(self) -> Sequence[Fault]:
        """None of its own: those of the lines silence IPv6 too."""
        return ()
