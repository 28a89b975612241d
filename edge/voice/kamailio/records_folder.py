"""The folder of this start's call records (edge/voice/records reads and removes them)."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge.voice.kamailio.startup import write

CURRENT = "current"
MODE = 0o2770  # edge.voice, of the group, renames and removes files here
STARTS_MAX = 20  # kept for an edge.voice that is away


def make_records(folder: Path, start: str) -> None:
    """Make it. Raises OSError.

    Which one is current is written first: whoever reads a folder's name and then which is current never takes a new one
    for one that is done with.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(MODE)
    write(folder / CURRENT, start)
    (folder / start).mkdir()
    (folder / start).chmod(MODE)
    earlier = [entry for entry in folder.iterdir() if entry.is_dir() and entry.name != start]
    for one in [entry for entry in earlier if not any(entry.iterdir())]:
        one.rmdir()
        earlier.remove(one)
    for one in sorted(earlier, key=lambda entry: entry.stat().st_mtime)[: -STARTS_MAX or None]:
        shutil.rmtree(one)
