"""Call records without Kamailio: lines in any order, files that are cut, kept, rotated and removed, and days counted."""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.clock import VirtualClock
from edge.shared.messages.voice_calls import Count
from edge.voice.kamailio.location_file import make_location
from edge.voice.kamailio.records_folder import CURRENT, STARTS_MAX, make_records
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.records import book as books
from edge.voice.records.book import Book
from edge.voice.records.call import SECOND, Call, State, answer_s, direction, merge, state, talk_s
from edge.voice.records.line import Line, parse
from edge.voice.records.people import People, only_one_rung
from edge.voice.records.recorder import Recorder
from edge.voice.records.stats import day_stats, percentile, span
from edge.voice.records.tail import Tails

START = 1_795_861_957 * SECOND
INSIDE = frozenset({"101", "102", "200"})


def text(code: int = 100, at: int = START, cseq: int = 1, method: str = "INVITE", **columns: str) -> str:
    """A line as Kamailio writes it."""
    told = {
        "from_tag": "f",
        "to_tag": "t",
        "call_id": "c1",
        "leg": "phone",
        "source": "10.0.0.7",
        "caller": "101",
        "asked": "102",
        "matter": "",
        "mode": "local",
        "trail": " local ring:102",
        "way": "",
        "by": "",
        **columns,
    }
    head = [method, told["from_tag"], told["to_tag"], told["call_id"], str(code), "Reason", str(at // SECOND)]
    moment = f"{at // SECOND}.{at % SECOND:06d}"
    rest = [told[name] for name in ("leg", "source", "caller", "asked", "matter", "mode", "trail", "way", "by")]
    return "|".join([*head, moment, str(cseq), *rest])


def line(code: int = 100, seconds: float = 0, cseq: int = 1, method: str = "INVITE", **columns: str) -> Line:
    found = parse(text(code, START + int(seconds * SECOND), cseq, method, **columns), "run")
    assert found is not None
    return found


def call_of(*lines: Line) -> Call:
    call = None
    for one in lines:
        call = merge(call, one)
    assert call is not None
    return replace(call, direction=direction(call, INSIDE))


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


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_records(tmp_path / "records", "first")
    return tmp_path / "records"


def settle(path: Path) -> None:
    """As if nothing had been written for a while."""
    past = time.time() - 60
    os.utime(path, (past, past))


def test_a_line_is_read_once_and_only_when_it_is_whole(folder: Path) -> None:
    tails, path = Tails(folder), folder / "first/calls_1.log"
    whole = text(call_id="whole") + "\n"
    path.write_text(whole + text(call_id="cut")[:40])
    assert [one.call_id for one in tails.read()] == ["whole"]
    assert tails.read() == []
    with path.open("a") as file:
        file.write(text(call_id="cut")[40:] + "\n" + "garbage\n" + text(call_id="after") + "\n")
    assert [one.call_id for one in tails.read()] == ["cut", "after"]
    assert tails.garbage == 1
    tails.close()


def test_a_renamed_file_is_removed_only_when_kamailio_opened_it_anew(folder: Path) -> None:
    """Module db_flatstore compares seconds of the wall clock: after a step back it writes on into the renamed file."""
    tails, path = Tails(folder), folder / "first/calls_1.log"
    path.write_text(text() + "\n")
    tails.read()
    assert tails.rename() == 1
    (aside,) = path.parent.iterdir()
    settle(aside)
    tails.remove_done()
    assert tails.waits_for_rotation()
    with aside.open("a") as file:
        file.write(text(call_id="late") + "\n")
    assert [one.call_id for one in tails.read()] == ["late"]
    path.write_text(text(call_id="new") + "\n")
    assert not tails.waits_for_rotation()
    tails.remove_done()
    assert aside.exists(), "written to a moment ago"
    settle(aside)
    with aside.open("a") as file:
        file.write(text(call_id="unread") + "\n")
    settle(aside)
    tails.remove_done()
    assert aside.exists(), "there is more to read"
    assert {one.call_id for one in tails.read()} == {"unread", "new"}
    tails.remove_done()
    assert list(path.parent.iterdir()) == [path]
    tails.close()


def test_the_files_of_an_earlier_start_are_read_and_removed(folder: Path) -> None:
    path = folder / "first/calls_1.log"
    path.write_text(text(call_id="before") + "\n" + text()[:30])
    make_records(folder, "second")
    settle(path)
    tails = Tails(folder)
    assert [one.call_id for one in tails.read()] == ["before"]
    tails.remove_done()
    assert sorted(entry.name for entry in folder.iterdir()) == [CURRENT, "second"]
    tails.close()


def test_nothing_is_removed_while_nobody_knows_which_start_is_current(folder: Path) -> None:
    path = folder / "first/calls_1.log"
    path.write_text(text() + "\n")
    settle(path)
    (folder / CURRENT).unlink()
    tails = Tails(folder)
    tails.read()
    tails.remove_done()
    assert path.exists()
    tails.close()


def test_starts_that_nobody_reads_do_not_pile_up(folder: Path) -> None:
    for number in range(STARTS_MAX + 5):
        make_records(folder, f"empty{number}")
    assert len(list(folder.iterdir())) == 2
    for number in range(STARTS_MAX + 5):
        make_records(folder, f"start{number}")
        (folder / f"start{number}/calls_1.log").write_text(text() + "\n")
    assert len([entry for entry in folder.iterdir() if entry.is_dir()]) == STARTS_MAX + 1


# -- reading and keeping ------------------------------------------------------------------------------------------------


@pytest.fixture
def recorder(folder: Path, tmp_path: Path) -> Iterator[Recorder]:
    """With no Kamailio to ask."""
    make_location(tmp_path / "location.sqlite", tmp_path / "copies")
    people, rpc = People(tmp_path / "location.sqlite"), KamailioRpc(tmp_path / "rpc")
    one = Recorder(tmp_path / "calls.db", Tails(folder), people, rpc, VirtualClock())
    yield one
    one.close()


def kept(recorder: Recorder) -> list[Call]:
    async def story() -> list[tuple[int, Call]]:
        await recorder.cycle()
        return await recorder.ask(lambda book: book.newest(99))

    return [call for _, call in asyncio.run(story())]


def test_the_two_files_of_one_call_may_be_read_in_any_order(recorder: Recorder, folder: Path) -> None:
    (folder / "first/calls_1.log").write_text(text(0, START + 9 * SECOND, 2, "BYE") + "\n")
    assert kept(recorder) == []
    (folder / "first/calls_2.log").write_text(text() + "\n" + text(200, START + 4 * SECOND) + "\n")
    (call,) = kept(recorder)
    assert talk_s(call) == 5


def test_a_ledger_that_takes_nothing_loses_nothing(recorder: Recorder, folder: Path) -> None:
    path = folder / "first/calls_1.log"
    path.write_text(text(call_id="c1") + "\n")
    assert len(kept(recorder)) == 1
    with closing(sqlite3.connect(recorder.path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(FAIL, 'database is full'); END")
        other.commit()
        with path.open("a") as file:
            file.write(text(call_id="c2") + "\n")
        for _ in range(3):
            assert len(kept(recorder)) == 1
        assert recorder.refused == "database is full"
        other.execute("DROP TRIGGER full")
        other.commit()
    assert [call.call_id for call in kept(recorder)] == ["c2", "c1"]
    assert recorder.refused is None


def test_a_disk_that_takes_its_time_holds_up_nothing_else(recorder: Recorder, folder: Path) -> None:
    path = folder / "first/calls_1.log"
    path.write_text(text(call_id="c1") + "\n")
    assert len(kept(recorder)) == 1

    async def story() -> None:
        with closing(sqlite3.connect(recorder.path)) as other:
            other.execute("BEGIN IMMEDIATE")  # whoever writes waits
            with path.open("a") as file:
                file.write(text(call_id="c2") + "\n")
            keeping = asyncio.create_task(recorder.cycle())
            await asyncio.sleep(0.1)
            assert not keeping.done(), "the loop itself waited for the disk"
            other.rollback()
            await keeping

    asyncio.run(story())
    assert [call.call_id for call in kept(recorder)] == ["c2", "c1"]


def test_whose_phone_answered_is_known_by_its_binding(recorder: Recorder, folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "location.sqlite")) as database:
        database.execute("INSERT INTO location (ruid, username, contact) VALUES ('uloc-7', '103', 'sip:x')")
        database.commit()
    several = " local ring:101 ring:103"
    lines = [text(200, trail=several, by=by, call_id=by) for by in ("uloc-7", "uloc-gone")]
    (folder / "first/calls_1.log").write_text("\n".join(lines) + "\n")
    assert {call.call_id: call.by for call in kept(recorder)} == {"uloc-7": "103", "uloc-gone": ""}


def test_a_phone_that_registered_a_moment_ago_is_known_a_little_later(
    recorder: Recorder, folder: Path, tmp_path: Path
) -> None:
    """Kamailio writes its location database every second."""
    (folder / "first/calls_1.log").write_text(text(200, trail=" local ring:101 ring:103", by="uloc-7") + "\n")
    assert [call.by for call in kept(recorder)] == [""]
    with closing(sqlite3.connect(tmp_path / "location.sqlite")) as database:
        database.execute("INSERT INTO location (ruid, username, contact) VALUES ('uloc-7', '103', 'sip:x')")
        database.commit()
    assert [call.by for call in kept(recorder)] == ["103"]


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
