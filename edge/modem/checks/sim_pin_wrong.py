"""The SIM refused the PIN of the settings, or may have: it is not tried again."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_pin_wrong"
SEVERITY = Severity.FAULT
SUGGESTION = "correct_pin"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "sim_pin_wrong")
