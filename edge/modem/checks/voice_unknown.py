"""A modem does not tell whether its calls can go by VoLTE: nobody knows before one is tried."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, calls_go
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_radio import VoiceWay

ISSUE = "modem.voice_unknown"
SEVERITY = Severity.INFO
SUGGESTION = "try_a_call"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    return calls_go(facts, VoiceWay.UNKNOWN)
