"""How good a link is for speech: loss, delay, jitter and MOS of its last rounds of probes. Pure.

MOS is the E-model of ITU-T G.107 with its defaults for everything that a network does not change (R0 - Is = 93.2), the
codec being G.711 with loss concealment (G.113, appendix I: Ie 0, Bpl 25.1).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

KEPT = 64  # rounds of a link that are remembered
HALF = 7  # rounds of one of the two windows that a verdict is made of
OWN_TROUBLE = 0.4  # a target that loses so much more than the others (a share) says nothing of the line
FIGURES = 20  # rounds that figures for people are made of

_R_DEFAULT = 93.2
_BPL_G711 = 25.1  # robustness against loss, in percent
_PACKET_MS = 20.0  # speech is collected this long before it leaves
_JITTER_BUFFER = 2.0  # a receiver's buffer, in multiples of the jitter


@dataclass(frozen=True)
class Round:
    """One round of probes, less the targets whose trouble is their own."""

    sent_ns: int  # CLOCK_MONOTONIC
    told: dict[int, float | None]  # by the target's place: round-trip time in milliseconds; None: no answer (yet)
    left_out: frozenset[int] = frozenset()

    def without(self, places: frozenset[int]) -> Round:
        """The same round less these targets; late answers are still added to both."""
        return Round(self.sent_ns, self.told, places)

    @property
    def answers(self) -> dict[int, float | None]:
        """What each target that counts answered, late answers too."""
        return {place: rtt for place, rtt in self.told.items() if place not in self.left_out}

    @property
    def asked(self) -> int:
        """How many targets."""
        return len(self.answers)

    @property
    def rtts_ms(self) -> list[float]:
        """Of those that answered."""
        return [rtt for rtt in self.answers.values() if rtt is not None]


@dataclass(frozen=True)
class Quality:
    """Some rounds taken together."""

    since_ns: int  # when the first of them was sent
    rounds: int
    loss_percent: float  # probes without answer, there and back
    rtt_ms: float | None  # median of the nearest target; None when nothing was answered
    jitter_ms: float  # mean difference between one answer of that target and its next (as in RFC 3550, 6.4.1)

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


def own_trouble(rounds: Iterable[Round]) -> frozenset[int]:
    """The targets that lose so much more than all others together that it is they who are in trouble, not the line."""
    asked: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for entry in rounds:
        for place, rtt in entry.answers.items():
            asked[place] += 1
            lost[place] += rtt is None
    left_out: set[int] = set()
    while len(asked) > 1:
        worst = max(asked, key=lambda place: lost[place] / asked[place])
        others = sum(lost[place] for place in asked if place != worst) / (asked.total() - asked[worst])
        if lost[worst] / asked[worst] - others < OWN_TROUBLE:
            break
        left_out.add(worst)
        del asked[worst], lost[worst]
    return frozenset(left_out)


def assess(rounds: Sequence[Round]) -> Quality | None:
    """These rounds taken together; None of none."""
    asked = sum(entry.asked for entry in rounds)
    if not asked:
        return None
    by_target: dict[int, list[float]] = {}
    for entry in rounds:
        for place, rtt in entry.answers.items():
            if rtt is not None:
                by_target.setdefault(place, []).append(rtt)
    # The nearest target tells of the line; what the others take more is their distance, or their kind of probe.
    nearest = min(by_target.values(), key=median, default=[])
    steps = [abs(after - before) for before, after in pairwise(nearest)]
    answered = sum(len(of_one) for of_one in by_target.values())
    return Quality(
        since_ns=rounds[0].sent_ns,
        rounds=len(rounds),
        loss_percent=100 * (asked - answered) / asked,
        rtt_ms=median(nearest) if nearest else None,
        jitter_ms=fmean(steps) if steps else 0.0,
    )


class Ring:
    """The last rounds of a link, the newest last. What one target alone does to itself is left out."""

    def __init__(self, rounds: Iterable[Round] = ()) -> None:
        self._rounds: deque[Round] = deque(rounds, maxlen=KEPT)

    def add(self, entry: Round) -> None:
        """One more round whose waiting time is over. Late answers may still be added to it."""
        self._rounds.append(entry)

    def clear(self) -> None:
        """Begin anew: what was before tells of another device, cable or address."""
        self._rounds.clear()

    @property
    def newest(self) -> Round | None:
        """The round that was added last."""
        return self._last(1)[0] if self._rounds else None

    def figures(self) -> Quality | None:
        """What people are shown."""
        return assess(self._last(FIGURES))

    def halves(self) -> tuple[Quality | None, Quality | None]:
        """The rounds a verdict is made of: the earlier and the later window."""
        newest = self._last(2 * HALF)
        earlier, later = newest[:-HALF], newest[-HALF:]
        full = len(earlier) == HALF
        return (assess(earlier) if full else None, assess(later) if later else None)

    def _last(self, count: int) -> list[Round]:
        rounds = list(self._rounds)
        left_out = own_trouble(rounds[-2 * HALF :])
        return [entry.without(left_out) for entry in rounds[-count:]]
