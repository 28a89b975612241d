"""Whether the building is open at a moment, and where calls go when it is not. Pure, but for the time zones of the system.

Spans are instants, not readings of a clock: in the nights when the hour changes nothing opens or closes twice. A time that
the clock shows twice begins a span at the first and ends one at the second; one that it skips is as long after midnight
as ever (RFC 5545, 3.3.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from edge.shared.clock import WRITTEN
from edge.shared.model.hours import WEEKDAYS, Hours, Schedule
from edge.voice.holidays import holiday
from edge.voice.standing import Because, Instead


class State(StrEnum):
    """Of a schedule at a moment."""

    OPEN = "open"
    CLOSED = "closed"
    NIGHT = "night"


@dataclass(frozen=True)
class Day:
    """What is special about a day: a public holiday (its id) or an exceptional day (its name)."""

    kind: str = ""  # holiday, exceptional
    name: str = ""


class OpeningHours:
    """A Calendar (standing.py) by the settings."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._zone = ZoneInfo(hours.timezone)
        self._of = {number: one for one in hours.schedules for number in one.numbers}

    def instead(self, number: str, at: datetime) -> Instead | None:
        """Where calls for a number go at a moment; None: where they always go."""
        schedule = self._of.get(number)
        if schedule is None or not believable(at):
            return None
        state = self.state(schedule, at)
        to = _destination(schedule, state)
        if to is None or to == number:
            return None
        day = self._day(schedule, at.astimezone(self._zone).date()) if state is not State.OPEN else Day()
        data = {"number": number, "to": to, "schedule": schedule.name, "day": day.name}
        reason = "_".join(part for part in ("hours", state, day.kind) if part)
        return Instead(to, Because(reason, data), by_hours=True)

    def state(self, schedule: Schedule, at: datetime) -> State:
        """Open, in night service or closed."""
        today = at.astimezone(self._zone).date()
        if any(self._covers(self._open(schedule, day), day, at) for day in _spanning(today)):
            return State.OPEN
        if any(self._covers(schedule.night, day, at) for day in _spanning(today)):
            return State.NIGHT
        return State.CLOSED

    def _open(self, schedule: Schedule, day: date) -> list[str]:
        """The spans that begin on a day."""
        for one in reversed(self._hours.days):
            if one.first <= day <= (one.last or one.first) and (not one.schedules or schedule.name in one.schedules):
                return one.hours
        if holiday(day, self._hours.holidays) is not None:
            return []
        spans: list[str] = getattr(schedule, WEEKDAYS[day.weekday()])
        return spans

    def _day(self, schedule: Schedule, day: date) -> Day:
        for one in reversed(self._hours.days):
            if one.first <= day <= (one.last or one.first) and (not one.schedules or schedule.name in one.schedules):
                return Day("exceptional", one.name or one.first.isoformat())
        name = holiday(day, self._hours.holidays)
        return Day("holiday", name) if name is not None else Day()

    def _covers(self, spans: list[str], day: date, at: datetime) -> bool:
        return any(begin <= at < end for begin, end in self._instants(spans, day))

    def _instants(self, spans: list[str], day: date) -> Iterator[tuple[datetime, datetime]]:
        for span in spans:
            begin, _, end = span.partition("-")
            ends_on = day + timedelta(days=1) if end == "24:00" or end <= begin else day
            end = "00:00" if end == "24:00" else end
            yield self._instant(day, begin, 0), max(self._instant(ends_on, end, fold) for fold in (0, 1))

    def _instant(self, day: date, clock: str, fold: int) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock).replace(fold=fold), self._zone).astimezone(UTC)


def believable(at: datetime) -> bool:
    """Whether a clock that says so can be right. Without a clock the building counts as open: its phones ring."""
    return at >= WRITTEN


def _spanning(today: date) -> tuple[date, date]:
    """Days whose spans may hold a moment of today."""
    return today - timedelta(days=1), today


def _destination(schedule: Schedule, state: State) -> str | None:
    if state is State.OPEN:
        return schedule.open_to
    if state is State.NIGHT and schedule.night_to is not None:
        return schedule.night_to
    return schedule.closed_to or schedule.open_to
