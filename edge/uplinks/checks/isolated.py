"""The staff's zones are cut off from everything."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.isolated"
SEVERITY = Severity.FAULT
SUGGESTION = "end_isolation"
FIX = "uplinks isolate --end"


def check(facts: Facts) -> Iterator[Finding]:
    """Each zone, until somebody ends it."""
    entry = facts.isolation
    for zone in entry.zones if entry else []:
        since = entry.since[:16].replace("T", " ") if entry else ""
        yield Finding(
            zone, {"author": entry.author if entry else "", "reason": entry.reason if entry else "", "at": since}
        )
