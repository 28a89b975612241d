"""Rounds of probes over one link: every target in parallel; so many answers in time as the quorum asks make a good round.

An answer that comes late, but within LATE_MAX_MS, is a sign of life too: a queue that fills up is not a cut line. It
counts in the link's delay, and makes the time-out longer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.shared.clock import Clock
from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import Link, ProbeTarget
from edge.uplinks.probe_cost import interval_ms, standby_interval_ms
from edge.uplinks.probes import Failure, ProbeSockets, Volume
from edge.uplinks.quality import Ring, Round
from edge.uplinks.rounds import RoundTrip
from edge.uplinks.situation import Pace

BURST_MS = 100
SEEK_MS = 1000
LATE_MAX_MS = 1000
ROUNDS_REMEMBERED = 64  # ended ones too, for late answers

_REPLIED = frozenset({ProbeOutcome.WRONG, ProbeOutcome.REFUSED})

RoundEnd = Callable[[str, bool], None]  # link, whether enough targets answered
Measured = Callable[[str], None]  # link: its ring has one more round


@dataclass
class _Round:
    targets: tuple[ProbeTarget, ...]
    needed: int  # answers that make it a good one
    figures: Round
    answered: set[ProbeTarget] = field(default_factory=set)
    wrong: set[ProbeTarget] = field(default_factory=set)


class LinkProber:
    """Probes one link at the pace it is told."""

    def __init__(
        self,
        link: Link,
        targets: tuple[ProbeTarget, ...],
        quorum: int,
        clock: Clock,
        ended: RoundEnd,
        measured: Measured,
        volume: Volume,
    ) -> None:
        self.link = link
        self.targets = targets
        self._places = {target: place for place, target in enumerate(targets)}
        self._volume = volume
        self.ring = Ring()
        self._quorum = quorum
        self._clock = clock
        self._ended = ended
        self._measured = measured
        self._sockets = ProbeSockets(link.interface, targets, self._on_answer, self._on_failure, volume)
        self._round_trip = RoundTrip()
        self.lost_in_row: dict[ProbeTarget, int] = {}  # probes without answer in time, of each target
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
        """Forget every round and close the sockets."""
        self._pace = Pace.OFF
        if self._next:
            self._next.cancel()
        for deadline in self._deadlines:
            deadline.cancel()
        self._deadlines.clear()
        self._rounds.clear()
        self.ring.clear()
        self._sockets.close()

    def _interval_ms(self, pace: Pace) -> int:
        match pace:
            case Pace.BURST:
                return min(interval_ms(self.link), BURST_MS)
            case Pace.SEEK:
                return max(interval_ms(self.link), SEEK_MS)
            case Pace.STANDBY:
                return standby_interval_ms(self.link, self.targets, self._volume)
            case _:
                return interval_ms(self.link)

    def _schedule(self) -> None:
        if self._next:
            self._next.cancel()
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(self._interval_ms(self._pace) / 1000, self._send_round)

    def _send_round(self) -> None:
        self._schedule()
        self._number += 1
        targets = self._targets_now()
        figures = Round(self._clock.monotonic_ns(), {self._places[target]: None for target in targets})
        self._rounds[self._number] = _Round(targets, min(self._quorum, len(targets)), figures)
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
        rtt_ms = max(0, self._clock.monotonic_ns() - age_ns - probe.figures.sent_ns) / 1e6
        probe.answered.add(target)
        if len(probe.answered) == probe.needed:
            self._round_trip.add(rtt_ms)
        if rtt_ms > LATE_MAX_MS:
            return
        probe.figures.told[self._places[target]] = rtt_ms
        if len(probe.figures.rtts_ms) == probe.needed:
            self._ended(self.link.name, True)

    def _on_failure(self, number: int, target: ProbeTarget, failure: Failure) -> None:
        """A wrong answer proves no line alive, but it is no lost packet either: somebody got the probe and replied."""
        probe = self._rounds.get(number)
        if probe is None or failure.outcome not in _REPLIED or target in probe.wrong or target not in probe.targets:
            return
        probe.wrong.add(target)
        probe.figures.told.pop(self._places[target], None)

    def _on_deadline(self, number: int) -> None:
        probe = self._rounds.get(number)
        if probe is None:
            return
        self._sockets.collect()
        self.ring.add(probe.figures)
        for target in probe.targets:
            self.lost_in_row[target] = 0 if target in probe.answered else self.lost_in_row.get(target, 0) + 1
        if len(probe.figures.rtts_ms) < probe.needed:
            self._ended(self.link.name, False)
        self._measured(self.link.name)

    def _drop_past_deadlines(self) -> None:
        now = asyncio.get_running_loop().time()
        self._deadlines = {deadline for deadline in self._deadlines if deadline.when() > now}
