"""A position receiver answers at the port of the settings: it is another one of the modem's ports."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.gps_port"
SEVERITY = Severity.FAULT
SUGGESTION = "check_command_port"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "gps_port")
