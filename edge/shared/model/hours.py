"""Opening hours: when a hunt group or an extension is served, and where its calls go when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section, Slug, duplicates
from edge.shared.model.numbering import SipUser

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DESTINATIONS = ("open_to", "closed_to", "night_to")

# 24:00 is the end of the day. An end that is not after the beginning is one of the next day.
Span = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
]


class TimeZone(StrEnum):
    """The time zones of French communes, as tz names them."""

    PARIS = "Europe/Paris"
    GUADELOUPE = "America/Guadeloupe"
    MARTINIQUE = "America/Martinique"
    GUYANE = "America/Cayenne"
    REUNION = "Indian/Reunion"
    MAYOTTE = "Indian/Mayotte"
    SAINT_PIERRE = "America/Miquelon"
    SAINT_BARTHELEMY = "America/St_Barthelemy"
    SAINT_MARTIN = "America/Marigot"
    NOUMEA = "Pacific/Noumea"
    TAHITI = "Pacific/Tahiti"
    WALLIS = "Pacific/Wallis"


class HolidaySet(StrEnum):
    """Public holidays that come together."""

    FRANCE = "france"  # Code du travail, L3133-1
    ALSACE_MOSELLE = "alsace_moselle"  # L3134-13: Good Friday and 26 December
    # The days of the abolition of slavery, L3422-2.
    GUADELOUPE = "guadeloupe"
    GUYANE = "guyane"
    MARTINIQUE = "martinique"
    MAYOTTE = "mayotte"
    REUNION = "reunion"
    SAINT_BARTHELEMY = "saint_barthelemy"
    SAINT_MARTIN = "saint_martin"


class Schedule(Section):
    """The hours of some numbers. A public holiday has none; an exceptional day has its own."""

    name: Slug = Field(description="What people call it, e.g. mairie")
    numbers: list[SipUser] = Field(min_length=1, description="Extensions and hunt groups that keep these hours")
    monday: list[Span] = Field([], description='E.g. ["08:30-12:00", "13:30-17:30"]; 22:00-02:00 ends on the next day')
    tuesday: list[Span] = Field([], description="As monday")
    wednesday: list[Span] = Field([], description="As monday")
    thursday: list[Span] = Field([], description="As monday")
    friday: list[Span] = Field([], description="As monday")
    saturday: list[Span] = Field([], description="As monday")
    sunday: list[Span] = Field([], description="As monday")
    night: list[Span] = Field([], description="Every day, when it is not open: night service rather than closed")
    open_to: SipUser | None = Field(None, description="Where calls go when open; absent: where they always go")
    closed_to: SipUser | None = Field(None, description="Where they go when closed; absent: as when open")
    night_to: SipUser | None = Field(None, description="Where they go in night service; absent: as when closed")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Each span lasts."""
        for day in (*WEEKDAYS, "night"):
            yield from _lasting(given, day)


class ExceptionalDay(Section):
    """A day, or several, with hours of its own: before weekdays and holidays."""

    first: date = Field(description="E.g. 2026-12-24")
    last: date | None = Field(None, description="Absent: that day alone")
    name: str = Field("", max_length=60, description="Why, e.g. Pont")
    hours: list[Span] = Field([], description="Open then; none: closed")
    schedules: list[Slug] = Field([], description="Whose days these are; absent: everybody's")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """It ends after it begins."""
        first, last = str(given.get("first")), given.get("last")
        if last is not None and str(last) < first:
            yield Broken(("last",), "not_allowed", f"before {first}", {"with": first})
        yield from _lasting(given, "hours")


class Hours(Section):
    """When the building is open."""

    timezone: TimeZone = TimeZone.PARIS
    holidays: list[HolidaySet] = Field([HolidaySet.FRANCE], description="Public holidays, computed; none: no holidays")
    schedules: list[Schedule] = []
    days: list[ExceptionalDay] = Field([], description="Exceptional days; of two that meet the later entry counts")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """A number keeps one schedule's hours, and exceptional days are those of schedules there are."""
        yield from duplicates(given, "schedules", "name")
        names = [one.get("name") for one in given.parts("schedules")]
        for index, one in enumerate(given.parts("days")):
            for place, name in enumerate(one.parts("schedules")):
                if name.node not in names:
                    reason = f"there is no schedule named {name.node}"
                    at = ("days", index, "schedules", place)
                    yield Broken(at, "unknown_reference", reason, {"value": str(name.node)})
        seen: list[object] = []
        for index, one in enumerate(given.parts("schedules")):
            for place, number in enumerate(one.parts("numbers")):
                if number.node in seen:
                    reason = f"{number.node} stands twice"
                    at = ("schedules", index, "numbers", place)
                    yield Broken(at, "duplicate", reason, {"value": str(number.node)})
                seen.append(number.node)


def strange_numbers(given: Given) -> Iterator[Broken]:
    """Of section voice: who keeps hours is an extension or a hunt group."""
    known = [one.get("number") for entries in ("extensions", "groups") for one in given.parts(entries)]
    for index, schedule in enumerate(given.part("hours").parts("schedules")):
        for place, number in enumerate(schedule.parts("numbers")):
            if number.node not in known:
                reason = f"there is no extension or hunt group {number.node}"
                at = ("hours", "schedules", index, "numbers", place)
                yield Broken(at, "unknown_reference", reason, {"value": str(number.node)})


def _lasting(given: Given, name: str) -> Iterator[Broken]:
    for index, span in enumerate(given.parts(name)):
        begin, _, end = str(span.node).partition("-")
        if begin == end:
            yield Broken(
                (name, index), "not_allowed", "begins when it ends; the whole day is 00:00-24:00", {"with": end}
            )
