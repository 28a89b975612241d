"""The file of redirects cannot be read: some that a person asked for may be gone."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.redirects_damaged"
SEVERITY = Severity.FAULT
SUGGESTION = "check_redirects"
FIX = "voice redirect"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.serves and facts.redirects_damaged:
        yield Finding()
