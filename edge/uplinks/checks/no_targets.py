"""Without targets a link is taken for good while the line behind its box is cut."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.no_targets"
SEVERITY = Severity.FAULT
SUGGESTION = "add_targets"
FIX = "settings apply"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link that nobody asks anything."""
    for link in facts.section.links:
        if not link.targets and not facts.section.targets:
            yield Finding(link.name, {"interface": link.interface})
