"""Nothing stands at the path of a modem: unplugged, without power, or under another name."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.device_missing"
SEVERITY = Severity.FAULT
SUGGESTION = "check_modem_plug"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "device_missing")
