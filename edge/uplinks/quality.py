"""How good a link is for speech: loss, delay, jitter and MOS of its last rounds of probes. Pure.

MOS is the E-model of ITU-T G.107 with its defaults for everything that a network does not change (R0 - Is = 93.2), the
codec being G.711 with loss concealment (G.113, appendix I: Ie 0, Bpl 25.1).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean, median

KEPT = 64  # rounds of a link that are remembered
HALF = 7  # rounds of one of the two windows that a verdict is made of
FIGURES = 20  # rounds that figures for people are made of

_R_DEFAULT = 93.2
_BPL_G711 = 25.1  # robustness against loss, in percent
_PACKET_MS = 20.0  # speech is collected this long before it leaves
_JITTER_BUFFER = 2.0  # a receiver's buffer, in multiples of the jitter


@dataclass
class Round:
    """One round of probes: how many targets were asked, and the round-trip times of those that answered, late ones too."""

    sent_ns: int
    asked: int
    rtts_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Quality:
    """Some rounds taken together."""

    since_ns: int  # when the first of them was sent
    rounds: int
    loss_percent: float  # probes without answer, there and back
    rtt_ms: float | None  # median; None when nothing was answered
    jitter_ms: float  # mean difference between one answer and the next of that target's round (as in RFC 3550, 6.4.1)

    @property
    def one_way_loss_percent(self) -> float:
        """Loss of one direction, if both lose alike: a probe has to pass twice."""
        return 100 * (1 - math.sqrt(1 - self.loss_percent / 100))

    @property
    def mos(self) -> float:
        """What people would say of a call, 1.0 to 4.4 (ITU-T G.107)."""
        if self.rtt_ms is None:
            return 1.0
        delay_ms = self.rtt_ms / 2 + _JITTER_BUFFER * self.jitter_ms + _PACKET_MS
        return mos(delay_ms, self.one_way_loss_percent)


@dataclass(frozen=True)
class Thresholds:
    """From where on a link is poor: any one of them is enough."""

    loss_percent: float  # one way
    delay_ms: float  # one way
    jitter_ms: float
    mos: float

    def poor(self, quality: Quality, *, ease: float = 1.0) -> bool:
        """Whether this is poor. ease below 1 asks for more, for a link that is to be called fine again."""
        if quality.rtt_ms is None:
            return True
        return (
            quality.one_way_loss_percent >= self.loss_percent * ease
            or quality.rtt_ms / 2 >= self.delay_ms * ease
            or quality.jitter_ms >= self.jitter_ms * ease
            or quality.mos < self.mos + (1 - ease)
        )


def mos(delay_ms: float, loss_percent: float) -> float:
    """Mean opinion score of a G.711 call with this one-way delay and random loss (G.107, 7.1 and annex B)."""
    delay_impairment = 0.024 * delay_ms + (0.11 * (delay_ms - 177.3) if delay_ms > 177.3 else 0.0)
    loss_impairment = 95.0 * loss_percent / (loss_percent + _BPL_G711)
    rating = _R_DEFAULT - delay_impairment - loss_impairment
    if rating <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)


def assess(rounds: Sequence[Round]) -> Quality | None:
    """These rounds taken together; None of none."""
    asked = sum(entry.asked for entry in rounds)
    if not asked:
        return None
    rtts = [rtt for entry in rounds for rtt in entry.rtts_ms]
    typical = [median(entry.rtts_ms) for entry in rounds if entry.rtts_ms]
    steps = [abs(after - before) for before, after in pairwise(typical)]
    return Quality(
        since_ns=rounds[0].sent_ns,
        rounds=len(rounds),
        loss_percent=100 * max(0, asked - len(rtts)) / asked,
        rtt_ms=median(rtts) if rtts else None,
        jitter_ms=fmean(steps) if steps else 0.0,
    )


class Ring:
    """The last rounds of a link, the newest last."""

    def __init__(self, rounds: Iterable[Round] = ()) -> None:
        self._rounds: deque[Round] = deque(rounds, maxlen=KEPT)

    def add(self, entry: Round) -> None:
        """One more round whose waiting time is over. Late answers may still be added to it."""
        self._rounds.append(entry)

    @property
    def newest(self) -> Round | None:
        """The round that was added last."""
        return self._rounds[-1] if self._rounds else None

    def figures(self) -> Quality | None:
        """What people are shown."""
        return assess(list(self._rounds)[-FIGURES:])

    def halves(self) -> tuple[Quality | None, Quality | None]:
        """The rounds a verdict is made of: the earlier and the later window."""
        newest = list(self._rounds)[-2 * HALF :]
        earlier, later = newest[:-HALF], newest[-HALF:]
        full = len(earlier) == HALF
        return (assess(earlier) if full else None, assess(later) if later else None)
