"""A gateway does not want this account: wrong name or password, or closed by the provider."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, gateway_in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.gateway_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "check_gateway_account"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each gateway."""
    return gateway_in_trouble(facts, "gateway_refused")
