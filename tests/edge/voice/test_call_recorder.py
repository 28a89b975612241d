"""The files that Kamailio appends to, and keeping what they say: read whole, once, and removed only when it is kept."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.shared.clock import VirtualClock
from edge.voice.kamailio.location_file import make_location
from edge.voice.kamailio.records_folder import CURRENT, STARTS_MAX, make_records
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.records.call import SECOND, Call, talk_s
from edge.voice.records.people import People
from edge.voice.records.recorder import Recorder
from edge.voice.records.tail import Tails
from tests.edge.voice.flat_lines import START, text

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
