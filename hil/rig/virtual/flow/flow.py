"""A flow measured at its far end: starts the two processes, reads their logs, never takes part itself."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from hil.rig.virtual.flow.result import (
    NS,
    Arrival,
    FlowResult,
    Gap,
    NewFlows,
    Sent,
    flow_result,
    longest_gap,
    new_flows,
)
from hil.rig.virtual.processes import Process
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

SETTLE_S = 0.3  # the last packets' way there and back
ANSWERED = 10  # packets that are answered after a move: it works both ways
ANSWER_NS = 300_000_000  # a new flow that is not answered by then counts as failed


class Ends(NamedTuple):
    """Between what a flow is measured: role and address of the near end, address in the cloud of the far one."""

    role: str
    near: str
    far: str


class _Measured:
    """The far end every measurement has: an echo of its own in the cloud."""

    def __init__(self, town: RunningTown, name: str, ends: Ends) -> None:
        self._town = town
        self._ends = ends
        self._name = _free_name(town, name)
        self._processes: list[Process] = []

    def arrivals(self) -> list[Arrival]:
        """What reached the far end so far."""
        return [Arrival(int(seq), int(at), source) for _, seq, at, source in _lines(self._log("far"))]

    def _log(self, kind: str) -> Path:
        return self._town.folder / f"{self._name}-{kind}.txt"

    def _start_far_end(self) -> str:
        """Returns the port."""
        argv = [sys.executable, "-m", "hil.rig.virtual.flow.echo", self._ends.far, "0", str(self._log("far"))]
        far = self._town.spawn("cloud", argv, f"{self._name}-far.log")
        self._processes.append(far)
        return far.wait_printed(r"^listening on .+:(\d+)$")[1]

    def _start_near_end(self, module: str, arguments: list[str]) -> Process:
        argv = [sys.executable, "-m", f"hil.rig.virtual.flow.{module}", self._ends.near, self._ends.far, *arguments]
        near = self._town.spawn(self._ends.role, argv, f"{self._name}-near.log")
        self._processes.append(near)
        near.wait_printed("^sending$")
        return near

    def _end(self) -> None:
        for process in reversed(self._processes):
            process.kill()
        self._processes.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


class Flow(_Measured):
    """An established flow (one 5-tuple) of numbered packets; every figure is computed from the receivers' logs."""

    def __init__(self, town: RunningTown, name: str, ends: Ends, rate: float, size: int, dscp: int) -> None:
        super().__init__(town, name, ends)
        self._rate = rate
        self._size = size
        self._dscp = dscp
        self._near: Process | None = None

    def __enter__(self) -> Self:
        port = self._start_far_end()
        schedule = [port, str(self._rate), str(self._size), str(self._dscp)]
        self._near = self._start_near_end("sender", [*schedule, str(self._log("sent")), str(self._log("echoes"))])
        return self

    def echoes(self) -> list[Arrival]:
        """What came back to the near end so far."""
        return _arrivals(self._log("echoes"))

    def sent(self) -> list[Sent]:
        """What was sent so far."""
        return _sent(self._log("sent"))

    def wait_arrivals(self, count: int, timeout: float = HAPPENS_S) -> None:
        """Return once `count` more packets than now have reached the far end. Raises TooLate."""
        goal = len(self.arrivals()) + count
        wait_for(lambda: len(self.arrivals()) >= goal, f"{count} packets at the far end", timeout)

    def wait_from(self, public: str) -> None:
        """Return once the far end sees it come from this address, and the answers are back. Raises TooLate."""
        wait_for(lambda: self.source() == public, f"packets from {public}")
        answered = self.arrivals()[-1].seq + ANSWERED
        wait_for(lambda: any(echo.seq >= answered for echo in self.echoes()), f"answers to packets from {public}")

    def source(self) -> str:
        """The address from which the far end had its last packet."""
        return self.arrivals()[-1].source.rpartition(":")[0]

    def outage(self, since_ns: int) -> Gap:
        """The longest silence at the far end from since_ns (CLOCK_MONOTONIC) until now."""
        return longest_gap((arrival.arrived_ns for arrival in self.arrivals()), since_ns, time.monotonic_ns())

    def two_way_outage(self, since_ns: int) -> Gap:
        """The longest silence of echoes at the near end from since_ns (CLOCK_MONOTONIC) until now."""
        return longest_gap((echo.arrived_ns for echo in self.echoes()), since_ns, time.monotonic_ns())

    def lost(self, since_ns: int) -> int:
        """Packets sent from since_ns on, and long enough ago to have arrived, that the far end never saw."""
        until = time.monotonic_ns() - round(SETTLE_S * NS)
        reached = {arrival.seq for arrival in self.arrivals()}
        return sum(since_ns <= packet.sent_ns <= until and packet.seq not in reached for packet in self.sent())

    def delays_ms(self, since_ns: int) -> list[float]:
        """How long each packet sent from since_ns on, that arrived, was under way: one way, both ends read one clock."""
        arrived = {arrival.seq: arrival.arrived_ns for arrival in reversed(self.arrivals())}
        return [
            (arrived[packet.seq] - packet.sent_ns) / 1e6
            for packet in self.sent()
            if packet.sent_ns >= since_ns and packet.seq in arrived
        ]

    def result(self) -> FlowResult:
        """End the sending, let the last packets arrive, and judge the whole flow."""
        if self._near is not None and self._near.alive:
            self._near.signal(signal.SIGTERM)
            self._near.wait_printed("^stopped$")
            time.sleep(SETTLE_S)
        return flow_result(self.sent(), self.arrivals(), self.echoes())


class Opener(_Measured):
    """New flows, one after the other: when do they fail, when do they work again."""

    def __init__(self, town: RunningTown, name: str, ends: Ends, every: float) -> None:
        super().__init__(town, name, ends)
        self._every = every

    def __enter__(self) -> Self:
        port = self._start_far_end()
        arguments = [port, str(self._every), str(self._log("tried")), str(self._log("answers"))]
        self._start_near_end("opener", arguments)
        return self

    def since(self, since_ns: int) -> NewFlows:
        """How new flows fared from since_ns (CLOCK_MONOTONIC) until now."""
        until = time.monotonic_ns() - ANSWER_NS
        return new_flows(_sent(self._log("tried")), _arrivals(self._log("answers")), since_ns, until)


def _free_name(town: RunningTown, name: str) -> str:
    number = 1
    while (town.folder / f"{name}-{number}-far.log").exists():
        number += 1
    return f"{name}-{number}"


def _sent(log: Path) -> list[Sent]:
    return [Sent(int(seq), int(at)) for seq, at in _lines(log)]


def _arrivals(log: Path) -> list[Arrival]:
    return [Arrival(int(seq), int(at)) for seq, at in _lines(log)]


def _lines(log: Path) -> list[list[str]]:
    """The fields of each whole line; a line being written has no end yet."""
    if not log.exists():
        return []
    whole = log.read_text(encoding="ascii").rpartition("\n")[0]
    return [line.split() for line in whole.splitlines()]
