"""The port is there and cannot be opened: rights, or not a serial port."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.device_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "check_modem_port"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "device_refused")
