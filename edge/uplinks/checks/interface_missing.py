"""The kernel has no interface of this name."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.facts import Facts

ISSUE = "uplinks.interface_missing"
SEVERITY = Severity.FAULT
SUGGESTION = "check_hardware"
FIX = "uplinks list"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link in this state."""
    for link in facts.section.links:
        if facts.states[link.name] is UplinkState.ABSENT:
            yield Finding(link.name, {"interface": link.interface})
