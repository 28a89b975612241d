"""One wrong PIN more and the SIM asks for its PUK: that try is a person's."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_last_try"
SEVERITY = Severity.FAULT
SUGGESTION = "type_pin_in_phone"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "sim_last_try")
