"""Which zones are cut off could not be read or written."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.isolation_not_kept"
SEVERITY = Severity.FAULT
SUGGESTION = "isolate_again"
FIX = "uplinks isolate"


def check(facts: Facts) -> Iterator[Finding]:
    """Until the next isolation, or its end, is written."""
    if facts.isolation_fault is not None:
        yield Finding(data={"reason": facts.isolation_fault})
