"""Something answers at the port, and not as a modem does: another device, or another speed."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.nonsense"
SEVERITY = Severity.FAULT
SUGGESTION = "check_port_and_baud"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "nonsense")
