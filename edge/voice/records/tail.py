"""Reading the files that Kamailio appends to, and removing what is kept elsewhere by now.

run/repli/kamailio/records/ holds one folder for each start of Kamailio, and in it one file for each of its processes.
Module db_flatstore opens a file anew at the first line after `flatstore.k_rotate`, if the clock has gone on by a second
since the last time: so a renamed file is done with only when one of the old name stands beside it, whatever the clock
did.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from edge.voice.kamailio.records_folder import CURRENT
from edge.voice.records.line import Line, parse

log = logging.getLogger(__name__)

PIECE = 256 * 1024  # bytes read of a file at once
LINE_MAX = 64 * 1024  # bytes; what is longer is garbage

SETTLED_S = 2.0


@dataclass
class _Tail:
    path: Path
    file: int
    rest: bytes = b""

    @property
    def run(self) -> str:
        return self.path.parent.name

    @property
    def renamed(self) -> bool:
        return self.path.suffix != ".log"


class Tails:
    """Every file there is, each read on from where it was left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.garbage = 0  # lines that were none
        self._open: dict[tuple[int, int], _Tail] = {}

    def current(self) -> str:
        """The start of Kamailio that writes now, or nothing."""
        try:
            return (self.folder / CURRENT).read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def read(self) -> list[Line]:
        """What was added since the last time. Raises OSError."""
        self._find()
        lines = []
        for tail in self._open.values():
            lines += self._more(tail)
        return lines

    @property
    def grown(self) -> int:
        """Bytes of the largest file being written."""
        return max((os.fstat(tail.file).st_size for tail in self._writing()), default=0)

    @property
    def held(self) -> int:
        """Bytes of all files."""
        return sum(os.fstat(tail.file).st_size for tail in self._open.values())

    def rename(self) -> int:
        """Give every file being written another name; Kamailio must be told then. Returns how many. Raises OSError."""
        count = 0
        for tail in self._writing():
            if os.fstat(tail.file).st_size == 0:
                continue
            aside = tail.path.with_name(f"{tail.path.name}.{time.time_ns()}")
            tail.path.rename(aside)
            tail.path = aside
            count += 1
        return count

    def waits_for_rotation(self) -> bool:
        """Whether a renamed file of the present Kamailio is still the one it writes to, as far as can be told."""
        run = self.current()
        return any(tail.run == run and tail.renamed and not _reopened(tail.path) for tail in self._open.values())

    def remove_done(self) -> None:
        """Remove the files nobody writes to any more; everything read must be kept by now. Raises OSError."""
        # The folders first, then which is current: a start in between makes itself current before its folder.
        found = self._folders()
        run = self.current()
        for key, tail in list(self._open.items()):
            dead = tail.run != run and tail.path.parent in found
            left = tail.renamed and _reopened(tail.path)
            if not run or not (dead or left) or not self._at_end(tail):
                continue
            tail.path.unlink(missing_ok=True)
            os.close(tail.file)
            del self._open[key]
        for folder in found:
            if run and folder.name != run and not any(folder.iterdir()):
                folder.rmdir()

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._open.values():
            os.close(tail.file)
        self._open.clear()

    def _writing(self) -> list[_Tail]:
        run = self.current()
        return [tail for tail in self._open.values() if tail.run == run and not tail.renamed]

    def _folders(self) -> list[Path]:
        try:
            return [entry for entry in self.folder.iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []

    def _find(self) -> None:
        for folder in self._folders():
            for path in folder.iterdir():
                status = path.stat()
                key = (status.st_dev, status.st_ino)
                if key not in self._open:
                    self._open[key] = _Tail(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def _more(self, tail: _Tail) -> list[Line]:
        piece = os.read(tail.file, PIECE)
        *whole, rest = (tail.rest + piece).split(b"\n")
        tail.rest = rest[:LINE_MAX]
        found = [parse(text.decode("utf-8", "replace"), tail.run) for text in whole]
        self.garbage += found.count(None)
        return [line for line in found if line is not None]

    def _at_end(self, tail: _Tail) -> bool:
        status = os.fstat(tail.file)
        settled = time.time() - status.st_mtime
        return os.lseek(tail.file, 0, os.SEEK_CUR) >= status.st_size and not 0 <= settled < SETTLED_S


def _reopened(aside: Path) -> bool:
    return aside.with_suffix("").exists()
