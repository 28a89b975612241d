"""Opening hours, holidays and night service: what state a moment has, and where calls go then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.cli.voice_explain import _EXPLAIN_REASONS, _HOLIDAYS
from edge.shared.messages.voice import VoiceMode
from edge.shared.model.hours import WEEKDAYS, HolidaySet, Hours, TimeZone
from edge.shared.model.voice import VoiceSection
from edge.voice.calendar import OpeningHours, State
from edge.voice.dialplan import Outcome, decide
from edge.voice.holidays import RULES
from edge.voice.standing import Because, standing
from edge.voice.tables import tables

OFFICE = ["08:30-12:00", "13:30-17:30"]
MAIRIE: dict[str, Any] = {
    "name": "mairie",
    "numbers": ["600", "101"],
    **dict.fromkeys(WEEKDAYS[:5], OFFICE),
    "saturday": ["22:00-02:00"],
    "night": ["19:00-07:00"],
    "closed_to": "103",
    "night_to": "0611223344",
}
DAYS = [
    {"first": "2026-12-24", "name": "Réveillon", "hours": ["08:30-11:00"]},
    {"first": "2026-07-13", "last": "2026-07-14", "name": "Pont", "schedules": ["mairie"]},
    {"first": "2026-11-11", "name": "Cérémonie", "hours": ["09:00-10:00"]},
]
VOICE: dict[str, Any] = {
    "domain": "mairie.example",
    "extensions": [{"number": number} for number in ("101", "102", "103")],
    "groups": [{"number": "600", "members": ["101", "102"]}],
    "trunks": [{"name": "pstn", "address": "198.51.100.20"}],
    "hours": {"schedules": [MAIRIE], "days": DAYS},
}


def voice(**hours: Any) -> VoiceSection:
    return VoiceSection.model_validate({**VOICE, "hours": {**VOICE["hours"], **hours}})


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"), fold=fold)


def state(at: datetime, **hours: Any) -> State:
    settings = voice(**hours).hours
    return OpeningHours(settings).state(settings.schedules[0], at)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-30T08:29:59", State.CLOSED),  # a Monday
        ("2026-11-30T08:30:00", State.OPEN),
        ("2026-11-30T11:59:59", State.OPEN),
        ("2026-11-30T12:00:00", State.CLOSED),
        ("2026-11-30T13:30:00", State.OPEN),
        ("2026-11-30T17:30:00", State.CLOSED),
        ("2026-11-30T19:00:00", State.NIGHT),
        ("2026-12-01T06:59:59", State.NIGHT),
        ("2026-12-01T07:00:00", State.CLOSED),
        ("2026-11-29T10:00:00", State.CLOSED),  # Sunday
        ("2026-11-28T21:59:59", State.NIGHT),  # Saturday: open past midnight, at night too
        ("2026-11-28T22:00:00", State.OPEN),
        ("2026-11-29T01:59:59", State.OPEN),
        ("2026-11-29T02:00:00", State.NIGHT),
        ("2026-04-06T10:00:00", State.CLOSED),  # Easter Monday
        ("2026-12-25T10:00:00", State.CLOSED),
        ("2026-12-25T20:00:00", State.NIGHT),
        ("2026-12-24T10:59:59", State.OPEN),  # hours of its own
        ("2026-12-24T14:00:00", State.CLOSED),
        ("2026-07-13T10:00:00", State.CLOSED),  # two exceptional days
        ("2026-07-15T10:00:00", State.OPEN),
        ("2026-11-11T09:30:00", State.OPEN),  # an exceptional day before the holiday it is
        ("2026-11-11T14:00:00", State.CLOSED),
    ],
)
def test_the_state_of_a_moment(at: str, expected: State) -> None:
    assert state(paris(at)) == expected


def test_a_span_that_begins_before_a_holiday_goes_on_into_it() -> None:
    schedule = {**MAIRIE, "saturday": [], "thursday": ["22:00-02:00"], "friday": ["22:00-02:00"]}
    eve = {"schedules": [schedule], "days": []}
    assert state(paris("2026-12-25T01:00:00"), **eve) is State.OPEN  # Christmas 2026 is a Friday
    assert state(paris("2026-12-25T23:00:00"), **eve) is State.NIGHT


def test_the_whole_day_and_no_holidays() -> None:
    always = {**{day: ["00:00-24:00"] for day in WEEKDAYS}, "name": "always", "numbers": ["600"]}
    settings = {"schedules": [always], "days": [], "holidays": []}
    moment = paris("2026-01-01T00:00:00")
    for hours in range(24 * 366):
        assert state(moment + timedelta(hours=hours), **settings) is State.OPEN


def test_the_hours_are_those_of_the_place() -> None:
    at = datetime(2026, 11, 30, 9, tzinfo=UTC)  # 10:00 in Paris, 13:00 in Saint-Denis
    assert state(at) is State.OPEN
    assert state(at, timezone="Indian/Reunion") is State.CLOSED
    assert state(paris("2026-12-22T10:00"), holidays=["france", "reunion"]) is State.OPEN
    assert state(datetime(2027, 12, 20, 6, tzinfo=UTC), timezone="Indian/Reunion", holidays=["reunion"]) is State.CLOSED


# -- nights when the hour changes ----------------------------------------------------------------------------------------

NIGHTS = {"days": [], "schedules": [{**MAIRIE, "saturday": [], "sunday": ["02:30-05:00"], "night": []}]}


def opened(begin: datetime, hours: int, **settings: Any) -> list[tuple[str, str]]:
    """The spans that are open, minute by minute, in UTC."""
    found: list[tuple[str, str]] = []
    since: datetime | None = None
    for minute in range(hours * 60):
        at = begin + timedelta(minutes=minute)
        now_open = state(at, **settings) is State.OPEN
        if now_open and since is None:
            since = at
        if not now_open and since is not None:
            found.append((f"{since:%H:%M}", f"{at:%H:%M}"))
            since = None
    return found


def test_the_night_with_an_hour_twice_opens_once() -> None:
    assert opened(datetime(2026, 10, 24, 22, tzinfo=UTC), 8, **NIGHTS) == [("00:30", "04:00")]  # CEST, then CET


def test_the_night_with_an_hour_less_opens_once() -> None:
    assert opened(datetime(2026, 3, 28, 22, tzinfo=UTC), 8, **NIGHTS) == [("01:30", "03:00")]


def test_an_end_that_comes_twice_is_the_later_one_and_one_that_is_skipped_still_ends() -> None:
    settings = {"days": [], "schedules": [{**MAIRIE, "saturday": ["22:00-02:30"], "night": []}]}
    assert opened(datetime(2026, 10, 24, 18, tzinfo=UTC), 12, **settings) == [("20:00", "01:30")]
    assert opened(datetime(2026, 3, 28, 18, tzinfo=UTC), 12, **settings) == [("21:00", "01:30")]


# -- where calls go ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "to", "because"),
    [
        ("2026-11-30T10:00", None, None),
        ("2026-11-30T12:30", "103", "hours_closed"),
        ("2026-11-30T20:00", "0611223344", "hours_night"),
        ("2026-12-25T10:00", "103", "hours_closed_holiday"),
        ("2026-12-25T20:00", "0611223344", "hours_night_holiday"),
        ("2026-12-24T14:00", "103", "hours_closed_exceptional"),
        ("2026-12-24T20:00", "0611223344", "hours_night_exceptional"),
    ],
)
def test_where_calls_go(at: str, to: str | None, because: str | None) -> None:
    instead = OpeningHours(voice().hours).instead("600", paris(at))
    assert (instead and instead.to, instead and instead.because.id) == (to, because)
    assert OpeningHours(voice().hours).instead("102", paris(at)) is None


def test_a_destination_that_is_absent_is_the_next_best() -> None:
    calendar = OpeningHours(voice(schedules=[{**MAIRIE, "night_to": None, "open_to": "102", "closed_to": None}]).hours)
    for at in ("2026-11-30T10:00", "2026-11-30T12:30", "2026-11-30T20:00"):
        instead = calendar.instead("600", paris(at))
        assert instead is not None
        assert instead.to == "102"
    closed = {**MAIRIE, "numbers": ["600", "103"]}
    assert OpeningHours(voice(schedules=[closed]).hours).instead("103", paris("2026-11-30T12:30")) is None


def test_a_clock_that_is_certainly_wrong_closes_nothing() -> None:
    calendar = OpeningHours(voice().hours)
    assert calendar.instead("600", datetime(1970, 1, 1, 0, 5, tzinfo=UTC)) is None
    assert calendar.instead("600", datetime(2025, 12, 31, 23, 59, tzinfo=UTC)) is None
    assert calendar.instead("600", datetime(2026, 1, 1, 10, tzinfo=UTC)) is not None


def test_the_decision_says_the_holiday_and_leads_elsewhere() -> None:
    settings = voice()
    christmas = paris("2026-12-25T10:00")
    decision = decide(settings, "102", "600", VoiceMode.LOCAL, christmas, calendar=OpeningHours(settings.hours))
    assert decision.outcome is Outcome.INSIDE
    assert decision.steps[0].targets == ("103",)
    data = {"number": "600", "to": "103", "schedule": "mairie", "day": "christmas"}
    assert decision.steps[0].because == Because("hours_closed_holiday", data)


def test_while_the_cloud_decides_its_own_hours_count() -> None:
    """A redirect of a person holds for the cloud's calls, too; opening hours do not."""
    settings = voice()
    closed, calendar = paris("2026-11-30T12:30"), OpeningHours(settings.hours)
    by_hours = standing(settings, closed, {}, calendar)
    by_person = standing(settings, closed, {"101": "102"}, calendar)
    assert "away::101" not in tables(settings, by_hours).htables["number"]
    assert "away::101" in tables(settings, by_person).htables["number"]
    assert decide(settings, "102", "101", VoiceMode.CLOUD, closed, {}, calendar).steps == ()
    assert decide(settings, "102", "101", VoiceMode.CLOUD, closed, {"101": "102"}, calendar).steps != ()


