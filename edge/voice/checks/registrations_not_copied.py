"""The registrations are not copied to the disk: a power cut would lose them."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.registrations_not_copied"
SEVERITY = Severity.FAULT
SUGGESTION = "check_disk"
FIX = "status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with what the disk said."""
    if facts.serves and facts.not_copied is not None:
        yield Finding(data={"reason": facts.not_copied})
