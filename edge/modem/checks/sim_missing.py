"""The modem finds no SIM it can use."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_missing"
SEVERITY = Severity.FAULT
SUGGESTION = "check_sim_place"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "sim_missing")
