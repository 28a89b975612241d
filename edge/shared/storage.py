"""Durable storage of small documents: whole-file writes that survive kill -9 and power cuts, with a last good copy.

TinyDB's stock JSON storage rewrites the file in place: killed while a document shrinks, it leaves a file that no
longer parses (19 of 120 runs). Here the new content goes to a temporary file, is synced, renamed over the old one,
and the folder is synced; the previous content stays beside it as NAME.good.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

log = logging.getLogger(__name__)


class DocumentDamaged(Exception):
    """A document and its last good copy are both unreadable. It is never replaced by defaults."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: unreadable, and so is its last good copy: {detail}")
        self.path = path


def write_durably(path: Path, content: bytes, *, mode: int = 0o640, owner: tuple[int, int] | None = None) -> None:
    """Replace the file's content so that after any crash either the old or the new content is there, whole.

    Returns only when the new content has reached the medium. owner (uid, gid) is for root, who writes for another user.
    Raises OSError (no space, read-only) with the old content untouched.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove temporary files that a killed writer of this document left behind; a read-only disk keeps them."""
    with contextlib.suppress(OSError):
        for leftover in path.parent.glob(f".{path.name}.*.new"):
            leftover.unlink(missing_ok=True)


class DurableStorage(Storage):
    """A TinyDB storage whose acknowledged writes survive kill -9. One writing process per file."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.good = self.path.with_name(self.path.name + ".good")
        self.recovered = False  # True after a read that had to use the last good copy
        remove_leftovers(self.path)

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Read the document, or its last good copy when it is damaged. Raises DocumentDamaged."""
        if not self.path.exists() and not self.good.exists():
            return None
        try:
            return _parse(self.path)
        except (OSError, ValueError) as error:
            damage = error
        try:
            document = _parse(self.good)
        except (OSError, ValueError) as error:
            raise DocumentDamaged(self.path, f"{damage}; {error}") from error
        log.error("%s is damaged (%s): using its last good copy", self.path, damage)
        self.recovered = True
        return document

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Write the document; returns when it is on the medium."""
        content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        self._keep_good_copy()
        write_durably(self.path, content)

    def _keep_good_copy(self) -> None:
        try:
            _parse(self.path)
        except (OSError, ValueError):
            return  # absent or damaged: the copy beside it is the better one
        with contextlib.suppress(FileNotFoundError):
            self.good.unlink()
        os.link(self.path, self.good)


def _parse(path: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise ValueError(f"{path}: not a JSON object")  # noqa: TRY004 - a damaged document, whatever it holds
    return document


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
