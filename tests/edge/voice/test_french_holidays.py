"""French public holidays against a library that many keep right, for every year a box may live to see."""

from __future__ import annotations

from datetime import date

import holidays as library
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.model.hours import HolidaySet
from edge.voice.holidays import easter, holiday, holidays

YEARS = range(2026, 2100)
REGIONS = {
    HolidaySet.GUADELOUPE: "971",
    HolidaySet.MARTINIQUE: "972",
    HolidaySet.GUYANE: "973",
    HolidaySet.REUNION: "974",
    HolidaySet.MAYOTTE: "976",
    HolidaySet.SAINT_BARTHELEMY: "BL",
    HolidaySet.SAINT_MARTIN: "MF",
}


def of_library(year: int, subdivision: str | None = None) -> set[date]:
    return set(library.country_holidays("FR", subdiv=subdivision, years=year))


def days(year: int, *sets: HolidaySet) -> set[date]:
    return {day for one in sets for day in holidays(year, one)}


@pytest.mark.parametrize("year", YEARS)
def test_the_holidays_of_france(year: int) -> None:
    assert days(year, HolidaySet.FRANCE) == of_library(year)


@pytest.mark.parametrize("year", YEARS)
def test_the_holidays_of_alsace_and_moselle(year: int) -> None:
    assert days(year, HolidaySet.FRANCE, HolidaySet.ALSACE_MOSELLE) == of_library(year, "57")


@pytest.mark.parametrize(("region", "subdivision"), REGIONS.items())
def test_the_days_of_abolition_overseas(region: HolidaySet, subdivision: str) -> None:
    """The library adds what is custom there; the law has one more day."""
    for year in YEARS:
        days_there = library.country_holidays("FR", subdiv=subdivision, years=year, language="en_US")
        assert set(holidays(year, region)) == set(days_there.get_named("Abolition of Slavery")), year


def test_every_set_is_known() -> None:
    assert {*REGIONS, HolidaySet.FRANCE, HolidaySet.ALSACE_MOSELLE} == set(HolidaySet)


@given(st.integers(1900, 4000))
def test_easter_is_a_sunday_of_spring(year: int) -> None:
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 4, 6), "easter_monday"),
        (date(2026, 5, 14), "ascension"),
        (date(2026, 5, 25), "whit_monday"),
        (date(2027, 3, 29), "easter_monday"),
        (date(2038, 4, 26), "easter_monday"),  # the latest Easter there can be
        (date(2008, 5, 1), "labour_day"),  # Ascension, too
        (date(2026, 12, 26), None),
        (date(2026, 4, 5), None),  # a Sunday is none by being one
    ],
)
def test_a_day_by_its_name(day: date, name: str | None) -> None:
    assert holiday(day, [HolidaySet.FRANCE]) == name
