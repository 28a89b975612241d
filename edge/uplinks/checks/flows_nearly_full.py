"""The kernel's table of connections is nearly full: what is full takes no new one, calls and probes included."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.flows_nearly_full"
SEVERITY = Severity.FAULT
SUGGESTION = "find_who_opens_flows"
FIX = "uplinks isolate"

NEARLY_PERCENT = 90


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the box."""
    if facts.flows is not None and 100 * facts.flows.open >= NEARLY_PERCENT * facts.flows.most:
        yield Finding("", {"open": str(facts.flows.open), "most": str(facts.flows.most)})
