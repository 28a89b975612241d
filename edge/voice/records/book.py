"""The ledger of calls: var/lib/repli/voice/calls.db."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path

from edge.shared.ledger import Ledger
from edge.voice.records.call import SECOND, Call, direction, hang_up, merge
from edge.voice.records.line import Line

log = logging.getLogger(__name__)

DAY = 86_400 * SECOND
CALLS_MAX = 200_000  # some 150 MB; a busy town hall has 2 000 calls a day
# A clock that is wrong for an hour must not cost a year of records: so few are forgotten for their age in one go.
FORGET_STEP = 1000

_TEXT = "TEXT NOT NULL"
_SCHEMA = f"""
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    key {_TEXT} UNIQUE,
    call_id {_TEXT}, from_tag {_TEXT}, leg {_TEXT}, run {_TEXT}, begun INTEGER NOT NULL,
    caller {_TEXT}, dialled {_TEXT}, source {_TEXT}, emergency INTEGER NOT NULL, mode {_TEXT}, trail {_TEXT}, way {_TEXT},
    by {_TEXT}, direction {_TEXT}, cseq INTEGER NOT NULL, answered INTEGER, ended INTEGER, refused INTEGER,
    refused_cseq INTEGER NOT NULL, code INTEGER NOT NULL, told INTEGER NOT NULL, told_at INTEGER NOT NULL
);
CREATE INDEX calls_call_id ON calls (call_id);
CREATE INDEX calls_begun ON calls (begun);
CREATE INDEX calls_emergency ON calls (begun) WHERE emergency
"""
_NAMES = [field.name for field in fields(Call)]
_PUT = (
    f"INSERT INTO calls (key, {', '.join(_NAMES)}) VALUES ({', '.join('?' * (len(_NAMES) + 1))})"  # noqa: S608
    f" ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES)}"
)


class Book:
    """The calls on disk. Raises sqlite3.Error where it cannot write, with nothing changed."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises LedgerBusy, LedgerDamaged, OSError."""
        self._ledger = Ledger(path, [_SCHEMA])

    def close(self) -> None:
        """Let go of the file."""
        self._ledger.close()

    def keep(self, lines: Iterable[Line], inside: frozenset[str]) -> list[Line]:
        """Bring the calls up to date, durably; returns the BYEs of calls it does not know (yet)."""
        unknown = []
        with self._ledger.change():
            ends = []
            for line in lines:
                if line.method == "BYE":
                    ends.append(line)
                else:
                    self._begin(line, inside)
            for line in ends:
                if not self._end(line):
                    unknown.append(line)
        return unknown

    def newest(self, limit: int) -> list[tuple[int, Call]]:
        """The newest calls, newest first, each with its number."""
        return self._read("ORDER BY begun DESC, id DESC LIMIT ?", limit)

    def open_since(self, begun: int) -> list[tuple[int, Call]]:
        """The calls begun since then whose end is not known, oldest first."""
        return self._read(
            "WHERE begun >= ? AND ended IS NULL AND (answered IS NOT NULL OR refused IS NULL OR refused_cseq < cseq)"
            " ORDER BY begun, id",
            begun,
        )

    def emergencies_since(self, begun: int) -> list[tuple[int, Call]]:
        """The emergency calls begun since then, oldest first."""
        return self._read("WHERE emergency AND begun >= ? ORDER BY begun, id", begun)

    def between(self, since: int, until: int) -> list[Call]:
        """The calls begun in a span of time, oldest first."""
        return [call for _, call in self._read("WHERE begun >= ? AND begun < ? ORDER BY begun, id", since, until)]

    def forget(self, before: int) -> int:
        """Remove what is older, a little at a time, and the oldest of what is too much; returns how many."""
        with self._ledger.change() as connection:
            old = "DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE begun < ? ORDER BY begun LIMIT ?)"
            count = connection.execute(old, (before, FORGET_STEP)).rowcount
            (held,) = connection.execute("SELECT count(*) FROM calls").fetchone()
            if held > CALLS_MAX:
                much = "DELETE FROM calls WHERE id IN (SELECT id FROM calls ORDER BY begun LIMIT ?)"
                count += connection.execute(much, (held - CALLS_MAX,)).rowcount
        return count

    def _begin(self, line: Line, inside: frozenset[str]) -> None:
        known = self._read("WHERE call_id = ? AND from_tag = ? AND leg = ?", line.call_id, line.from_tag, line.leg)
        call = merge(known[0][1] if known else None, line)
        self._put(replace(call, direction=direction(call, inside)))

    def _end(self, line: Line) -> bool:
        """Both halves of a call that passes twice; whoever hung up."""
        tags = (line.from_tag, line.to_tag)
        known = self._read("WHERE call_id = ? AND from_tag IN (?, ?) AND answered IS NOT NULL", line.call_id, *tags)
        for _, call in known:
            self._put(hang_up(call, line))
        return bool(known)

    def _put(self, call: Call) -> None:
        self._ledger.connection.execute(_PUT, (call.key, *astuple(call)))

    def _read(self, rest: str, *parameters: object) -> list[tuple[int, Call]]:
        rows: Sequence[sqlite3.Row] = self._ledger.read(
            f"SELECT id, {', '.join(_NAMES)} FROM calls {rest}",  # noqa: S608
            *parameters,
        )
        return [(row["id"], _call(row)) for row in rows]


def _call(row: sqlite3.Row) -> Call:
    held = {name: row[name] for name in _NAMES}
    return Call(**{**held, "emergency": bool(held["emergency"])})
