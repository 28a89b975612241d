"""The database usrloc keeps the registrations in: made when it is not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge.voice.kamailio.startup import SCHEMAS


def make_location(path: Path) -> None:
    """See to it that the database is there. Raises OSError, sqlite3.Error."""
    # A first start cut short leaves half a schema and no binding: begin again.
    with closing(sqlite3.connect(path)) as database:
        present = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'location_attrs'").fetchone()
        if present:
            return
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f'DROP TABLE "{name}"')
        for script in ("standard", "usrloc"):
            database.executescript((SCHEMAS / f"{script}-create.sql").read_text(encoding="ascii"))
    path.chmod(0o640)
