"""Messages came in that nobody can read: damaged on their way, or in a form no phone should send. Kept aside as they are."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.unreadable"
SEVERITY = Severity.INFO
SUGGESTION = "look_aside"
FIX = "modem inbox --aside"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, for all modems."""
    if facts.unreadable:
        yield Finding(data={"count": str(facts.unreadable)})
