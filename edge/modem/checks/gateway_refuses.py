"""A gateway refuses messages: credit used up, a sender that is not allowed, or numbers it does not serve."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, gateway_in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.gateway_refuses"
SEVERITY = Severity.FAULT
SUGGESTION = "ask_gateway_provider"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each gateway."""
    return gateway_in_trouble(facts, "gateway_refuses")
