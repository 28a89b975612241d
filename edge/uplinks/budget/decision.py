"""What was used, and which links carry no more bulk: `step(state, event, now) -> (state, actions)`. Pure.

Bytes are counted to months that begin on the link's reset day, UTC. A clock that no time server disciplines may only go
forward: it never counts to a month before the newest. A disciplined one is believed, and takes back what was counted
to months that have not begun. So no clock wipes a month or counts anything twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from edge.shared.messages.uplinks import BudgetLevel
from edge.uplinks.plan import FlowClass

MONTHS_KEPT = 24
MEGABYTE = 1_000_000


class Direction(StrEnum):
    """As the box sees it."""

    IN = "in"
    OUT = "out"


class Counter(NamedTuple):
    """One counter of the kernel."""

    link: str
    direction: Direction
    flow_class: FlowClass


Use: TypeAlias = Mapping[tuple[Direction, FlowClass], int]  # bytes
Months: TypeAlias = Mapping[date, Use]  # by their first day


@dataclass(frozen=True)
class Rule:
    """What the settings say of one link."""

    reset_day: int = 1
    limit_bytes: int | None = None
    warn_percent: int = 80


@dataclass(frozen=True)
class State:
    """Everything that is known."""

    rules: Mapping[str, Rule] = field(default_factory=dict)  # by link
    boot: str = ""  # the boot the counters belong to
    counters: Mapping[Counter, int] = field(default_factory=dict)  # as they were last read
    months: Mapping[str, Months] = field(default_factory=dict)  # by link
    current: Mapping[str, date] = field(default_factory=dict)  # by link: the month that is counted to
    stopped: frozenset[str] = frozenset()  # links that carry no bulk


@dataclass(frozen=True)
class Counted:
    """The kernel's counters were read."""

    boot: str
    counters: Mapping[Counter, int]
    clock_disciplined: bool


@dataclass(frozen=True)
class StopBulk:
    """Have exactly these links carry no bulk."""

    links: frozenset[str]


def step(state: State, event: Counted, now: datetime) -> tuple[State, list[StopBulk]]:
    """Add what was counted since the last reading, to the month that it is now."""
    before = state.counters if event.boot == state.boot else {}
    added = {counter: _since(before.get(counter, 0), value) for counter, value in event.counters.items()}
    months = dict(state.months)
    current = {}
    for link, rule in state.rules.items():
        current[link] = _month_now(rule, months.get(link, {}), now, believed=event.clock_disciplined)
        kept = _folded(months.get(link, {}), current[link], believed=event.clock_disciplined)
        mine = {counter[1:]: value for counter, value in added.items() if counter.link == link}
        kept[current[link]] = _sum(kept.get(current[link], {}), mine)
        months[link] = dict(sorted(kept.items())[-MONTHS_KEPT:])
    after = replace(state, boot=event.boot, counters=dict(event.counters), months=months, current=current)
    used_up = frozenset(link for link in state.rules if level(after, link) is BudgetLevel.USED)
    actions = [StopBulk(used_up)] if used_up != state.stopped else []
    return replace(after, stopped=used_up), actions


def use(state: State, link: str) -> Use:
    """What this link used this month."""
    return state.months.get(link, {}).get(state.current.get(link, date.min), {})


def level(state: State, link: str) -> BudgetLevel:
    """How the link stands this month."""
    rule, used = state.rules[link], sum(use(state, link).values())
    if rule.limit_bytes is None:
        return BudgetLevel.UNLIMITED
    if used >= rule.limit_bytes:
        return BudgetLevel.USED
    return BudgetLevel.NEARLY_USED if 100 * used >= rule.warn_percent * rule.limit_bytes else BudgetLevel.ENOUGH


def forecast(used: int, month: date, now: datetime) -> int | None:
    """Bytes at the end of the month if it goes on like this; None in its first day, or outside it."""
    began = datetime(month.year, month.month, month.day, tzinfo=now.tzinfo)
    elapsed, whole = now - began, next_month(month) - month
    return round(used * (whole / elapsed)) if timedelta(days=1) <= elapsed <= whole else None


def month_of(day: date, reset_day: int) -> date:
    """The first day of the month, counted from the reset day (1 to 28), that a day is in."""
    if day.day >= reset_day:
        return day.replace(day=reset_day)
    return (day.replace(day=1) - timedelta(days=1)).replace(day=reset_day)


def next_month(month: date) -> date:
    """The first day of the month after this one."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=month.day)


def _since(before: int, value: int) -> int:
    return value - before if value >= before else value  # less than before: it began anew


def _month_now(rule: Rule, months: Months, now: datetime, *, believed: bool) -> date:
    month = month_of(now.date(), rule.reset_day)
    return month if believed else max([month, *months])


def _folded(months: Months, current: date, *, believed: bool) -> dict[date, Use]:
    if not believed:
        return dict(months)
    kept = {month: entry for month, entry in months.items() if month <= current}
    for month, entry in months.items():
        if month > current:
            kept[current] = _sum(kept.get(current, {}), entry)
    return kept


def _sum(first: Use, second: Use) -> Use:
    return {key: first.get(key, 0) + second.get(key, 0) for key in first.keys() | second.keys()}
