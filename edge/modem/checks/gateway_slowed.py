"""A gateway takes nothing more for now: the account is used faster than it allows, or the provider is overloaded."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, gateway_in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.gateway_slowed"
SEVERITY = Severity.INFO
SUGGESTION = "lower_gateway_rate"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each gateway."""
    return gateway_in_trouble(facts, "gateway_slowed")
