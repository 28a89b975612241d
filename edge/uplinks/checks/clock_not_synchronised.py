"""No time server disciplines the kernel's clock (STA_UNSYNC of adjtimex(2)): it drifts, and phones take it from here."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.clock_not_synchronised"
SEVERITY = Severity.INFO
SUGGESTION = "check_time_servers"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, on a box that is a router; what the kernel does not tell is no fault."""
    if facts.section.links and facts.clock_synchronised is False:
        yield Finding()
