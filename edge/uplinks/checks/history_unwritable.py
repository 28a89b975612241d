"""The history cannot be written: it goes on in memory, and a restart forgets it."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.history_unwritable"
SEVERITY = Severity.FAULT
SUGGESTION = "check_disk"
FIX = "uplinks history"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with what the disk said."""
    if facts.history_fault is not None:
        yield Finding(data={"reason": facts.history_fault})
