"""What was used, under every clock; what stops; what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.clock import SystemClock
from edge.shared.messages.uplinks import BudgetLevel
from edge.shared.model import Link, UplinksSection
from edge.uplinks.budget.counters import Counters
from edge.uplinks.budget.decision import (
    Counted,
    Counter,
    Direction,
    Rule,
    State,
    StopBulk,
    forecast,
    level,
    month_of,
    next_month,
    step,
    use,
)
from edge.uplinks.budget.keeper import RETRY_EVERY_S, BudgetKeeper
from edge.uplinks.budget.kept import KeptUse
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.nft import counting
from edge.uplinks.plan import FlowClass

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOWN = Counter("lte", Direction.IN, FlowClass.BULK)
VOICE = Counter("lte", Direction.OUT, FlowClass.RTP)


def state(limit: int | None = 1_000, reset_day: int = 1) -> State:
    """Nothing used yet."""
    return State(rules={"lte": Rule(reset_day, limit, 80)}, boot="a")


def read(counters: Mapping[Counter, int], boot: str = "a", *, disciplined: bool = True) -> Counted:
    """A reading of the kernel's counters."""
    return Counted(boot, counters, disciplined)


def used(after: State) -> int:
    """Bytes of the link this month."""
    return sum(use(after, "lte").values())


def everything(after: State) -> int:
    """Bytes of the link in every month."""
    return sum(sum(entry.values()) for entry in after.months["lte"].values())


def test_what_came_since_the_last_reading_is_added_by_class() -> None:
    after, _ = step(state(), read({DOWN: 100, VOICE: 40}), NOW)
    after, _ = step(after, read({DOWN: 150, VOICE: 40}), NOW)
    assert use(after, "lte") == {(Direction.IN, FlowClass.BULK): 150, (Direction.OUT, FlowClass.RTP): 40}


@pytest.mark.parametrize(
    ("value", "boot", "expected"),
    [
        (130, "a", 130),  # another life of the daemon: the kernel counted on
        (30, "a", 130),  # the table was flushed
        (130, "b", 230),  # the machine started anew, and has counted more than before already
    ],
)
def test_counters_that_began_anew(value: int, boot: str, expected: int) -> None:
    after, _ = step(state(), read({DOWN: 100}), NOW)
    after, _ = step(after, read({DOWN: value}, boot), NOW)
    assert used(after) == expected


def test_used_up_stops_bulk_once_and_a_new_month_lets_it_go_on() -> None:
    after, actions = step(state(), read({DOWN: 799}), NOW)
    assert (level(after, "lte"), actions) == (BudgetLevel.ENOUGH, [])
    after, actions = step(after, read({DOWN: 800}), NOW)
    assert (level(after, "lte"), actions) == (BudgetLevel.NEARLY_USED, [])
    after, actions = step(after, read({DOWN: 1_000}), NOW)
    assert (level(after, "lte"), actions) == (BudgetLevel.USED, [StopBulk(frozenset({"lte"}))])
    after, actions = step(after, read({DOWN: 2_000}), NOW)
    assert actions == []
    after, actions = step(after, read({DOWN: 2_001}), NOW + timedelta(days=11))
    assert (used(after), actions) == (1, [StopBulk(frozenset())])


def test_without_a_budget_nothing_stops() -> None:
    after, actions = step(state(limit=None), read({DOWN: 10**15}), NOW)
    assert (level(after, "lte"), actions) == (BudgetLevel.UNLIMITED, [])


def test_a_clock_that_wakes_in_the_past_counts_to_the_newest_month() -> None:
    """No RTC: 1970 until a time server answers."""
    after, _ = step(state(), read({DOWN: 100}), NOW)
    after, _ = step(after, read({DOWN: 5}, "b", disciplined=False), datetime(1970, 1, 1, tzinfo=UTC))
    assert used(after) == 105
    after, _ = step(after, read({DOWN: 9}, "b"), NOW)
    assert used(after) == 109


