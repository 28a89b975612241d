"""Rounds of probes over one link: every target in parallel, one answer in time is enough."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.shared.clock import Clock
from edge.shared.model import Link, ProbeTarget
from edge.uplinks.decision import Pace
from edge.uplinks.probes import ProbeSockets
from edge.uplinks.rounds import Figures, RoundTrip

BURST_MS = 100
SEEK_MS = 1000
METERED_STANDBY_MS = 30_000
ROUNDS_REMEMBERED = 64  # ended ones too: their late answers tell how slow the link has become

RoundEnd = Callable[[str, bool], None]  # link, whether anybody answered in time


@dataclass
class _Round:
    sent_ns: int
    targets: tuple[ProbeTarget, ...]
    answered: set[ProbeTarget] = field(default_factory=set)
    over: bool = False


class LinkProber:
    """Probes one link at the pace it is told."""

    def __init__(self, link: Link, targets: tuple[ProbeTarget, ...], clock: Clock, ended: RoundEnd) -> None:
        self.link = link
        self.targets = targets
        self.figures = Figures()
        self._clock = clock
        self._ended = ended
        self._sockets = ProbeSockets(link.interface, targets, self._on_answer)
        self._round_trip = RoundTrip()
        self._rounds: OrderedDict[int, _Round] = OrderedDict()
        self._number = 0
        self._pace = Pace.OFF
        self._next: asyncio.TimerHandle | None = None
        self._deadlines: set[asyncio.TimerHandle] = set()

    def set_pace(self, pace: Pace) -> None:
        """Probe this eagerly from now on; speeding up asks at once."""
        if pace is self._pace or not self.targets:
            return
        slower_before = self._pace is Pace.OFF or self._interval_ms(self._pace) > self._interval_ms(pace)
        self._pace = pace
        if pace is Pace.OFF:
            self.stop()
        elif slower_before:
            self._send_round()
        else:
            self._schedule()

    def stop(self) -> None:
        """Forget the rounds under way and close the sockets."""
        self._pace = Pace.OFF
        if self._next:
            self._next.cancel()
        for deadline in self._deadlines:
            deadline.cancel()
        self._deadlines.clear()
        self._rounds.clear()
        self._sockets.close()

    def _interval_ms(self, pace: Pace) -> int:
        match pace:
            case Pace.BURST:
                return min(self.link.interval_ms, BURST_MS)
            case Pace.SEEK:
                return max(self.link.interval_ms, SEEK_MS)
            case Pace.STANDBY if self.link.standby_interval_ms is not None:
                return self.link.standby_interval_ms
            case Pace.STANDBY if self.link.metered:
                return METERED_STANDBY_MS
            case _:
                return self.link.interval_ms

    def _schedule(self) -> None:
        if self._next:
            self._next.cancel()
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(self._interval_ms(self._pace) / 1000, self._send_round)

    def _send_round(self) -> None:
        self._schedule()
        self._number += 1
        self._rounds[self._number] = _Round(self._clock.monotonic_ns(), self._targets_now())
        if len(self._rounds) > ROUNDS_REMEMBERED:
            self._rounds.popitem(last=False)
        deadline = asyncio.get_running_loop().call_later(
            self._round_trip.timeout_ms / 1000, self._on_deadline, self._number
        )
        self._deadlines.add(deadline)
        if len(self._deadlines) > ROUNDS_REMEMBERED:
            self._drop_past_deadlines()
        self._sockets.send(self._number, self._rounds[self._number].targets)

    def _targets_now(self) -> tuple[ProbeTarget, ...]:
        """A metered link that stands by asks one target at a time, in turn: every packet is paid for."""
        if self._pace is Pace.STANDBY and self.link.metered:
            return (self.targets[self._number % len(self.targets)],)
        return self.targets

    def _on_answer(self, number: int, target: ProbeTarget, age_ns: int) -> None:
        probe = self._rounds.get(number)
        if probe is None or target in probe.answered or target not in probe.targets:
            return
        rtt_ms = max(0, self._clock.monotonic_ns() - age_ns - probe.sent_ns) / 1e6
        first = not probe.answered
        probe.answered.add(target)
        if first:
            self._round_trip.add(rtt_ms)
        if probe.over:
            return
        self.figures.answered(rtt_ms)
        if first:
            self._ended(self.link.name, True)

    def _on_deadline(self, number: int) -> None:
        probe = self._rounds.get(number)
        if probe is None:
            return
        self._sockets.collect()
        probe.over = True
        for target in probe.targets:
            if target not in probe.answered:
                self.figures.lost()
        if not probe.answered:
            self._ended(self.link.name, False)

    def _drop_past_deadlines(self) -> None:
        now = asyncio.get_running_loop().time()
        self._deadlines = {deadline for deadline in self._deadlines if deadline.when() > now}
