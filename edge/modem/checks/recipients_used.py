"""A SIM has written to as many people as its plan allows this month: routine messages to others wait."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.recipients_used"
SEVERITY = Severity.FAULT
SUGGESTION = "spread_recipients"
FIX = "modem estimate"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each SIM."""
    for modem in facts.modems:
        if modem.cap is not None and modem.recipients >= modem.cap:
            yield Finding(subject=modem.name, data={"people": str(modem.recipients), "limit": str(modem.cap)})
