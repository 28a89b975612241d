"""Kamailio's start-up values as a configuration file that includes the fixed one. Pure but for the databases' writer."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.shared.model.voice import Transport, VoiceSection
from edge.shared.paths import Paths, checked_socket_path
from edge.voice.sockets import listening
from edge.voice.tables import TABLES, Tables

CFG = Path(__file__).with_name("kamailio.cfg")
SCHEMAS = Path("/usr/share/kamailio/db_sqlite")  # of Debian's kamailio-sqlite-modules
LOCAL_EXPIRES_S = (10, 60)  # least and most; between them, the hold-down
CHILDREN = 2
SHARED_MB = 32
PRIVATE_MB = 4


@dataclass(frozen=True)
class RunFolder:
    """The files of Kamailio's run folder."""

    folder: Path

    @classmethod
    def of(cls, paths: Paths) -> RunFolder:
        """The one of this appliance."""
        return cls(paths.kamailio_run)

    @property
    def rpc_socket(self) -> Path:
        """JSON-RPC over Unix datagrams. Raises SocketPathTooLong."""
        return checked_socket_path(self.folder / "rpc")

    @property
    def start_cfg(self) -> Path:
        """The rendered start-up values."""
        return self.folder / "start.cfg"

    @property
    def location_db(self) -> Path:
        """Who is registered; outlives kill -9 of Kamailio."""
        return self.folder / "location.sqlite"

    @property
    def tables_db(self) -> Path:
        """What the htables start from; made anew at each start."""
        return self.folder / "tables.sqlite"

    @property
    def dispatcher_list(self) -> Path:
        """The cloud PBX, as the dispatcher probes it."""
        return self.folder / "dispatcher.list"

    @property
    def cookie_file(self) -> Path:
        """The key of the Record-Route cookies; outlives kill -9, so that calls in progress can still be hung up."""
        return self.folder / "cookie"


def start_digest(voice: VoiceSection) -> str:
    """Changes when something changes that Kamailio only takes at its start."""
    return hashlib.sha256("\n".join(_values(voice)).encode()).hexdigest()[:16]


def local_expires_s(voice: VoiceSection) -> int:
    """How long a binding lasts that the box alone granted, in seconds.

    No longer than the hold-down, where phones bear it: once the cloud PBX answers, each has renewed its registration
    there before calls are sent there.
    """
    least, most = LOCAL_EXPIRES_S
    return max(least, min(most, int(voice.hold_down_s)))


def render(voice: VoiceSection, files: RunFolder, cookie: str) -> str:
    """The start.cfg: start-up values, then the fixed configuration."""
    places = {
        "RPC_SOCKET": str(files.rpc_socket),
        "LOCATION_DB": f"sqlite://{files.location_db}",
        "TABLES_DB": f"sqlite://{files.tables_db}",
        "DISPATCHER_LIST": str(files.dispatcher_list),
        "COOKIE_SECRET": cookie,
    }
    lines = ["#!KAMAILIO", "# Rendered at each start from site.toml: changes here are lost."]
    lines += [f'#!define {name} "{value}"' for name, value in places.items()]
    lines += _values(voice)
    lines += [f'include_file "{CFG}"', ""]
    return "\n".join(lines)


def _values(voice: VoiceSection) -> list[str]:
    sockets = listening(voice)
    lines = [f"listen={one.transport}:{one.address}:{one.port}" for one in sockets]
    if all(one.transport == Transport.UDP for one in sockets):
        lines.append("disable_tcp=yes")
    if voice.domain:
        lines.append(f'alias="{voice.domain}"')
    return [
        *lines,
        f"#!define CHILDREN {CHILDREN}",
        f"#!define LOCAL_EXPIRES_S {local_expires_s(voice)}",
        f"#!define PROBE_INTERVAL_S {voice.probe_interval_s}",
        f"#!define ANSWER_TIMEOUT_MS {voice.answer_timeout_ms}",
        f'#!define PROBE_FROM "sip:repli@{voice.domain or "localhost"}"',
    ]


def command(files: RunFolder) -> list[str]:
    """The arguments of the real program: in the foreground (no pid file to trip over), logging to standard error."""
    return [
        *("kamailio", "-DD", "-E", "-m", str(SHARED_MB), "-M", str(PRIVATE_MB)),
        *("-Y", str(files.folder), "-f", str(files.start_cfg)),
    ]


def prepare(voice: VoiceSection, values: Tables, files: RunFolder) -> None:
    """Write everything Kamailio reads at its start. Raises OSError, sqlite3.Error."""
    _make_location_db(files.location_db)
    mode = "cloud" if voice.cloud else "local"
    write_tables(values, files, {"id": secrets.token_hex(8), "digest": start_digest(voice), "mode": mode})
    write_dispatcher(values, files)
    _write(files.start_cfg, render(voice, files, _cookie(files.cookie_file)))


def _cookie(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        _write(path, secrets.token_hex(16))
        return path.read_text(encoding="ascii")


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o640)
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)


def _make_location_db(path: Path) -> None:
    # A first start cut short leaves half a schema and no binding: begin again.
    database = sqlite3.connect(path)
    try:
        present = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'location_attrs'").fetchone()
        if present:
            return
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f'DROP TABLE "{name}"')
        for script in ("standard", "usrloc"):
            database.executescript((SCHEMAS / f"{script}-create.sql").read_text(encoding="ascii"))
    finally:
        database.close()
    path.chmod(0o640)


def write_tables(values: Tables, files: RunFolder, run: Mapping[str, str] | None = None) -> None:
    """Replace what the htables are loaded from, in one step. run: the table of a new start; absent, it is left out.

    Raises OSError, sqlite3.Error.
    """
    fresh = files.tables_db.with_name(f"{files.tables_db.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o640)
    database = sqlite3.connect(fresh)
    try:
        with database:
            database.executescript((SCHEMAS / "standard-create.sql").read_text(encoding="ascii"))
            for table in TABLES:
                _fill(database, table, values.htables[table])
            _fill(database, "run", run or {})
    finally:
        database.close()
    fresh.rename(files.tables_db)


def write_dispatcher(values: Tables, files: RunFolder) -> None:
    """Replace the dispatcher's list in one step. Raises OSError."""
    _write(files.dispatcher_list, values.dispatcher)


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
