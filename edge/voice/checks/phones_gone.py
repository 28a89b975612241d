"""Five or more extensions lost their phones at once: one switch or the mains, not five phones."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.phones_gone"
SEVERITY = Severity.FAULT
SUGGESTION = "check_switch"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with all of them."""
    gone = facts.inventory.gone_together
    if facts.serves and gone:
        yield Finding(data={"count": str(len(gone)), "extensions": ", ".join(gone)})
