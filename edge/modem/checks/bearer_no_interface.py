"""The bearer is up and the network interface of the settings is not there: another name, or another USB mode."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, bearers
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_bearer import BearerState

ISSUE = "modem.bearer_no_interface"
SEVERITY = Severity.FAULT
SUGGESTION = "check_bearer_interface"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return bearers(facts, lambda bearer: bearer.state is BearerState.UP and not bearer.present)
