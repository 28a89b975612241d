"""French public holidays, computed. Pure. Each has a stable id; words are made at the edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from edge.shared.model.hours import HolidaySet


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar: the anonymous computus of 1876 (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


_Rule = Callable[[int], date]


def _on(month: int, day: int) -> _Rule:
    return lambda year: date(year, month, day)


def _after_easter(days: int) -> _Rule:
    return lambda year: easter(year) + timedelta(days)


RULES: Mapping[HolidaySet, Mapping[str, _Rule]] = {
    HolidaySet.FRANCE: {
        "new_year": _on(1, 1),
        "easter_monday": _after_easter(1),
        "labour_day": _on(5, 1),
        "victory_day": _on(5, 8),
        "ascension": _after_easter(39),
        "whit_monday": _after_easter(50),
        "national_day": _on(7, 14),
        "assumption": _on(8, 15),
        "all_saints": _on(11, 1),
        "armistice": _on(11, 11),
        "christmas": _on(12, 25),
    },
    HolidaySet.ALSACE_MOSELLE: {"good_friday": _after_easter(-2), "saint_stephen": _on(12, 26)},
    HolidaySet.GUADELOUPE: {"abolition": _on(5, 27)},
    HolidaySet.GUYANE: {"abolition": _on(6, 10)},
    HolidaySet.MARTINIQUE: {"abolition": _on(5, 22)},
    HolidaySet.MAYOTTE: {"abolition": _on(4, 27)},
    HolidaySet.REUNION: {"abolition": _on(12, 20)},
    HolidaySet.SAINT_BARTHELEMY: {"abolition": _on(10, 9)},
    HolidaySet.SAINT_MARTIN: {"abolition": _on(5, 28)},
}


def holiday(day: date, sets: Iterable[HolidaySet]) -> str | None:
    """The id of the public holiday, if it is one. Of two on one day (2008: 1 May was Ascension) the first counts."""
    return next((found[day] for one in sets if day in (found := holidays(day.year, one))), None)


@lru_cache(maxsize=64)
def holidays(year: int, one: HolidaySet) -> dict[date, str]:
    """Every public holiday of a year."""
    return {rule(year): name for name, rule in reversed(list(RULES[one].items()))}
