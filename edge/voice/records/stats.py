"""The statistics of a day. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from edge.shared.messages.voice_calls import Count, StatsResult
from edge.voice.records.call import MISSED, SECOND, Call, State, answer_s, state


def span(day: date, zone: tzinfo | None) -> tuple[int, int]:
    """When a day begins and ends by the clock of the place, in microseconds of unix time; zone None: the machine's."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def day_stats(
    day: date, calls: Iterable[Call], groups: frozenset[str], now: int, run: str, zone: tzinfo | None
) -> StatsResult:
    """Count them. A call that passed twice through the cloud PBX counts once, by its first half; the second says whose
    phone rang. groups: numbers that several answer."""
    halves = [(call, state(call, now, run)) for call in calls]
    halves = [(call, found) for call, found in halves if found is not State.UNPROVED]
    counted = [(call, found) for call, found in halves if call.direction != "again"]
    hours = Counter(datetime.fromtimestamp(call.begun / SECOND, zone).hour for call, _ in counted)
    ours = [(call, found) for call, found in counted if call.direction != "out"]
    waited = sorted(seconds for call, _ in ours if (seconds := answer_s(call)) is not None)
    ways = Counter(call.direction for call, _ in counted)
    return StatsResult(
        day=day.isoformat(),
        incoming=ways["in"],
        outgoing=ways["out"],
        inside=ways["inside"],
        answered=sum(call.answered is not None for call, _ in counted),
        missed=sum(found in MISSED for _, found in ours),
        unfinished=sum(call.answered is None and found not in MISSED for call, found in counted),
        emergencies=sum(call.emergency for call, _ in counted),
        answer_mean_s=sum(waited) / len(waited) if waited else None,
        answer_p95_s=percentile(waited, 95),
        hours=[hours[hour] for hour in range(24)],
        busiest_hour=max(hours, key=lambda hour: (hours[hour], -hour)) if hours else None,
        extensions=_extensions(halves),
        dialled=_dialled([(call, found) for call, found in ours if call.dialled in groups]),
        trunks=_trunks(counted),
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The value that so many percent do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _midnight(day: date, zone: tzinfo | None) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND


def _extensions(halves: Sequence[tuple[Call, State]]) -> list[Count]:
    made = Counter(call.caller for call, _ in halves if call.leg == "phone")
    answered = Counter(call.by for call, _ in halves if call.answered is not None and call.by)
    missed = Counter(
        word.partition(":")[2]
        for call, found in halves
        if found in MISSED and call.direction != "out"
        for word in set(call.trail.split())
        if word.startswith("ring:")
    )
    return _counts(made, answered, missed)


def _dialled(groups: Sequence[tuple[Call, State]]) -> list[Count]:
    answered = Counter(call.dialled for call, _ in groups if call.answered is not None)
    missed = Counter(call.dialled for call, found in groups if found in MISSED)
    return _counts(Counter(call.dialled for call, _ in groups), answered, missed)


def _trunks(counted: Sequence[tuple[Call, State]]) -> list[Count]:
    outwards = [call for call, _ in counted if call.leg != "trunk" and call.way]
    inwards = [(call, found) for call, found in counted if call.leg == "trunk" and call.way]
    lost = Counter(
        word.partition(":")[2].partition("/")[0]
        for call, _ in counted
        for word in call.trail.split()
        if word.startswith(("refused:", "silent:"))
    )
    return _counts(
        Counter(call.way for call in outwards),
        Counter(call.way for call, _ in inwards if call.answered is not None),
        lost + Counter(call.way for call, found in inwards if found in MISSED),
    )


def _counts(made: Counter[str], answered: Counter[str], missed: Counter[str]) -> list[Count]:
    names = sorted(name for name in {*made, *answered, *missed} if name)
    return [Count(name=name, made=made[name], answered=answered[name], missed=missed[name]) for name in names]
