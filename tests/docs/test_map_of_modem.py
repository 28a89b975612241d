"""CONTRIBUTING.md says of every folder of edge/modem what it is for and where to begin; import-linter gives each its place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEM = ROOT / "edge/modem"
ROWS = re.findall(
    r"^\| ((?:`\w+/`(?:, )?)+) \| [^|]+ \| ([^|]+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
)


def test_every_folder_is_on_the_map() -> None:
    named = {name for folders, _ in ROWS for name in re.findall(r"\w+(?=/`)", folders)}
    assert named == {path.parent.name for path in MODEM.glob("*/__init__.py")}


def test_where_to_begin_is_there_and_in_that_folder() -> None:
    for folders, begin in ROWS:
        files = re.findall(r"`(\S+)`", begin)
        assert files
        for name in files:
            assert (MODEM / name).is_file(), name
            assert f"`{name.split('/')[0]}/`" in folders
