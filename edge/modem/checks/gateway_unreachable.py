"""A gateway does not answer, or nobody is there: what it would have sent goes through the modems."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, gateway_in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.gateway_unreachable"
SEVERITY = Severity.FAULT
SUGGESTION = "check_gateway_address"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each gateway."""
    return gateway_in_trouble(facts, "gateway_unreachable")
