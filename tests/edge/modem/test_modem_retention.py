"""A month at 1 000 SMS a day: modem.db stops growing, and nothing goes that may still be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.bell import Bell
from edge.modem.pdu.parts import split
from edge.modem.receiving.inbox import Inbox
from edge.modem.sending.age import Age
from edge.modem.sending.outbox import Outbox
from edge.modem.sending.rows import touch
from edge.modem.store.retention import BELONGINGS, RULES, Rule, removable
from edge.modem.store.schema import STEPS
from edge.modem.store.sweeper import Sweeper
from edge.shared.clock import VirtualClock, utc_text
from edge.shared.ledger import Ledger
from tests.edge.modem.incoming import concatenation, deliver, stamp

A_DAY = 1_000
# Bounded by their own modules, or by how many modems, SIMs and settings there are.
ELSEWHERE = {
    *("counters", "marks", "recipients", "sims", "pin_tries", "watch", "signal", "radio_events", "self_tests"),
    *("calls", "dialogues", "age", "withdrawals"),
}


class Box:
    """A modem.db with a virtual clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.open()

    def open(self) -> None:
        """As at each start of the daemon."""
        self.ledger = Ledger(self.folder / "modem.db", STEPS)
        self.ledger.connection.execute("PRAGMA synchronous=OFF")
        self.outbox = Outbox(self.ledger, self.clock, Bell(), Age(self.ledger, self.clock, "a boot", lambda: None))
        self.inbox = Inbox(self.ledger, self.clock, Bell(), lambda *_: None)
        self.sweeper = Sweeper(self.ledger, self.clock)

    def restart(self) -> None:
        self.ledger.close()
        self.open()

    def hours(self, count: int) -> None:
        """So many hours pass."""
        for _ in range(count):
            self.clock.advance(3600)
            for _ in self.sweeper.sweep():
                pass

    def put(self, request_id: str, state: str = "delivered") -> None:
        """A message whose part came to this state."""
        text = "Montée des eaux : montez à l'étage."
        entry, _ = self.outbox.put("+33612345678", text, split(text), request_id)
        now = utc_text(self.clock.now())
        with self.ledger.change() as db:
            db.execute("UPDATE segments SET state = ? WHERE message = ?", (state, entry.id))
            db.execute(
                "INSERT INTO attempts (segment, modem, phone_key, claimed_at, outcome, reference)"
                " SELECT id, 'm1', '612345678', ?, 'submitted', 7 FROM segments WHERE message = ?",
                (now, entry.id),
            )

    def copies(self, table: str, count: int, **different: str) -> None:
        """Many more rows like the newest one; different: columns and the SQL of what they hold, n counting."""
        columns = [row["name"] for row in self.ledger.read(f"PRAGMA table_info({table})")]
        values = [different.get(column, column) for column in columns if column != "id"]
        names = ", ".join(column for column in columns if column != "id")
        with self.ledger.change() as db:
            db.execute(
                f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {count})"
                f" INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM many,"
                f" (SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1)"
            )

    def day(self, name: str) -> None:
        """A day's messages out, delivered, and in; one of them is long."""
        self.put(name)
        self.copies("messages", A_DAY - 1, request_id=f"'{name}-' || n", change="change + n")
        with self.ledger.change() as db:
            db.execute("UPDATE counters SET value = value + ? WHERE name = 'change'", (A_DAY - 1,))
        newest = "(SELECT max(id) FROM {}) - n + 1"
        self.copies("segments", A_DAY - 1, message=newest.format("messages"), number="1")
        self.copies("attempts", A_DAY - 1, segment=newest.format("segments"))
        self.copies("attempts", A_DAY // 2, outcome="'refused'")
        now = self.clock.now()
        for number in (1, 2):
            part = deliver(b"\0a" * 60, elements=[concatenation(1, 2, number)], stamp=stamp(now))
            self.inbox.take("m1", "ME", {number: part})
            self.inbox.deleted("m1", "ME", [number])
        self.copies(
            "inbox", A_DAY - 1, seq=newest.format("inbox").replace("max(id)", "max(seq)").replace("- n + 1", "+ n")
        )
        self.inbox.take("m1", "ME", {1: "00AB"})
        self.copies("aside", 99)
        self.copies("long_messages", 99, reference="n + 10")

    def count(self, table: str) -> int:
        return int(self.ledger.read(f"SELECT count(*) FROM {table}")[0][0])

    def size(self) -> int:
        return int(self.ledger.read("PRAGMA page_count")[0][0]) * int(self.ledger.read("PRAGMA page_size")[0][0])


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.ledger.close()


def test_a_month_at_a_thousand_a_day(box: Box) -> None:
    box.put("never sent", "queued")
    box.put("maybe sent", "uncertain")
    sizes = []
    for day in range(45):
        box.day(f"day {day}")
        box.hours(24)
        sizes.append(box.size())
        if day >= 7:
            assert box.outbox.entries(request_id=f"day {day - 7}"), "asked again after a week"
    assert box.count("messages") <= 22 * A_DAY
    assert box.count("segments") == box.count("messages")
    assert box.count("attempts") <= 23 * A_DAY
    assert (box.count("inbox"), box.count("aside")) == (31 * A_DAY, 1_000)
    assert (box.count("long_messages"), box.count("long_parts"), box.count("taken")) == (800, 16, 1)
    assert box.count("marks") <= len(RULES) * 24 * 32
    assert box.outbox.entries(request_id="never sent") and box.outbox.entries(request_id="maybe sent")
    assert sizes[-1] <= sizes[33] * 1.02, "the room of what went is used again"
    assert sizes[-1] < 40e6


def test_a_quiet_box_keeps_its_last_messages(box: Box) -> None:
    for place in range(5):
        box.put(f"m{place}")
        box.inbox.take("m1", "ME", {1: deliver(bytes([0, 65 + place]))})
    box.hours(24 * 40)
    assert (box.count("messages"), box.count("inbox")) == (5, 5)


def test_a_clock_that_jumps_removes_nothing(box: Box) -> None:
    box.day("today")
    before = {table: box.count(table) for table in ("messages", "inbox", "aside", "attempts")}
    box.clock.wall += timedelta(days=3650)
    box.hours(30)
    box.clock.wall -= timedelta(days=7300)
    box.hours(10)
    assert {table: box.count(table) for table in before} == before


def test_hours_are_counted_over_all_lives_and_those_not_running_do_not_count(box: Box) -> None:
    for _ in range(6):
        box.clock.advance(1800)
        list(box.sweeper.sweep())
        box.restart()
        box.clock.advance(86400)  # switched off
        box.restart()
    (running,) = box.ledger.read("SELECT value FROM counters WHERE name = 'running_s'")[0]
    assert running == 3 * 3600
    assert [row[0] for row in box.ledger.read("SELECT DISTINCT hour FROM marks")] == [0, 1, 2, 3]


def test_a_message_goes_eight_days_after_its_last_change(box: Box) -> None:
    def busy(days: int) -> None:
        for _ in range(days):
            box.put(f"at {box.clock.now()}")
            box.copies("messages", 6_000, request_id=f"'{box.clock.now()} ' || n", change="change + n")
            with box.ledger.change() as db:
                db.execute("UPDATE counters SET value = value + 6000 WHERE name = 'change'")
            box.hours(24)

    box.put("first")
    box.put("late", "queued")
    busy(7)
    assert box.outbox.entries(request_id="first")
    busy(3)
    assert not box.outbox.entries(request_id="first")
    with box.ledger.change() as db:
        db.execute("UPDATE segments SET state = 'delivered' WHERE message = 2")
        touch(db, 2)
    busy(7)
    assert box.outbox.entries(request_id="late")
    busy(3)
    assert not box.outbox.entries(request_id="late")


def test_every_table_has_a_rule_or_an_owner_that_bounds_it(box: Box) -> None:
    tables = {row["name"] for row in box.ledger.read("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ruled = {rule.table for rule in RULES} | {"segments", "long_parts"}
    assert {table for table in tables if not table.startswith("sqlite_")} - ruled <= ELSEWHERE
    assert set(BELONGINGS) <= ruled


def test_what_belongs_to_a_removed_row_is_found_by_an_index(box: Box) -> None:
    for queries in BELONGINGS.values():
        for query in queries:
            plan = [row["detail"] for row in box.ledger.read(f"EXPLAIN QUERY PLAN {query}", 1)]
            assert plan and not any(step.startswith("SCAN") for step in plan), (query, plan)


def test_recipients_of_thirteen_months_are_kept(box: Box) -> None:
    with box.ledger.change() as db:
        for month in range(24):
            db.execute("INSERT INTO recipients VALUES ('s', ?, '6')", (f"{2026 + month // 12}-{month % 12 + 1:02}",))
    box.hours(1)
    kept = [row["month"] for row in box.ledger.read("SELECT month FROM recipients ORDER BY month")]
    assert (kept[0], kept[-1], len(kept)) == ("2026-12", "2027-12", 13)


def test_the_daemon_gives_others_their_turn_while_it_sweeps(box: Box) -> None:
    with box.ledger.change() as db:
        db.executemany(
            "INSERT INTO aside (reason, modem, received_at) VALUES ('silent', ?, '')", [("m1",) for _ in range(1_500)]
        )
    box.clock.advance(3600)
    assert list(box.sweeper.sweep()) == [100] * 5
    task = asyncio.run(_runs_until_cancelled(box.sweeper))
    assert task.cancelled()


async def _runs_until_cancelled(sweeper: Sweeper) -> asyncio.Task[None]:
    task = asyncio.create_task(sweeper.run())
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return task


rules = st.builds(
    Rule,
    table=st.just("t"),
    order=st.just("id"),
    days=st.one_of(st.none(), st.integers(1, 40)),
    at_least=st.integers(0, 50),
    at_most=st.one_of(st.none(), st.integers(50, 100)),
)


@given(rules, st.integers(0, 500), st.integers(0, 500))
def test_what_may_go(rule: Rule, newest: int, old: int) -> None:
    old = min(old, newest)
    bound = removable(rule, newest, old)
    kept = newest - bound
    assert kept >= min(newest, rule.at_least)
    assert rule.at_most is None or kept <= rule.at_most
    if bound > old:
        assert rule.at_most is not None and kept == rule.at_most
    if bound < old:
        assert kept <= rule.at_least
