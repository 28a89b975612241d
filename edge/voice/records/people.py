"""Whose phone answered: Kamailio names the binding, its location database the extension."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from edge.voice.records.line import Line

log = logging.getLogger(__name__)

RANG = "ring:"


class People:
    """Reads the location database, which Kamailio brings up to date every second."""

    def __init__(self, location: Path) -> None:
        self.location = location

    def named(self, lines: Iterable[Line]) -> tuple[list[Line], list[Line]]:
        """The same lines with the extension in `by`, nothing where it is not known; and those, as they were."""
        lines = list(lines)
        bindings = {line.by for line in lines if line.by}
        holders = self._holders(bindings) if bindings else {}
        named = [replace(line, by=holders.get(line.by) or only_one_rung(line)) if line.by else line for line in lines]
        return named, [line for line, known in zip(lines, named, strict=True) if line.by and not known.by]

    def _holders(self, bindings: Iterable[str]) -> dict[str, str]:
        try:
            with closing(sqlite3.connect(f"file:{self.location}?mode=ro", uri=True, timeout=0.1)) as database:
                ask = "SELECT username FROM location WHERE ruid = ?"
                found = {one: database.execute(ask, (one,)).fetchone() for one in bindings}
        except sqlite3.Error as error:
            log.debug("%s: %s", self.location, error)
            return {}
        return {one: row[0] for one, row in found.items() if row is not None}


def only_one_rung(line: Line) -> str:
    """The extension that rang, if it was the only one."""
    rung = {word.removeprefix(RANG) for word in line.trail.split() if word.startswith(RANG)}
    return rung.pop() if len(rung) == 1 else ""
