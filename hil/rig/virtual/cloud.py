"""Parts of the cloud that only answer: the echo for measured flows, the health targets, the ISPs' resolvers, a time server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.rig.virtual.part import Fault

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


class EchoPart:
    """A UDP echo on the plan's echo address; logs every numbered packet to echo-arrivals.log."""

    name = "echo"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        arrivals = town.folder / "echo-arrivals.log"
        argv = [sys.executable, "-m", "hil.rig.virtual.flow.echo", town.plan.echo, str(town.plan.echo_port)]
        town.spawn("cloud", [*argv, str(arrivals)], "echo.log").wait_printed("^listening")

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """None of its own: the network's do it."""
        return ()


class TargetsPart:
    """The health targets: each answers ICMP (the kernel does), UDP echo, TCP, DNS, HTTP and SIP OPTIONS."""

    name = "targets"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        argv = [sys.executable, "-m", "hil.rig.virtual.targets", town.name]
        town.spawn("cloud", argv, "targets.log").wait_printed("^listening")

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """None of its own: the network's do it."""
        return ()


class ResolversPart:
    """The resolver of each ISP, at its address of the plan."""

    name = "resolvers"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        argv = [sys.executable, "-m", "hil.rig.virtual.resolvers", town.plan.name]
        town.spawn("cloud", argv, "resolvers.log").wait_printed("^listening")

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """None of its own: the network's do it."""
        return ()


class NtpPart:
    """A time server of stratum 1, ahead of the machine as the plan says."""

    name = "ntp"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        argv = [sys.executable, "-m", "hil.rig.virtual.ntp", town.plan.name]
        town.spawn("cloud", argv, "ntp.log").wait_printed("^listening")

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """None of its own: the network's do it."""
        return ()
