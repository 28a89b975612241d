"""Why the active link changed, for whoever asks the next morning: the seconds before, link by link. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.shared.clock import utc_text
from edge.shared.messages.uplinks import EvidenceSecond, LinkEvidence, Switch, SwitchEvidence, UplinkState
from edge.uplinks.health import LinkHealth
from edge.uplinks.rollup import Row
from edge.uplinks.situation import Move

WINDOW_S = 10  # long enough to see that it was well before


@dataclass(frozen=True)
class Times:
    """When a switch was done, and one moment by both clocks."""

    now: datetime
    now_ns: int
    switched_ns: int

    def utc(self, moment_ns: int) -> str:
        """A moment of CLOCK_MONOTONIC in UTC."""
        return utc_text(self.now - timedelta(microseconds=(self.now_ns - moment_ns) / 1000))


def switch(seq: int, move: Move, times: Times, seen: SwitchEvidence, *, flushed: bool) -> Switch:
    """What is kept of a change of the active link."""
    return Switch(
        seq=seq,
        cause=move.cause,
        from_link=move.from_link,
        to_link=move.to_link,
        detected_monotonic_ns=move.detected_ns,
        switched_monotonic_ns=times.switched_ns,
        detected_at=times.utc(move.detected_ns),
        switched_at=times.utc(times.switched_ns),
        flows_flushed=flushed,
        evidence=seen,
    )


def gather(
    links: Iterable[str],
    health: Mapping[str, LinkHealth],
    states: Mapping[str, UplinkState],
    lately: Mapping[str, Sequence[Row]],
    detected_ns: int,
) -> SwitchEvidence:
    """What was known of each link; lately holds its seconds, oldest first."""
    return SwitchEvidence(
        links=[_of_link(link, health[link], states[link], lately[link], detected_ns) for link in links]
    )


def _of_link(
    link: str, health: LinkHealth, state: UplinkState, lately: Sequence[Row], detected_ns: int
) -> LinkEvidence:
    answered = [row.rtt_ms for row in lately if row.rtt_ms is not None]
    last_ns = health.last_answer_ns
    return LinkEvidence(
        link=link,
        state=state,
        lost_in_row=health.lost_in_row,
        last_answer_ms=None if last_ns is None else round(max(0, detected_ns - last_ns) / 1e6, 1),
        sent=sum(row.sent for row in lately),
        lost=sum(row.lost for row in lately),
        rtt_ms=answered[-1] if answered else None,
        seconds=[
            EvidenceSecond(
                before_s=max(0, detected_ns // 10**9 - row.start_s), sent=row.sent, lost=row.lost, rtt_ms=row.rtt_ms
            )
            for row in lately
        ],
    )
