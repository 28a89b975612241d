"""Opening hours, and a clock that is certainly wrong: phones ring as when the town hall is open."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.clock import WRITTEN
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.hours_not_kept"
SEVERITY = Severity.FAULT
SUGGESTION = "set_clock"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.serves and facts.settings.hours.schedules and facts.now < WRITTEN:
        yield Finding()
