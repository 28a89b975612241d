"""Three wrong PINs were typed: the SIM is blocked until its PUK is, and nothing here does that."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_puk"
SEVERITY = Severity.FAULT
SUGGESTION = "type_puk_in_phone"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "sim_puk")
