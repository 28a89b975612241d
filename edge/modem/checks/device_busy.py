"""Another program has the port open: two that speak at once lose each other's answers."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.device_busy"
SEVERITY = Severity.FAULT
SUGGESTION = "stop_other_program"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "device_busy")
