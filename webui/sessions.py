"""Who is logged in. Random tokens, kept hashed and durably: a web restart in mid-crisis logs nobody out.

Within one boot a session's age is counted on the monotonic clock, so that a box without a battery clock that learns
the time after hours does not throw everybody out; only across a reboot does the wall clock decide.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tinydb import TinyDB

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.common import Role
from edge.shared.storage import DocumentDamaged, DurableStorage
from webui.attempts import Attempts, Tries

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DEVICES_MAX = 200
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Session:
    """One browser logged in. csrf goes into every form."""

    key: str  # SHA-256 of the cookie's token: reading the file opens no session
    csrf: str
    role: Role
    created_at: str
    expires_at: str
    boot: str
    expires_monotonic_ns: int

    def accepts(self, csrf: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """Sessions, devices that have logged in before, and failed PIN tries, in one TinyDB file.

    Pages must open on the worst night: a file that cannot be read is set aside, one that cannot be written leaves
    logins in memory, and troubles says so (issue id -> reason).
    """

    def __init__(self, path: Path, clock: Clock, boot: str | None = None) -> None:
        self.clock = clock
        self.boot = boot if boot is not None else BOOT_ID.read_text().strip()
        self.troubles: dict[str, str] = {}
        self._db = self._open(path)
        self._sessions = {row["key"]: _session(row) for row in self._db.table("sessions").all()}
        self._devices = [str(row["key"]) for row in self._db.table("devices").all()]
        self.attempts = _attempts(self._db.table("attempts").all())

    def __len__(self) -> int:
        return sum(self._is_alive(session) for session in self._sessions.values())

    def find(self, token: str) -> Session | None:
        """The session of a cookie, unless it is over."""
        session = self._sessions.get(_key(token))
        return session if session is not None and self._is_alive(session) else None

    def begin(self, role: Role, hours: float) -> tuple[str, Session]:
        """Open a session, durably. Returns the cookie's token, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        now = self.clock.now()
        lifetime = timedelta(hours=hours)
        session = Session(
            key=_key(token),
            csrf=secrets.token_urlsafe(24),
            role=role,
            created_at=utc_text(now),
            expires_at=utc_text(now + lifetime),
            boot=self.boot,
            expires_monotonic_ns=self.clock.monotonic_ns() + int(lifetime.total_seconds() * SECOND_NS),
        )
        self._sessions = {key: kept for key, kept in self._sessions.items() if self._is_alive(kept)}
        self._sessions[session.key] = session
        self._save_sessions()
        return token, session

    def end(self, session: Session) -> None:
        """Log out."""
        if self._sessions.pop(session.key, None) is not None:
            self._save_sessions()

    def device(self, token: str) -> str | None:
        """The box's name for a browser that logged in before."""
        key = _key(token)
        return key if key in self._devices else None

    def remember_device(self) -> str:
        """Make a mark for a browser that has just logged in, kept after its session."""
        token = secrets.token_urlsafe(32)
        self._devices = [*self._devices, _key(token)][-DEVICES_MAX:]
        self._replace("devices", [{"key": key} for key in self._devices])
        return token

    def keep_attempts(self, attempts: Attempts) -> None:
        """Remember failed tries, durably: restarting web gives no new tries."""
        self.attempts = attempts
        rows: list[dict[str, Any]] = [{"device": name, **asdict(tries)} for name, tries in attempts.devices.items()]
        self._replace("attempts", [*rows, {"crowd": list(attempts.crowd)}])

    def _open(self, path: Path) -> TinyDB:
        database = TinyDB(path, storage=DurableStorage)
        try:
            database.tables()
        except DocumentDamaged as damage:
            log.error("%s; set aside, everybody logs in anew", damage)
            self.troubles["web.sessions_damaged"] = str(damage)
            for file in (path, path.with_name(path.name + ".good")):
                if file.exists():
                    file.rename(file.with_name(file.name + ".damaged"))
        return database

    def _is_alive(self, session: Session) -> bool:
        if session.boot == self.boot:
            return self.clock.monotonic_ns() < session.expires_monotonic_ns
        return self.clock.now() < datetime.fromisoformat(session.expires_at)

    def _save_sessions(self) -> None:
        self._replace("sessions", [asdict(session) for session in self._sessions.values()])

    def _replace(self, table: str, rows: list[dict[str, Any]]) -> None:
        # One write of the whole file: TinyDB's truncate and insert would be two, with nobody logged in between.
        document = self._db.storage.read() or {}
        document[table] = {str(number): row for number, row in enumerate(rows, start=1)}
        try:
            self._db.storage.write(document)
        except OSError as error:
            log.error("sessions are not kept over a restart: %s", error)
            self.troubles["web.sessions_not_kept"] = error.strerror or str(error)
        else:
            self.troubles.pop("web.sessions_not_kept", None)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _session(row: Any) -> Session:
    return Session(**{**row, "role": Role(row["role"])})


def _attempts(rows: Any) -> Attempts:
    devices = {row["device"]: Tries(row["failures"], row["last"]) for row in rows if "device" in row}
    crowd = next((tuple(row["crowd"]) for row in rows if "crowd" in row), ())
    return Attempts(devices, crowd)
