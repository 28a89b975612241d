"""Call records without Kamailio: lines in any order, the ledger, and days counted. Files: test_call_recorder.py."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.messages.voice_calls import Count
from edge.voice.records import book as books
from edge.voice.records.book import Book
from edge.voice.records.call import SECOND, Call, State, answer_s, state, talk_s
from edge.voice.records.line import Line, parse
from edge.voice.records.people import only_one_rung
from edge.voice.records.stats import day_stats, percentile, span
from tests.edge.voice.flat_lines import INSIDE, START, call_of, line, text

# -- lines ------------------------------------------------------------------------------------------------------------


def test_a_line_is_read() -> None:
    found = parse(text(200, START + 1, by="uloc-1", caller="a%7Cb", trail=" local way:pstn"), "run")
    assert found is not None
    assert (found.code, found.at, found.caller, found.trail, found.by) == (
        200,
        START + 1,
        "a|b",
        "local way:pstn",
        "uloc-1",
    )


@given(st.text(max_size=200))
def test_garbage_is_no_line(garbage: str) -> None:
    assert parse(garbage, "run") is None


@pytest.mark.parametrize("place", range(18))
def test_a_line_cut_anywhere_is_no_line(place: int) -> None:
    assert parse("|".join(text().split("|")[:place]), "run") is None


@pytest.mark.parametrize("column", [{"at": 10**30}, {"at": -5 * SECOND}, {"code": -1}, {"cseq": 10**12}])
def test_numbers_no_ledger_can_hold_are_refused(column: dict[str, int]) -> None:
    assert parse(text(**column), "run") is None  # type: ignore[arg-type]


def test_what_others_wrote_is_shortened_and_does_not_act_on_a_terminal() -> None:
    found = line(caller="\x1b[2J" + "9" * 500)
    assert found.caller.startswith("?[2J")
    assert len(found.caller) == 128


def test_the_cloud_as_a_way_out_has_one_name() -> None:
    told = [line(way=name, trail=f" way:{name} refused:{name}/503 silent:pstn") for name in ("-", "@cloud", "@cloud2")]
    assert [one.way for one in told] == ["@cloud"] * 3
    assert {one.trail for one in told} == {"way:@cloud refused:@cloud/503 silent:pstn"}


# -- calls ------------------------------------------------------------------------------------------------------------

LIFE = [
    line(100, 0, 1),
    line(407, 0.1, 1, trail=""),
    line(100, 0.2, 2),
    line(200, 5.2, 2, by="102", way="pstn"),
    line(0, 60.2, 3, method="BYE"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_lines_changes_nothing_nor_does_repeating_them(order: tuple[int, ...]) -> None:
    straight = call_of(*LIFE[:4])
    assert call_of(*(LIFE[place] for place in order)) == straight
    assert call_of(*(LIFE[place] for place in (*order, *order))) == straight
    assert (straight.begun, straight.answered, straight.by, straight.way) == (START, LIFE[3].at, "102", "pstn")
    assert straight.trail == "local ring:102"


def test_what_became_of_a_call() -> None:
    now = START + 100 * SECOND

    def seen(*lines: Line, at: int = now, run: str = "run") -> State:
        return state(call_of(*lines), at, run)

    assert seen(line()) == State.RINGING
    assert seen(line(), run="another start") == State.END_UNKNOWN, "its Kamailio was killed"
    assert seen(line(), at=START + 1000 * SECOND) == State.END_UNKNOWN
    assert seen(*LIFE[:4]) == State.TALKING
    assert seen(*LIFE[:4], run="another start") == State.TALKING, "conversations outlive Kamailio"
    assert seen(*LIFE[:4], at=START + 5 * 3600 * SECOND) == State.END_UNKNOWN
    assert seen(line(), line(407, 0.1)) == State.UNPROVED
    assert seen(line(), line(407, 0.1), line(100, 0.2, 2)) == State.RINGING
    codes = {486: State.BUSY, 603: State.BUSY, 487: State.GAVE_UP, 480: State.NO_ANSWER, 404: State.REFUSED}
    assert {code: seen(line(), line(code, 1)) for code in codes} == codes


def test_a_clock_set_in_the_middle_makes_no_negative_durations() -> None:
    call = call_of(line(100, 0), line(200, 2))
    assert answer_s(call) == 2
    back = replace(call, answered=call.begun - SECOND, ended=call.begun - 10 * SECOND)
    assert (answer_s(back), talk_s(back)) == (None, None)


def test_who_answered_when_only_one_rang() -> None:
    assert only_one_rung(line(trail=" local ring:102 ring:102")) == "102"
    assert only_one_rung(line(trail=" local ring:102 ring:101")) == ""


# -- the ledger -------------------------------------------------------------------------------------------------------


def test_a_bye_read_before_its_call_waits_for_it(tmp_path: Path) -> None:
    ledger = Book(tmp_path / "calls.db")
    early = line(0, 60, 3, method="BYE", from_tag="t", to_tag="f")  # the other side hangs up
    assert ledger.keep([early], INSIDE) == [early]
    assert ledger.keep([line(), line(200, 5), early], INSIDE) == []
    ((_, call),) = ledger.newest(9)
    assert talk_s(call) == 55
    ledger.close()


def test_a_call_that_passes_twice_through_a_proxy_is_two_legs_and_counts_once(tmp_path: Path) -> None:
    ledger = Book(tmp_path / "calls.db")
    legs = [one for leg in ("phone", "cloud") for one in (line(leg=leg), line(200, 2, leg=leg))]
    assert ledger.keep([*legs, line(0, 9, 2, method="BYE")], INSIDE) == []
    calls = [call for _, call in ledger.newest(9)]
    assert [talk_s(call) for call in calls] == [7, 7]
    stats = day_stats(date(2026, 11, 28), calls, frozenset(), START + 99 * SECOND, "run", UTC)
    assert (stats.inside, stats.incoming, stats.answered) == (1, 0, 1)
    ledger.close()


def test_what_is_older_is_forgotten_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "FORGET_STEP", 3)
    monkeypatch.setattr(books, "CALLS_MAX", 4)
    ledger = Book(tmp_path / "calls.db")
    ledger.keep([line(100, age, call_id=f"c{age}") for age in range(10)], INSIDE)
    assert ledger.forget(START) == 6, "none is too old, six are too many"
    assert ledger.forget(START + 99 * SECOND) == 3, "a wrong clock does not cost everything at once"
    assert [call.call_id for _, call in ledger.newest(9)] == ["c9"]
    ledger.close()


def test_who_answered_is_not_forgotten_when_the_line_comes_again_and_the_phone_is_gone() -> None:
    assert call_of(line(200, by="103"), line(200, by="")).by == "103"


# -- a day ------------------------------------------------------------------------------------------------------------


def test_a_day_is_counted() -> None:
    def call(number: int, *codes: int, hour: int = 9, wait: float = 2, **columns: str) -> Call:
        begun = (hour - 9) * 3600
        named = {"call_id": f"c{number}", **columns}
        lines = [line(code, begun + (wait if code > 100 else 0), 1, "INVITE", **named) for code in codes]
        return call_of(*lines)

    calls = [
        *(call(n, 100, 200, by="102", wait=n) for n in range(1, 21)),
        call(30, 100, 487, hour=11, leg="trunk", caller="0612345678", way="pstn"),
        call(31, 100, 200, hour=11, leg="trunk", caller="0612345678", way="pstn", by="101", wait=100),
        call(32, 100, 503, asked="0698765432", way="second", trail=" local way:pstn refused:pstn/503 way:second"),
        call(33, 100, 200, asked="112", matter="emergency", way="pstn"),
        call(34, 100, 407),
        call(35, 100, 486, asked="200", trail=" local step:200/0 ring:101 ring:102"),
    ]
    # Inside, by a cloud PBX that is a proxy: its second half says whose phone took it.
    twice = [
        line(code, 0 if code == 100 else 9, 1, "INVITE", call_id="c36", leg=leg, by=by)
        for leg, by in (("phone", ""), ("cloud", "103"))
        for code in (100, 200)
    ]
    calls += [call_of(*twice[:2]), call_of(*twice[2:])]
    day = date(2026, 11, 28)
    since, until = span(day, UTC)
    assert since <= START < until
    stats = day_stats(day, calls, frozenset({"200"}), START + 86_400 * SECOND, "run", UTC)
    assert (stats.incoming, stats.outgoing, stats.inside) == (2, 2, 22)
    assert (stats.answered, stats.missed, stats.emergencies, stats.unfinished) == (23, 2, 1, 0)
    assert stats.answer_mean_s == pytest.approx((sum(range(1, 21)) + 100 + 9) / 22)
    assert stats.answer_p95_s == 20
    assert sum(stats.hours) == 26
    assert stats.busiest_hour == stats.hours.index(max(stats.hours))
    assert Count(name="102", answered=20, missed=2) in stats.extensions
    assert Count(name="103", answered=1) in stats.extensions
    assert stats.dialled == [Count(name="200", made=1, missed=1)]
    assert Count(name="pstn", made=1, answered=1, missed=2) in stats.trunks


def test_percentiles_are_values_that_were_seen() -> None:
    assert [percentile(values, 95) for values in ([], [3.0], [float(n) for n in range(1, 101)])] == [None, 3.0, 95.0]
