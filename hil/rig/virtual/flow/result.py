"""What two logs say of a flow. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

NS = 1_000_000_000


@dataclass(frozen=True)
class Sent:
    """A line of the near end's log; times are CLOCK_MONOTONIC."""

    seq: int
    sent_ns: int


@dataclass(frozen=True)
class Arrival:
    """A line of a receiver's log; times are CLOCK_MONOTONIC. source: address:port, empty at the near end."""

    seq: int
    arrived_ns: int
    source: str = ""


@dataclass(frozen=True)
class Gap:
    """A silence at a receiver; times are CLOCK_MONOTONIC. ended_ns is where the looking ended if nothing came after."""

    began_ns: int
    ended_ns: int
    over: bool  # a packet came after it

    @property
    def seconds(self) -> float:
        """How long; the packets' own interval is not taken off."""
        return (self.ended_ns - self.began_ns) / NS


@dataclass(frozen=True)
class SeenFrom:
    """One source address of the flow as the far end saw it; times are CLOCK_MONOTONIC."""

    source: str
    first_ns: int
    last_ns: int
    packets: int


@dataclass(frozen=True)
class FlowResult:
    """The whole flow, one way (at the far end) and both ways (echoes back at the near end)."""

    sent: int
    arrived: int  # distinct
    missing: tuple[int, ...]  # sequence numbers that never reached the far end
    duplicates: int
    gap: Gap  # the longest silence at the far end
    sources: tuple[SeenFrom, ...]  # in the order of their first packet
    echoes: int  # distinct
    echo_gap: Gap  # the longest silence at the near end

    @property
    def lost(self) -> int:
        """Packets that never reached the far end."""
        return len(self.missing)

    @property
    def outage_s(self) -> float:
        """The longest silence at the far end, in seconds."""
        return self.gap.seconds

    @property
    def two_way_outage_s(self) -> float:
        """The longest silence of echoes at the near end, in seconds."""
        return self.echo_gap.seconds


def longest_gap(instants: Iterable[int], since_ns: int, until_ns: int) -> Gap:
    """The longest silence that reaches into [since, until]; it begins at the last packet before since, if there is one."""
    inside = sorted(instant for instant in instants if instant <= until_ns)
    before = [instant for instant in inside if instant <= since_ns]
    edges = [before[-1] if before else since_ns, *(instant for instant in inside if instant > since_ns)]
    gaps = [Gap(began, ended, over=True) for began, ended in pairwise(edges)]
    gaps.append(Gap(edges[-1], until_ns, over=False))
    return max(gaps, key=lambda gap: gap.seconds)


def flow_result(sent: Sequence[Sent], arrivals: Sequence[Arrival], echoes: Sequence[Arrival]) -> FlowResult:
    """Judge a flow that has ended. Raises ValueError if nothing was sent."""
    if not sent:
        raise ValueError("nothing was sent")
    numbers = {packet.seq for packet in sent}
    reached = {arrival.seq for arrival in arrivals} & numbers
    began, ended = sent[0].sent_ns, sent[-1].sent_ns
    return FlowResult(
        sent=len(numbers),
        arrived=len(reached),
        missing=tuple(sorted(numbers - reached)),
        duplicates=len(arrivals) - len({arrival.seq for arrival in arrivals}),
        gap=longest_gap((arrival.arrived_ns for arrival in arrivals), began, ended),
        sources=_sources(arrivals),
        echoes=len({echo.seq for echo in echoes}),
        echo_gap=longest_gap((echo.arrived_ns for echo in echoes), began, ended),
    )


def _sources(arrivals: Sequence[Arrival]) -> tuple[SeenFrom, ...]:
    by_source: dict[str, list[int]] = {}
    for arrival in arrivals:
        by_source.setdefault(arrival.source, []).append(arrival.arrived_ns)
    seen = [SeenFrom(source, min(times), max(times), len(times)) for source, times in by_source.items()]
    return tuple(sorted(seen, key=lambda source: source.first_ns))


@dataclass(frozen=True)
class NewFlows:
    """How long new flows did not work."""

    tried: int
    answered: int
    dead_ns: int | None  # when the first try without an answer was made; None: every try was answered
    works_ns: int | None  # when the first try after it that was answered was made; None: none yet

    @property
    def outage_s(self) -> float | None:
        """Seconds from the first unanswered try to the next answered one; 0 if none failed, None if it lasts."""
        if self.dead_ns is None:
            return 0.0
        return None if self.works_ns is None else (self.works_ns - self.dead_ns) / NS


def new_flows(tried: Sequence[Sent], answers: Sequence[Arrival], since_ns: int, until_ns: int) -> NewFlows:
    """Judge the new flows tried in [since, until]: leave until some way back, so that answers had time to come."""
    answered = {answer.seq for answer in answers}
    within = [attempt for attempt in tried if since_ns <= attempt.sent_ns <= until_ns]
    failed = [attempt for attempt in within if attempt.seq not in answered]
    dead = failed[0].sent_ns if failed else None
    after = [attempt for attempt in within if dead is not None and attempt.sent_ns > dead and attempt.seq in answered]
    return NewFlows(
        tried=len(within),
        answered=len(within) - len(failed),
        dead_ns=dead,
        works_ns=after[0].sent_ns if after else None,
    )