def test_every_reason_and_every_holiday_has_words() -> None:
    ids = {f"hours_{one}" for one in State} | {
        f"hours_{one}_{day}" for one in ("closed", "night") for day in ("holiday", "exceptional")
    }
    assert ids <= _EXPLAIN_REASONS.keys()
    assert {name for rules in RULES.values() for name in rules} == _HOLIDAYS.keys()


# -- properties ----------------------------------------------------------------------------------------------------------

CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
SPAN = st.builds("{}-{}".format, CLOCK, CLOCK).filter(lambda span: span[:5] != span[6:])
MOMENT = st.datetimes(datetime(2026, 1, 3), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(spans=st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(SPAN, max_size=3)), at=MOMENT)
def test_outside_the_changes_of_the_hour_it_is_what_the_clock_on_the_wall_says(
    spans: dict[str, list[str]], at: datetime
) -> None:
    """The same told naively, by minutes of the week, in a zone that never changes its hour."""
    schedule = {"name": "s", "numbers": ["600"], **spans}
    settings = Hours(timezone=TimeZone.REUNION, holidays=[], schedules=[schedule])
    local = at.astimezone(ZoneInfo("Indian/Reunion"))
    now = local.weekday() * 1440 + local.hour * 60 + local.minute
    expected = False
    for day, name in enumerate(WEEKDAYS):
        for span in spans.get(name, []):
            begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
            length = (end - begin) % 1440
            expected |= (now - day * 1440 - begin) % (7 * 1440) < length
    assert (OpeningHours(settings).state(settings.schedules[0], at) is State.OPEN) is expected


