"""The cloud PBX's name was never found: there is no address to try."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.cloud_never_found"
SEVERITY = Severity.FAULT
SUGGESTION = "check_cloud_name"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    naming = facts.naming
    if facts.serves and naming.question is not None and naming.trouble is not None and not naming.places:
        yield Finding(naming.question.name)
