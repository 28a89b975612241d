"""The cable is out, or the other end is off."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.facts import Facts

ISSUE = "uplinks.no_carrier"
SEVERITY = Severity.FAULT
SUGGESTION = "plug_in"
FIX = "uplinks list"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link in this state."""
    for link in facts.section.links:
        if facts.states[link.name] is UplinkState.NO_CARRIER:
            yield Finding(link.name, {"interface": link.interface})
