"""A modem is on another operator's network: plans count that apart, and the own network may be gone here."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_radio import Registration

ISSUE = "modem.roaming"
SEVERITY = Severity.INFO
SUGGESTION = "expect_roaming"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    for modem in facts.ready():
        if modem.about.reading.registration is Registration.ROAMING and not modem.expect_roaming:
            yield Finding(subject=modem.name, data={"operator": modem.about.operator or "?"})
