"""The database usrloc keeps the registrations in, and its copy that outlives a power cut.

The database is in the run folder, a tmpfs on the box: Kamailio writes to it every second, which no SD card bears. voice
copies it to durable storage (edge/voice/registrations.py), the launcher takes the copy when the database is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from edge.voice.kamailio.startup import SCHEMAS

log = logging.getLogger(__name__)


def make_location(path: Path, copy: Path) -> None:
    """See to it that a sound database is there: the one that is, else its copy, else a new one.

    Raises OSError, sqlite3.Error.
    """
    if not is_sound(path):
        if path.exists():
            log.warning("%s is damaged", path)
        for rest in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        _fill(path, copy)
    # A reader of a rollback journal would keep Kamailio from writing, and it does not try again: "database is locked",
    # and the binding is in no file. Beside a write-ahead log readers and the writer do not meet.
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")


def snapshot(path: Path) -> bytes | None:
    """The database as it is now, as the bytes of one file; None when there is none. Kamailio goes on writing.

    Raises sqlite3.Error.
    """
    if not path.exists():
        return None
    # Never make the files of its log: they would be ours, and Kamailio could not write to them.
    if path.with_name(f"{path.name}-shm").exists():
        try:
            return _image(f"{path.absolute().as_uri()}?mode=ro&readonly_shm=1")
        except sqlite3.OperationalError as error:
            log.debug("%s: %s: Kamailio closed it as we opened it", path, error)
    # Nobody has it open: what Kamailio left is read somewhere else.
    with tempfile.TemporaryDirectory() as folder:
        for rest in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + rest), Path(folder) / f"{path.name}{rest}")
        return _image((Path(folder) / path.name).as_uri())


def _image(uri: str) -> bytes:
    with closing(sqlite3.connect(uri, uri=True)) as live, closing(sqlite3.connect(":memory:")) as image:
        live.backup(image)
        # Somebody may begin to write to what we took for left alone; it is then in pieces.
        (verdict,) = image.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{uri}: {verdict}")
        content = image.serialize()
    # File format 1: whole without a log beside it (sqlite.org/fileformat2.html, bytes 18 and 19 of the header).
    return content[:18] + b"\x01\x01" + content[20:]


def is_sound(path: Path) -> bool:
    """Whether it is a whole database of registrations."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as database:
            (verdict,) = database.execute("PRAGMA quick_check").fetchone()
            schema = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'location_attrs'").fetchone()
    except sqlite3.Error as error:
        log.warning("%s: %s", path, error)
        return False
    return verdict == "ok" and schema is not None


def _fill(path: Path, copy: Path) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "wb") as file, contextlib.suppress(FileNotFoundError):
        file.write(copy.read_bytes())
    if is_sound(fresh):
        log.warning("registrations restored from %s", copy)
    else:
        fresh.write_bytes(b"")
        with closing(sqlite3.connect(fresh)) as database:
            for script in ("standard", "usrloc"):
                database.executescript((SCHEMAS / f"{script}-create.sql").read_text(encoding="ascii"))
    fresh.rename(path)
