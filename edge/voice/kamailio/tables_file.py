"""The file Kamailio's htables and registrations are loaded from, at its start and at every push.

Each key of a table begins with the version it belongs to. A push writes the version in force and the next one side by
side, has every table loaded again, and only then names the new one in `run::version`: who reads sees one of them whole,
whenever the push is cut (docs/adr/0028).
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path

from edge.voice.kamailio.startup import SCHEMAS, RunFolder
from edge.voice.tables import TABLES, Tables
from edge.voice.trunks import Registration

log = logging.getLogger(__name__)

RUN = "run"  # the one table that is no setting: loaded at the start, never again


def write_first(values: Tables, files: RunFolder, run: Mapping[str, str]) -> None:
    """Write what a new start loads. run: the table of this start. Raises OSError, sqlite3.Error."""
    _replace(files.tables_db, _versioned(values), {**run, "version": values.version}, values.registrations)


def write_next(values: Tables, files: RunFolder, in_force: str) -> None:
    """Write the version in force and the next one, for a running Kamailio to load. Raises OSError, sqlite3.Error.

    A Kamailio that starts from this file, its launcher having written it a moment before us, starts with the next one.
    """
    kept = {table: _rows(files.tables_db, table) for table in (*TABLES, RUN)}
    rows = {
        table: {**{key: value for key, value in kept[table].items() if key.startswith(f"{in_force}::")}, **fresh}
        for table, fresh in _versioned(values).items()
    }
    _replace(files.tables_db, rows, {**kept[RUN], "version": values.version}, values.registrations)


def _versioned(values: Tables) -> dict[str, dict[str, str]]:
    return {
        table: {f"{values.version}::{key}": value for key, value in values.htables[table].items()} for table in TABLES
    }


def _rows(path: Path, table: str) -> dict[str, str]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute(f"SELECT key_name, key_value FROM {table}"))  # noqa: S608


def _replace(
    path: Path,
    tables: Mapping[str, Mapping[str, str]],
    run: Mapping[str, str],
    registrations: Mapping[str, Registration],
) -> None:
    _remove_leftovers(path)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o640)
    with closing(sqlite3.connect(fresh)) as database:
        # Renamed when it is whole, and on a tmpfs: nothing to roll back, nothing to sync.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        with database:
            database.executescript((SCHEMAS / "standard-create.sql").read_text(encoding="ascii"))
            for table, rows in {**tables, RUN: run}.items():
                _fill(database, table, rows)
            _register(database, registrations)
    fresh.rename(path)


def _fill(database: sqlite3.Connection, table: str, rows: Mapping[str, str]) -> None:
    # The columns of Kamailio's htable-create.sql; key_type 0: one value, value_type 0: a string.
    database.execute(
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY NOT NULL, key_name TEXT NOT NULL, key_type INTEGER NOT NULL,"
        " value_type INTEGER NOT NULL, key_value TEXT NOT NULL, expires INTEGER NOT NULL DEFAULT 0)"
    )
    database.executemany(
        f"INSERT INTO {table} (key_name, key_type, value_type, key_value) VALUES (?, 0, 0, ?)",  # noqa: S608
        list(rows.items()),
    )
    database.execute("INSERT INTO version (table_name, table_version) VALUES (?, 2)", (table,))


def _register(database: sqlite3.Connection, wanted: Mapping[str, Registration]) -> None:
    database.executescript((SCHEMAS / "uac-create.sql").read_text(encoding="ascii"))
    names = [column.name for column in fields(Registration)]
    places = ", ".join(f":{name}" for name in names)
    database.executemany(
        f"INSERT INTO uacreg ({', '.join(names)}, auth_password) VALUES ({places}, '.')",  # noqa: S608
        [asdict(one) for one in wanted.values()],
    )


def _remove_leftovers(path: Path) -> None:
    """Remove what a writer left that was killed, or an earlier one of our number."""
    for leftover in path.parent.glob(f"{path.name}.*"):
        writer = leftover.name.removeprefix(f"{path.name}.")
        if writer == str(os.getpid()) or not Path(f"/proc/{writer}").exists():
            leftover.unlink(missing_ok=True)
