"""No limit is set for a SIM, and it writes to more people than operators usually stand: they may stop it without a word."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem import USUAL_RECIPIENTS

ISSUE = "modem.recipients_unusual"
SEVERITY = Severity.INFO
SUGGESTION = "set_recipients"
FIX = "modem estimate"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each SIM."""
    for modem in facts.modems:
        if modem.cap is None and modem.recipients > USUAL_RECIPIENTS:
            yield Finding(subject=modem.name, data={"people": str(modem.recipients), "limit": str(USUAL_RECIPIENTS)})
