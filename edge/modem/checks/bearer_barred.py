"""The subscription has no data, or the operator barred it."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, bearers
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_bearer import BearerCause

ISSUE = "modem.bearer_barred"
SEVERITY = Severity.FAULT
SUGGESTION = "have_data_opened"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return bearers(facts, lambda bearer: bearer.cause is BearerCause.BARRED)
