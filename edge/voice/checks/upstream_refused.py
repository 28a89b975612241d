"""Extensions that the box is at the cloud PBX, which refuses it: nobody calls them from outside, and their calls fail."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.upstream_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "compare_upstream"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Each such extension."""
    if facts.serves:
        for extension, code in facts.inventory.refused_upstream.items():
            yield Finding(extension, {"extension": extension, "code": str(code)})
