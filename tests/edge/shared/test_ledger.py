"""The SQLite ledger: one writer, whole transactions, schema steps, damage said."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.shared.ledger import Ledger, LedgerBusy, LedgerDamaged

STEPS = ["CREATE TABLE a (n INTEGER PRIMARY KEY)", "CREATE TABLE b (n INTEGER); INSERT INTO b VALUES (1)"]


def test_it_is_durable_by_its_settings(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", STEPS)
    assert ledger.read("PRAGMA journal_mode")[0][0] == "wal"
    assert ledger.read("PRAGMA synchronous")[0][0] == 2  # FULL
    assert ledger.read("PRAGMA foreign_keys")[0][0] == 1


def test_a_transaction_is_whole(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", STEPS)
    with pytest.raises(ZeroDivisionError), ledger.change() as change:
        change.execute("INSERT INTO a VALUES (1)")
        raise ZeroDivisionError
    assert ledger.read("SELECT * FROM a") == []
    with ledger.change() as change:
        change.execute("INSERT INTO a VALUES (2)")
    assert [row["n"] for row in ledger.read("SELECT n FROM a WHERE n = ?", 2)] == [2]


def test_steps_are_applied_once_each_and_later(tmp_path: Path) -> None:
    Ledger(tmp_path / "l.db", STEPS[:1]).close()
    Ledger(tmp_path / "l.db", STEPS).close()
    ledger = Ledger(tmp_path / "l.db", STEPS)
    assert len(ledger.read("SELECT * FROM b")) == 1
    assert ledger.read("PRAGMA user_version")[0][0] == 2


def test_a_step_that_fails_leaves_the_schema_before_it(tmp_path: Path) -> None:
    Ledger(tmp_path / "l.db", STEPS[:1]).close()
    with pytest.raises(LedgerDamaged):
        Ledger(tmp_path / "l.db", [STEPS[0], "CREATE TABLE c (n); INSERT INTO nothing VALUES (1)"])
    ledger = Ledger(tmp_path / "l.db", STEPS[:1])
    assert ledger.read("SELECT name FROM sqlite_master WHERE name = 'c'") == []


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", STEPS)
    with pytest.raises(LedgerBusy, match="another process"):
        Ledger(tmp_path / "l.db", STEPS)
    ledger.close()
    Ledger(tmp_path / "l.db", STEPS).close()


@pytest.mark.parametrize(
    "damage", [b"not a database at all, but long enough to be read as one", b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_damaged_ledger_is_said_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "l.db"
    path.write_bytes(damage)
    with pytest.raises(LedgerDamaged, match=r"l\.db"):
        Ledger(path, STEPS)
    assert path.read_bytes() == damage


def test_a_reader_beside_the_writer_sees_what_is_committed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", STEPS)
    with ledger.change() as change:
        change.execute("INSERT INTO a VALUES (1)")
    with sqlite3.connect(f"file:{tmp_path / 'l.db'}?mode=ro", uri=True) as reader:
        assert reader.execute("SELECT count(*) FROM a").fetchone() == (1,)
