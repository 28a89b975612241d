"""What probes said, rolled up to one row a second and one a minute for each link. Pure: time is an argument.

Everything here counts in CLOCK_MONOTONIC, so that no step of the wall clock can tear, double or lose a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean, median
from typing import Protocol

SECOND, MINUTE = 1, 60
SETTLED_S = 2  # a round ends within a second of being sent, and late answers are awaited for one more


class Round(Protocol):
    """One round of probes: how many targets were asked, and the round-trip times of those that answered."""

    @property
    def sent_ns(self) -> int:
        """CLOCK_MONOTONIC."""

    @property
    def asked(self) -> int:
        """How many targets."""

    @property
    def rtts_ms(self) -> list[float]:
        """Late answers too."""


@dataclass(frozen=True)
class Row:
    """The probes sent over one link in one second or minute; delays are absent when nothing answered."""

    start_s: int  # CLOCK_MONOTONIC
    link: str
    sent: int
    lost: int
    rtt_min_ms: float | None = None
    rtt_ms: float | None = None  # median
    rtt_max_ms: float | None = None
    jitter_ms: float | None = None  # mean difference between a round's typical answer and that of the round before


@dataclass
class _Sums:
    sent: int = 0
    lost: int = 0
    rtts_ms: list[float] = field(default_factory=list)
    steps_ms: list[float] = field(default_factory=list)

    def row(self, start_s: int, link: str) -> Row:
        if not self.rtts_ms:
            return Row(start_s, link, self.sent, self.lost)
        low, typical, high = min(self.rtts_ms), median(self.rtts_ms), max(self.rtts_ms)
        jitter = round(fmean(self.steps_ms), 2) if self.steps_ms else None
        return Row(start_s, link, self.sent, self.lost, round(low, 2), round(typical, 2), round(high, 2), jitter)


class RollUp:
    """Takes rounds as they end, gives rows once they are complete."""

    def __init__(self) -> None:
        self._rounds: defaultdict[tuple[int, str], list[Round]] = defaultdict(list)  # by second and link
        self._minutes: defaultdict[tuple[int, str], _Sums] = defaultdict(_Sums)
        self._typical: dict[str, float] = {}  # of each link's last answered round
        self._closed_s = -1  # the last second that was given out

    def add(self, link: str, entry: Round) -> None:
        """A round is over. Late answers may still be added to it, for a second."""
        # After a long stall its second may have been given out: it counts in the first one that has not.
        second = max(entry.sent_ns // 10**9, self._closed_s + 1)
        self._rounds[second, link].append(entry)

    def close(self, now_ns: int) -> tuple[list[Row], list[Row]]:
        """The rows of seconds and of minutes that are complete by now and were not given before, oldest first."""
        last = now_ns // 10**9 - SETTLED_S - 1
        seconds = []
        for second, link in sorted(key for key in self._rounds if key[0] <= last):
            rounds = self._rounds.pop((second, link))
            sums = _sums(rounds, self._typical.get(link))
            self._typical.update(_last_typical(link, rounds))
            seconds.append(sums.row(second, link))
            _join(self._minutes[second - second % MINUTE, link], sums)
        self._closed_s = max(self._closed_s, last)
        return seconds, self._close_minutes(last)

    def newest(self, link: str, since_s: int) -> list[Row]:
        """The seconds of a link that are not given out yet, complete or not."""
        return [
            _sums(rounds, None).row(second, name)
            for (second, name), rounds in sorted(self._rounds.items())
            if name == link and second >= since_s
        ]

    def _close_minutes(self, last: int) -> list[Row]:
        done = sorted(key for key in self._minutes if key[0] + MINUTE - 1 <= last)
        return [self._minutes.pop(key).row(*key) for key in done]


def _sums(rounds: Iterable[Round], typical_before: float | None) -> _Sums:
    rounds = list(rounds)
    sent = sum(entry.asked for entry in rounds)
    rtts = [rtt for entry in rounds for rtt in entry.rtts_ms]
    typical = [median(entry.rtts_ms) for entry in rounds if entry.rtts_ms]
    chain = typical if typical_before is None else [typical_before, *typical]
    return _Sums(sent, max(0, sent - len(rtts)), rtts, [abs(after - before) for before, after in pairwise(chain)])


def _last_typical(link: str, rounds: Iterable[Round]) -> Mapping[str, float]:
    typical = [median(entry.rtts_ms) for entry in rounds if entry.rtts_ms]
    return {link: typical[-1]} if typical else {}


def _join(whole: _Sums, part: _Sums) -> None:
    whole.sent += part.sent
    whole.lost += part.lost
    whole.rtts_ms += part.rtts_ms
    whole.steps_ms += part.steps_ms
