"""Kamailio does not answer: no phone works."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.kamailio_silent"
SEVERITY = Severity.FAULT
SUGGESTION = "restart_box"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.serves and not facts.sight.answers and not facts.inventory.missing:
        yield Finding()
