"""What the links used cannot be read or written: a reboot forgets it, and a budget may be passed unseen."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.budget_not_kept"
SEVERITY = Severity.FAULT
SUGGESTION = "check_disk"
FIX = "uplinks budget"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with what the disk said."""
    if facts.budget_fault is not None:
        yield Finding(data={"reason": facts.budget_fault})
