"""Bulk traffic from the LAN to the cloud that fills the upload; use it in a `with` block."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from hil.rig.virtual.processes import Process

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

PROGRAM = "hil.rig.virtual.flow.filler"


class Bulk:
    """As many uploads as asked, as fast as the link lets them."""

    def __init__(self, town: RunningTown, kind: Literal["tcp", "udp"], streams: int = 4, kbit: int = 4_000) -> None:
        self._town = town
        self._arguments = [str(streams), str(kbit)]
        self._kind = kind
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        plan = self._town.plan
        sink = self._town.spawn("cloud", [sys.executable, "-m", PROGRAM, "sink", plan.echo], "bulk-sink.log")
        self._processes.append(sink)
        port = sink.wait_printed(r"^listening on [\d.]+:(\d+)$")[1]
        argv = [sys.executable, "-m", PROGRAM, self._kind, plan.browser_host, plan.echo, port, *self._arguments]
        self._processes.append(self._town.spawn("lan", argv, "bulk.log"))
        self._processes[-1].wait_printed("^sending$")
        return self

    @property
    def received(self) -> int:
        """Bytes that reached the far end, up to a second ago."""
        lines = [line for line in self._processes[0].log_text().splitlines() if line.startswith("received ")]
        return int(lines[-1].split()[1]) if lines else 0

    @property
    def sending(self) -> bool:
        """Whether it still tries."""
        return self._processes[1].alive

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.kill()
        self._processes.clear()
