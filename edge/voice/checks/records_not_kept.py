"""Calls are not written down any more; telephones work."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.records_not_kept"
SEVERITY = Severity.FAULT
SUGGESTION = "check_disk"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with why."""
    if facts.serves and facts.records_refused is not None:
        yield Finding(data={"reason": facts.records_refused})
