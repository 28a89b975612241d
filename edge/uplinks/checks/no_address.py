"""An interface without address carries nothing."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.facts import Facts

ISSUE = "uplinks.no_address"
SEVERITY = Severity.FAULT
SUGGESTION = "get_address"
FIX = "settings show"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link in this state."""
    for link in facts.section.links:
        if facts.states[link.name] is UplinkState.NO_ADDRESS:
            yield Finding(link.name, {"interface": link.interface})