def test_what_was_counted_to_a_month_to_come_is_taken_back() -> None:
    after, _ = step(state(), read({DOWN: 100}), NOW)
    after, _ = step(after, read({DOWN: 150}, disciplined=False), datetime(2035, 5, 1, tzinfo=UTC))
    assert used(after) == 50
    after, _ = step(after, read({DOWN: 160}), NOW)
    assert used(after) == 160
    assert list(after.months["lte"]) == [date(2026, 11, 1)]


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.booleans(), st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1))),
        max_size=20,
    )
)
def test_no_clock_loses_or_doubles_a_byte(readings: list[tuple[int, bool, datetime]]) -> None:
    after, total = state(limit=None), 0
    after, _ = step(after, read({DOWN: 0}), NOW)
    for more, disciplined, now in readings:
        total += more
        after, _ = step(after, read({DOWN: total}, disciplined=disciplined), now.replace(tzinfo=UTC))
    assert everything(after) == total


@pytest.mark.parametrize(
    ("day", "reset_day", "began", "ends"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 1), date(2026, 12, 1)),
        (date(2026, 11, 20), 20, date(2026, 11, 20), date(2026, 12, 20)),
        (date(2026, 11, 19), 20, date(2026, 10, 20), date(2026, 11, 20)),
        (date(2027, 1, 5), 28, date(2026, 12, 28), date(2027, 1, 28)),
        (date(2027, 3, 1), 28, date(2027, 2, 28), date(2027, 3, 28)),
    ],
)
def test_months_begin_on_the_reset_day(day: date, reset_day: int, began: date, ends: date) -> None:
    assert month_of(day, reset_day) == began
    assert next_month(began) == ends


def test_the_forecast_goes_on_as_it_went() -> None:
    month = date(2026, 11, 1)
    assert forecast(500, month, datetime(2026, 11, 16, tzinfo=UTC)) == 1_000
    assert forecast(500, month, datetime(2026, 11, 1, 23, tzinfo=UTC)) is None
    assert forecast(500, month, datetime(1970, 1, 1, tzinfo=UTC)) is None


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    after, _ = step(state(), read({DOWN: 100, VOICE: 3}), NOW)
    KeptUse(tmp_path / "budget.json").save(after)
    kept = KeptUse(tmp_path / "budget.json").load()
    assert (kept.months, kept.counters, kept.boot) == (after.months, after.counters, "a")


def test_a_damaged_file_is_left_as_it_is_and_said(tmp_path: Path) -> None:
    (tmp_path / "budget.json").write_text('{"counters": {}')
    kept = KeptUse(tmp_path / "budget.json")
    assert kept.load() == State()
    kept.save(step(state(), read({DOWN: 1}), NOW)[0])
    assert kept.fault
    assert (tmp_path / "budget.json").read_text() == '{"counters": {}'


def test_while_somebody_owns_the_counting_table_no_disk_is_written(tmp_path: Path) -> None:
    path = tmp_path / "budget.json"
    KeptUse(path).save(step(state(), read({DOWN: 100}), NOW)[0])
    written = path.stat()
    stranger = Libnftables()
    stranger.run("table inet repli_owned_count { flags owner; }")  # his until his socket is closed

    async def story() -> None:
        keeper = BudgetKeeper(Counters(Libnftables()), KeptUse(path), SystemClock(), "a", lambda: None)
        keeper.adopt(UplinksSection(links=[Link(name="lte", interface="wwan0")], nft_table="repli_owned"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(keeper.run(), RETRY_EVERY_S + 0.5)
        assert keeper.refusals

    asyncio.run(story())
    assert path.stat().st_ino == written.st_ino


def test_the_counting_table() -> None:
    section = UplinksSection(
        links=[Link(name="fibre", interface="wan.100"), Link(name="4g-secours", interface="wwan0")],
        nft_table="repli_mine",
    )
    text = counting.render(section, {"4g-secours"}, ["in_bulk_fibre", "in_bulk_gone"])
    assert "delete counter inet repli_mine_count in_bulk_gone" in text
    assert "delete counter inet repli_mine_count in_bulk_fibre" not in text
    assert text.count("add counter") == 16
    assert 'used_up oifname { "wwan0" } ct mark & 0xff00 == 0x0 reject with icmpx admin-prohibited' in text
    assert "reject" not in counting.render(section, set())
