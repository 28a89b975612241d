"""A data bearer is left down: the modem is on another operator's network, which the settings do not allow for data."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, bearers
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_bearer import BearerState

ISSUE = "modem.bearer_roaming"
SEVERITY = Severity.INFO
SUGGESTION = "allow_roaming"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return bearers(facts, lambda bearer: bearer.state is BearerState.ROAMING)
