"""Something between a phone and the box rewrites its messages: calls without sound, or that are cut."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.sip_alg"
SEVERITY = Severity.FAULT
SUGGESTION = "disable_alg"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Each such phone."""
    if facts.serves:
        for address in facts.alarms.rewritten:
            yield Finding(address, {"address": address})
