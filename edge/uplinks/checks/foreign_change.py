"""Another program changed what is ours in the kernel; it was put back."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.foreign_change"
SEVERITY = Severity.FAULT
SUGGESTION = "find_who_changed_it"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Routes, rules or firewall, for an hour after it was put back."""
    for what, at in facts.foreign_changes.items():
        yield Finding(what, {"at": at})
