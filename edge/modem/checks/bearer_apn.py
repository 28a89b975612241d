"""The operator does not know the access point of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, bearers
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_bearer import BearerCause

ISSUE = "modem.bearer_apn"
SEVERITY = Severity.FAULT
SUGGESTION = "check_apn"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return bearers(facts, lambda bearer: bearer.cause is BearerCause.APN)
