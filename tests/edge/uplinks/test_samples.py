"""The past of loss and delay on disk: batches, bounds, clocks that jump, boots, a disk that is full."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.shared.clock import VirtualClock
from edge.uplinks.history import ROWS_EVERY_S, History
from edge.uplinks.rollup import MINUTE, SECOND
from tests.edge.uplinks.test_rollup import Over

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MONTH_ROWS = 31 * 24 * 60


def clock(running_s: int = 100, wall: datetime = datetime(2026, 11, 22, tzinfo=UTC)) -> VirtualClock:
    """A machine that has run for some seconds; wall is when it was started."""
    return VirtualClock(wall, timedelta(seconds=running_s))


async def live(history: History, now: VirtualClock, seconds: int, *, links: tuple[str, ...] = ("fibre",)) -> None:
    """Time passes: a round of one probe a second on each link, answered but each tenth."""
    for second in range(seconds):
        now.advance(1)
        for link in links:
            history.round_over(link, Over(now.monotonic_ns(), 1, [] if second % 10 == 9 else [20.0]))
        history.save()
        await asyncio.sleep(0)
        if history._saving is not None:
            await history._saving


def story(tell: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(tell())  # type: ignore[arg-type]


async def opened(path: Path, now: VirtualClock, boot: str = "first") -> History:
    history = History(path, now, boot)
    await history.open()
    return history


def on_disk(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        return int(reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def seconds_of(history: History, limit: int = 10_000, since: datetime = LONG_AGO) -> list[int]:
    return [at for at, _ in await history.rows(SECOND, "fibre", since, limit)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def test_rows_are_there_at_once_and_written_in_batches(path: Path) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, ROWS_EVERY_S - 1)
        assert on_disk(path, "seconds") == 0, "an SD card is not written to every second"
        seen = await seconds_of(history)
        assert len(seen) == ROWS_EVERY_S - 1 - 3  # the last ones are not complete
        assert seen[-1] == int(now.now().timestamp()) - 3
        await live(history, now, 2)
        assert on_disk(path, "seconds") >= ROWS_EVERY_S - 5
        assert on_disk(path, "minutes") == 5
        assert len(await seconds_of(history)) == ROWS_EVERY_S + 1 - 3, "none twice, none missing"
        await history.close()

    story(tell)


def test_a_row_says_what_was_measured(path: Path) -> None:
    async def tell() -> None:
        now = clock(running_s=120)
        history = await opened(path, now)
        await live(history, now, 130)
        ((at, minute), *_) = await history.rows(MINUTE, "fibre", LONG_AGO, 10)
        assert at == int((now.wall + timedelta(seconds=120)).timestamp())
        assert (minute.sent, minute.lost, minute.rtt_ms, minute.jitter_ms) == (59, 5, 20.0, 0.0)
        assert await history.rows(MINUTE, "nobody", LONG_AGO, 10) == []
        await history.close()

    story(tell)


def test_one_page_follows_the_other(path: Path) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, 2 * ROWS_EVERY_S + 100)  # on disk and in memory
        everything, paged = await seconds_of(history), []
        while page := await seconds_of(history, 70, datetime.fromtimestamp(paged[-1] + 1, UTC) if paged else LONG_AGO):
            assert len(page) <= 70
            paged += page
        assert paged == everything
        await history.close()

    story(tell)


def test_what_is_kept_is_an_hour_of_seconds_and_a_month_of_minutes(path: Path) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, 3600 + 2 * ROWS_EVERY_S, links=("fibre", "lte"))
        assert 2 * 3590 <= on_disk(path, "seconds") <= 2 * 3600
        for _ in range(40 * 24 * 2):  # forty days, one round each half hour
            now.advance(1800)
            history.round_over("fibre", Over(now.monotonic_ns(), 1, [20.0]))
            history.save()
            await asyncio.sleep(0)
            if history._saving is not None:
                await history._saving
        assert 31 * 48 - 2 <= on_disk(path, "minutes") <= 31 * 48 + 1
        assert on_disk(path, "seconds") <= 3
        await history.close()

    story(tell)


@pytest.mark.parametrize("years", [10, -50])
def test_a_clock_that_jumps_moves_the_rows_of_this_boot_and_neither_loses_nor_doubles_any(
    path: Path, years: int
) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, 400)
        before = await seconds_of(history)
        jump = timedelta(days=365 * years)
        now.wall += jump
        await live(history, now, 400)
        after = [
            at - int(jump.total_seconds()) for at in await seconds_of(history, since=LONG_AGO - timedelta(days=36_500))
        ]
        assert after[: len(before)] == before
        assert after == list(range(after[0], after[0] + 800 - 3)), "one row a second, before and after"
        await history.close()
        assert on_disk(path, "boots") == 1

    story(tell)


def test_a_clock_without_battery_that_learns_the_time_keeps_the_months_before(path: Path) -> None:
    """It starts in 1970, then a time server answers: rows of boots before stay, in order, those of this one are put right."""

    async def tell() -> None:
        first = clock()
        history = await opened(path, first)
        await live(history, first, 400)
        await history.close()
        second = clock(running_s=5, wall=datetime(1970, 1, 1, tzinfo=UTC))
        history = await opened(path, second, "second")
        await live(history, second, 400)
        assert len(await seconds_of(history)) == 397, "what is dated later than now is not shown"
        second.wall = datetime(2026, 11, 22, 1, tzinfo=UTC)
        await live(history, second, 400)
        seen = await seconds_of(history)
        assert len(seen) == (400 - 3) + (800 - 3)
        assert seen == sorted(set(seen))
        await history.close()
        history = await opened(path, clock(wall=datetime(2026, 11, 22, 2, tzinfo=UTC)), "third")
        assert await seconds_of(history) == seen, "put right for good"
        await history.close()

    story(tell)


@pytest.mark.parametrize("wall_us", [0, 100_000, 499_000, 500_000, 501_000, 900_000])
def test_a_row_keeps_its_date_whenever_it_is_looked_at(path: Path, wall_us: int) -> None:
    """The two clocks tick at different instants, and a time server moves one of them a little all the time."""

    async def tell() -> None:
        now = clock(wall=datetime(2026, 11, 22, microsecond=wall_us, tzinfo=UTC))
        history = await opened(path, now)
        await live(history, now, 10)
        first = (await seconds_of(history))[0]
        for _ in range(20):
            now.advance(0.13)
            now.wall += timedelta(milliseconds=20)
            assert (await seconds_of(history))[0] == first
        await history.close()
        history = await opened(path, now)
        assert (await seconds_of(history))[0] == first, "nor does a restart change it"
        await history.close()

    story(tell)


def test_a_restart_within_a_boot_goes_on_where_it_was(path: Path) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, 100)
        await history.close()
        now.advance(50)
        history = await opened(path, now)
        await live(history, now, 100)
        seen = await seconds_of(history)
        assert len(seen) == 2 * (100 - 3)
        assert seen[97] - seen[96] == 54
        await history.close()
        assert on_disk(path, "boots") == 1

    story(tell)


def test_many_boots_do_not_make_the_file_grow(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.uplinks.book.BOOTS_KEPT", 5)

    async def tell() -> None:
        for boot in range(12):
            now = clock(running_s=20)
            history = await opened(path, now, f"boot {boot}")
            await live(history, now, 10)
            await history.close()
        assert on_disk(path, "boots") == 5
        assert on_disk(path, "seconds") == 5 * 7

    story(tell)


def test_what_the_evidence_needs_stays_at_hand_across_a_write(path: Path) -> None:
    async def tell() -> None:
        now = clock()
        history = await opened(path, now)
        await live(history, now, ROWS_EVERY_S + 1)
        lately = history.lately("fibre", 10)
        assert [row.start_s for row in lately] == list(range(now.monotonic_ns() // 10**9 - 10, lately[-1].start_s + 1))
        assert lately[-1].start_s == now.monotonic_ns() // 10**9, "the second under way is there"
        await history.close()

    story(tell)


def test_a_history_of_the_version_before_is_taken_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            """
            CREATE TABLE switches (seq INTEGER PRIMARY KEY, cause TEXT NOT NULL, from_link TEXT, to_link TEXT,
                detected_monotonic_ns INTEGER NOT NULL, switched_monotonic_ns INTEGER NOT NULL,
                detected_at TEXT NOT NULL, switched_at TEXT NOT NULL, flows_flushed INTEGER NOT NULL);
            INSERT INTO switches VALUES (7, 'failback', 'lte', 'fibre', 1, 2,
                '2026-11-22T02:14:07.000000Z', '2026-11-22T02:14:07.000001Z', 0);
            PRAGMA user_version=1;
            """
        )

    async def tell() -> None:
        history = await opened(path, clock())
        assert history.fault is None
        (switch,) = await history.last(10)
        assert (switch.seq, switch.to_link, switch.evidence) == (7, "fibre", None)
        assert await history.one(7) == switch
        assert await history.one(8) is None
        await history.close()

    story(tell)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.town  # needs root
def test_with_the_disk_full_it_goes_on_from_memory_and_writes_all_of_it_later(small_disk: Path) -> None:
    filler = small_disk / "filler"

    async def tell() -> None:
        now = clock()
        history = await opened(small_disk / "history.db", now)
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 1024)
            except OSError:
                pass
        await live(history, now, 2 * ROWS_EVERY_S)
        assert history.fault is not None
        assert len(await seconds_of(history)) == 2 * ROWS_EVERY_S - 3
        filler.unlink()
        await live(history, now, 31)
        assert history.fault is None
        assert on_disk(small_disk / "history.db", "seconds") >= 2 * ROWS_EVERY_S
        assert len(await seconds_of(history)) == 2 * ROWS_EVERY_S + 31 - 3
        await history.close()

    story(tell)


def test_the_minute_in_which_the_box_started_is_dated_by_its_own_boot(path: Path) -> None:
    """It begins before the first thing that was recorded of that boot."""

    async def tell() -> None:
        starts = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (1, 2)]
        for boot, wall in enumerate(starts):
            now = clock(running_s=100, wall=wall)
            history = await opened(path, now, f"boot {boot}")
            await live(history, now, 65)
            await history.close()
        history = await opened(path, now, "boot 1")
        minutes = [at for at, _ in await history.rows(MINUTE, "fibre", LONG_AGO, 10)]
        assert minutes == [int(wall.timestamp()) + 60 for wall in starts]
        await history.close()

    story(tell)
