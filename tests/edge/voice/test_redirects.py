"""Redirects by a person: which are refused, until when they last, and that a disk or a clock loses none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.clock import VirtualClock
from edge.shared.messages.common import Actor
from edge.shared.messages.voice_redirects import (
    CancelParams,
    ClockNotSet,
    DestinationIsEmergency,
    DestinationUnknown,
    HourNotUnderstood,
    HourPast,
    HourTooFar,
    NothingToRedirect,
    NoWayOutside,
    RedirectGoesRound,
    RedirectNotAllowed,
    RedirectNotKept,
    RedirectParams,
    RequestIdReused,
)
from edge.shared.model.voice import VoiceSection
from edge.shared.varlink_idl import ErrorReply
from edge.voice.plans import plan
from edge.voice.redirect_book import RedirectBook
from edge.voice.redirects import ending, refusal
from edge.voice.standing import ALWAYS_OPEN, standing

NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)  # 12:00 in Paris
PARIS = ZoneInfo("Europe/Paris")
SETTINGS: dict[str, Any] = {
    "domain": "mairie.example",
    "extensions": [
        {"number": "101"},
        {"number": "102"},
        {"number": "103", "may_call": ["internal"]},
        {"number": "104", "forward": {"always": "101"}},
    ],
    "groups": [{"number": "600", "members": ["101", "102"]}],
    "short_numbers": [{"number": "8001", "to": "0611223344"}, {"number": "8002", "to": "101"}],
    "trunks": [{"name": "pstn", "address": "198.51.100.20"}],
}
VOICE = VoiceSection.model_validate(SETTINGS)


def wish(*numbers: str, to: str = "0611223344", until: str = "18:00", request_id: str = "r1") -> RedirectParams:
    return RedirectParams(
        numbers=list(numbers), to=to, until=until, reason="inondation", request_id=request_id, actor=Actor(user="anne")
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "redirects.json"


@pytest.fixture
def book(file: Path, clock: VirtualClock) -> RedirectBook:
    return RedirectBook(file, clock)


def add(book: RedirectBook, params: RedirectParams) -> ErrorReply | None:
    return asyncio.run(book.add(VOICE, params))


def cancel(book: RedirectBook, *numbers: str) -> ErrorReply | None:
    return asyncio.run(book.cancel(CancelParams(numbers=list(numbers))))


# -- which are refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "to", "refused"),
    [
        (["101", "102"], "0611223344", None),
        (["101"], "103", None),
        (["600"], "0611223344", None),
        (["101"], "600", None),
        (["101"], "8001", None),
        (["103"], "101", None),
        (["101", "777"], "0611223344", NothingToRedirect(number="777")),
        (["8001"], "101", NothingToRedirect(number="8001")),
        (["101"], "777", DestinationUnknown(to="777")),
        (["101"], "112", DestinationIsEmergency(to="112")),
        (["101"], "101", RedirectGoesRound(number="101", to="101")),
        (["101"], "8002", RedirectGoesRound(number="101", to="8002")),
        (["101"], "104", RedirectGoesRound(number="101", to="104")),  # forwarded to 101 for ever
        (["101", "102"], "102", RedirectGoesRound(number="101", to="102")),
        (["101", "102"], "600", RedirectGoesRound(number="101", to="600")),  # nobody would be left in it
        (["101", "103"], "0611223344", RedirectNotAllowed(number="103", to="0611223344", kind="mobile")),
        (["101"], "0899123456", RedirectNotAllowed(number="101", to="0899123456", kind="premium")),
        (["600"], "0044201234567", RedirectNotAllowed(number="600", to="0044201234567", kind="international")),
    ],
)
def test_what_makes_no_sense_is_refused(numbers: list[str], to: str, refused: ErrorReply | None) -> None:
    assert refusal(VOICE, numbers, to, {}) == refused


def test_what_is_redirected_already_counts_for_going_round() -> None:
    assert refusal(VOICE, ["101"], "102", {"102": "600", "600": "101"}) == RedirectGoesRound(number="101", to="102")
    # What it replaces does not.
    assert refusal(VOICE, ["101"], "102", {"101": "103", "103": "101"}) is None


def test_without_a_trunk_nothing_goes_outside() -> None:
    alone = VOICE.model_copy(update={"trunks": []})
    assert refusal(alone, ["101"], "0611223344", {}) == NoWayOutside(to="0611223344")
    assert refusal(alone, ["101"], "102", {}) is None


NUMBERS = st.sampled_from(["101", "102", "103", "104", "600", "8001", "8002", "0611223344", "0144556677", "15", "777"])


@given(st.lists(st.tuples(st.lists(NUMBERS, min_size=1, max_size=3), NUMBERS), max_size=6))
def test_what_is_taken_is_followed(wishes: list[tuple[list[str], str]]) -> None:
    """Of any sequence of requests: what is not refused leads elsewhere, as the plan of the number says."""
    in_force: dict[str, str] = {}
    for numbers, to in wishes:
        if refusal(VOICE, numbers, to, in_force) is not None:
            continue
        in_force |= dict.fromkeys(numbers, to)
        elsewhere = standing(VOICE, NOON, in_force, ALWAYS_OPEN)
        for number in numbers:
            made = plan(number, VOICE, elsewhere)
            assert made.away, (number, in_force)
            assert all(note.data["number"] != number for note in made.notes)


# -- until when ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:00", "2026-11-30T18:00:00+01:00"),
        ("12:00", "2026-12-01T12:00:00+01:00"),  # now: tomorrow's
        ("08:00", "2026-12-01T08:00:00+01:00"),
        ("2026-12-25T10:00", "2026-12-25T10:00:00+01:00"),
        ("2026-12-25T10:00Z", "2026-12-25T11:00:00+01:00"),
        ("2027-06-01", "2027-06-01T00:00:00+02:00"),
    ],
)
def test_the_hour_is_the_sites_own(text: str, expected: str) -> None:
    found = ending(text, NOON, PARIS)
    assert isinstance(found, datetime)
    assert found.isoformat() == expected


def test_an_hour_that_makes_no_sense_is_refused() -> None:
    assert ending("25:00", NOON, PARIS) == HourNotUnderstood(until="25:00")
    assert ending("2026-02-30", NOON, PARIS) == HourNotUnderstood(until="2026-02-30")
    assert ending("0001-01-01T00:00+14:00", NOON, PARIS) == HourNotUnderstood(until="0001-01-01T00:00+14:00")
    assert ending("2026-11-30T11:59", NOON, PARIS) == HourPast(until="2026-11-30T11:59")
    assert ending("2099-01-01", NOON, PARIS) == HourTooFar(until="2099-01-01", days=366)
    assert ending("18:00", datetime(1970, 1, 1, tzinfo=UTC), PARIS) == ClockNotSet(date="1970-01-01")


# -- the book --------------------------------------------------------------------------------------------------------------


def test_it_ends_by_itself_and_says_who_and_why(book: RedirectBook, clock: VirtualClock) -> None:
    assert add(book, wish("102", "101")) is None
    assert book.where() == {"101": "0611223344", "102": "0611223344"}
    one = book.in_force()[0]
    assert (one.number, one.author, one.reason) == ("101", "anne", "inondation")
    assert (one.until, one.set_at) == ("2026-11-30T18:00:00+01:00", "2026-11-30T11:00:00.000000Z")
    clock.advance(6 * 3600 - 1)
    assert book.where()
    clock.advance(1)
    assert book.where() == {}
    assert book.where(NOON) == {"101": "0611223344", "102": "0611223344"}  # what explain --at asks


def test_a_number_has_the_newest_one_only(book: RedirectBook, clock: VirtualClock) -> None:
    add(book, wish("101", "102"))
    assert add(book, wish("101", to="103", until="13:00", request_id="r2")) is None
    assert book.where() == {"101": "103", "102": "0611223344"}
    clock.advance(2 * 3600)
    assert book.where() == {"102": "0611223344"}


def test_cancelled_by_number_or_all(book: RedirectBook) -> None:
    add(book, wish("101", "102", "600"))
    assert cancel(book, "101") is None
    assert list(book.where()) == ["102", "600"]
    assert cancel(book) is None
    assert book.where() == {}


def test_the_same_request_twice_is_once_the_deed(book: RedirectBook, file: Path, clock: VirtualClock) -> None:
    add(book, wish("101"))
    cancel(book)
    again = RedirectBook(file, clock)
    clock.advance(7 * 3600)  # 18:00 of the next day would be meant now
    assert add(again, wish("101")) is None
    assert again.where() == {}
    assert add(again, wish("102")) == RequestIdReused(request_id="r1")


def test_a_clock_that_jumps_and_comes_back_loses_none(book: RedirectBook, clock: VirtualClock) -> None:
    add(book, wish("101"))
    clock.advance(20 * 366 * 86_400)
    assert book.where() == {}
    clock.advance(-20 * 366 * 86_400)
    assert book.where() == {"101": "0611223344"}
    clock.advance(-56 * 365 * 86_400)  # no RTC: until the hour is known, what a person wanted goes on
    assert book.where() == {"101": "0611223344"}
    assert isinstance(add(book, wish("102", request_id="r2")), ClockNotSet)


def test_it_is_on_the_disk_before_it_is_acknowledged(book: RedirectBook, file: Path, clock: VirtualClock) -> None:
    for turn in range(3):
        assert add(book, wish(f"10{turn + 1}", to="600" if turn == 2 else "0611223344", request_id=f"r{turn}")) is None
        assert RedirectBook(file, clock).where() == book.where()
    assert not book.damaged


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path, clock: VirtualClock) -> None:
    folder = tmp_path / "voice"
    folder.mkdir()
    book = RedirectBook(folder / "redirects.json", clock)
    add(book, wish("101"))
    hidden = folder.rename(tmp_path / "gone")
    assert add(book, wish("102", request_id="r2")) == RedirectNotKept(reason=os.strerror(2))
    assert isinstance(cancel(book), RedirectNotKept)
    assert book.where() == {"101": "0611223344"}
    hidden.rename(folder)
    assert add(book, wish("102", request_id="r2")) is None


@pytest.fixture
def two_written(book: RedirectBook) -> Iterator[None]:
    add(book, wish("101"))
    add(book, wish("102", request_id="r2"))
    yield


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_said_and_its_good_copy_used(
    two_written: None, file: Path, clock: VirtualClock, rubbish: bytes
) -> None:
    file.write_bytes(rubbish)
    again = RedirectBook(file, clock)
    assert (again.where(), again.damaged) == ({"101": "0611223344"}, True)
    add(again, wish("103", to="101", request_id="r3"))
    assert not again.damaged
    assert RedirectBook(file, clock).where() == {"101": "0611223344", "103": "101"}


@pytest.mark.parametrize("rubbish", [b"{", b'{"redirects":{"101":{}}}', b'{"redirects":[1]}'])
def test_both_damaged_is_said_and_left_as_it_is(
    two_written: None, file: Path, clock: VirtualClock, rubbish: bytes
) -> None:
    good = file.with_name("redirects.json.good")
    file.write_bytes(rubbish)
    good.write_bytes(rubbish)
    again = RedirectBook(file, clock)
    assert (again.where(), again.damaged) == ({}, True)
    assert file.read_bytes() == rubbish


def test_ends_long_past_are_forgotten_at_the_next_request(book: RedirectBook, clock: VirtualClock) -> None:
    add(book, wish("101"))
    clock.advance(timedelta(days=40).total_seconds())
    add(book, wish("102", request_id="r2"))
    assert book.where(NOON) == {"102": "0611223344"}
