"""A clock before this software was written is certainly wrong: no RTC, or its battery is flat, and no time server yet."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.clock import WRITTEN
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.clock_wrong"
SEVERITY = Severity.FAULT
SUGGESTION = "set_clock"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.now < WRITTEN:
        yield Finding(data={"date": f"{facts.now:%Y-%m-%d}"})
