"""The document has faults: the telephones go on by the settings before."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.settings_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "correct_settings"
FIX = "settings check"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with every fault."""
    if facts.refused:
        yield Finding(data={"faults": "; ".join(fault.text for fault in facts.refused)})
