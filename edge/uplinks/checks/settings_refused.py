"""The document has faults in its section uplinks: the settings before stay in force."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.settings_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "correct_settings"
FIX = "settings check"


def check(facts: Facts) -> Iterator[Finding]:
    """Each fault of the document."""
    for fault in facts.settings_refused:
        yield Finding(fault.path, {"reason": fault.reason})