@given(at=MOMENT, zone=st.sampled_from(TimeZone), sets=st.lists(st.sampled_from(HolidaySet), unique=True))
def test_nobody_is_open_on_a_holiday_of_theirs(at: datetime, zone: TimeZone, sets: list[HolidaySet]) -> None:
    schedule = {"name": "s", "numbers": ["600"], **{day: ["00:00-24:00"] for day in WEEKDAYS}}
    settings = Hours(timezone=zone, holidays=sets, schedules=[schedule])
    local: date = at.astimezone(ZoneInfo(zone)).date()
    is_holiday = any(local == rule(local.year) for one in sets for rule in RULES[one].values())
    assert (OpeningHours(settings).state(settings.schedules[0], at) is State.OPEN) is not is_holiday


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "where"),
    [
        ({"schedules": [{**MAIRIE, "monday": ["25:00-26:00"]}]}, ("hours", "schedules", 0, "monday", 0)),
        ({"schedules": [{**MAIRIE, "monday": ["08:00-08:00"]}]}, ("hours", "schedules", 0, "monday", 0)),
        ({"schedules": [{**MAIRIE, "numbers": ["600", "777"]}]}, ("hours", "schedules", 0, "numbers", 1)),
        ({"schedules": [{**MAIRIE, "closed_to": "15"}]}, ("hours", "schedules", 0, "closed_to")),
        ({"schedules": [MAIRIE, {**MAIRIE, "name": "other"}]}, ("hours", "schedules", 1, "numbers", 0)),
        ({"schedules": [MAIRIE, {**MAIRIE, "numbers": ["102"]}]}, ("hours", "schedules", 1, "name")),
        ({"days": [{"first": "2026-12-24", "last": "2026-12-23"}]}, ("hours", "days", 0, "last")),
        ({"days": [{"first": "2026-12-24", "schedules": ["piscine"]}]}, ("hours", "days", 0, "schedules", 0)),
        ({"days": [{"first": "2026-02-30"}]}, ("hours", "days", 0, "first")),
        ({"timezone": "Europe/London"}, ("hours", "timezone")),
        ({"holidays": ["bretagne"]}, ("hours", "holidays", 0)),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_their_path(hours: dict[str, Any], where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        voice(**hours)
    assert where in [error["loc"] for error in refused.value.errors()]
