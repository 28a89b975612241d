"""A data bearer does not come up, for a reason that is the network's or nobody tells; it is tried again."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, bearers
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_bearer import BearerCause

ISSUE = "modem.bearer_down"
SEVERITY = Severity.FAULT
SUGGESTION = "check_antenna"
FIX = "modem status"

# NO_NETWORK is modem.no_network, which is said already.
PASSING = (BearerCause.CONGESTED, BearerCause.REFUSED, BearerCause.SILENT, BearerCause.UNKNOWN)


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return bearers(facts, lambda bearer: bearer.cause in PASSING)
