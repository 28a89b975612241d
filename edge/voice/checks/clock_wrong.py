"""A clock before this software was written: call times are wrong, and so is what goes by the hour."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.clock import WRITTEN
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.clock_wrong"
SEVERITY = Severity.FAULT
SUGGESTION = "set_clock"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box; where there are opening hours, hours_not_kept says it."""
    if facts.serves and facts.now < WRITTEN and not facts.settings.hours.schedules:
        yield Finding(data={"date": f"{facts.now:%Y-%m-%d}"})
