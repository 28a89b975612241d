"""All targets fail on all links: the last good link keeps the routes, for what they are worth."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.no_answer_anywhere"
SEVERITY = Severity.FAULT
SUGGESTION = "check_power_then_call_operators"
FIX = "uplinks probe"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.section.links and facts.carrying is None:
        yield Finding(data={"kept": facts.active or ""})
