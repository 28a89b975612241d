"""docs/adr/README.md lists every decision record by its number and title, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ADR = Path(__file__).parents[2] / "docs/adr"


def test_the_index_lists_every_record_under_its_title() -> None:
    listed = re.findall(r"^- \[(\d{4})\]\((\S+)\) (.+)$", (ADR / "README.md").read_text(), re.MULTILINE)
    records = [path for path in sorted(ADR.glob("*.md")) if path.name != "README.md"]
    assert sorted(listed) == [(p.name[:4], p.name, p.read_text().splitlines()[0].removeprefix("# ")) for p in records]
    assert len({number for number, _, _ in listed}) == len(listed), "a number is given twice"
