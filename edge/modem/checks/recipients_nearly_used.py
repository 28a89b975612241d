"""A SIM has written to nearly as many people as its plan allows this month."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.recipients_nearly_used"
SEVERITY = Severity.INFO
SUGGESTION = "spread_recipients"
FIX = "modem estimate"

NEARLY = 0.8


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each SIM."""
    for modem in facts.modems:
        if modem.cap is not None and NEARLY * modem.cap <= modem.recipients < modem.cap:
            yield Finding(subject=modem.name, data={"people": str(modem.recipients), "limit": str(modem.cap)})
