"""Kamailio or a module of it is not installed: it does not start, and no phone works."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.kamailio_missing"
SEVERITY = Severity.FAULT
SUGGESTION = "reinstall_box"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with all that is missing."""
    if facts.serves and facts.inventory.missing:
        yield Finding(data={"missing": ", ".join(facts.inventory.missing)})
