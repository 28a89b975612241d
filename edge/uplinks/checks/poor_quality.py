"""A link answers, but too poorly for a call."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.facts import Facts

ISSUE = "uplinks.poor_quality"
SEVERITY = Severity.FAULT
SUGGESTION = "call_operator_if_it_lasts"
FIX = "uplinks list"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link in this state."""
    for link in facts.section.links:
        if facts.states[link.name] is UplinkState.POOR:
            yield Finding(link.name, {"interface": link.interface})
