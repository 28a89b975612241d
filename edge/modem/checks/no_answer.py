"""It answers nothing, or not as a modem does."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.no_answer"
SEVERITY = Severity.FAULT
SUGGESTION = "check_command_port"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    return in_trouble(facts, "no_answer")
