"""The modem is bound to another SIM or operator."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_other_lock"
SEVERITY = Severity.FAULT
SUGGESTION = "unbind_modem"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "sim_other_lock")
