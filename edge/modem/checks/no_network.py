"""The modem works and no mobile network has it: antenna, subscription, or the masts are out of power."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.no_network"
SEVERITY = Severity.FAULT
SUGGESTION = "check_antenna"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    for modem in facts.ready():
        if modem.about.registered is False:
            yield Finding(subject=modem.name)
