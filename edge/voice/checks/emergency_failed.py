"""Somebody called for help, and nobody was reached."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts, shown_urgent, urgent_data

ISSUE = "voice.emergency_failed"
SEVERITY = Severity.FAULT
SUGGESTION = "call_back"
FIX = "voice trunks"


def check(facts: Facts) -> Iterator[Finding]:
    """Each of the last hour."""
    for call in shown_urgent(facts):
        if call.state == "failed":
            yield Finding(call.call_id, urgent_data(call))
