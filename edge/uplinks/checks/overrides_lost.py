"""What persons wanted of the links cannot be read any more."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.overrides_lost"
SEVERITY = Severity.FAULT
SUGGESTION = "wish_again"
FIX = "uplinks force"


def check(facts: Facts) -> Iterator[Finding]:
    """Until the next wish is written."""
    if facts.overrides_lost:
        yield Finding()
