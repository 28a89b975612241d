"""The kernel refused an operation; it is tried again all the time."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.kernel_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "restart_box"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Each operation that was refused last time."""
    for operation, reason in facts.refusals.items():
        yield Finding(operation, {"reason": reason})
