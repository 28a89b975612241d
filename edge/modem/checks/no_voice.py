"""A modem on 4G without IMS voice: its calls go out only where a 2G or 3G mast is left, soon nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, calls_go
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_radio import VoiceWay

ISSUE = "modem.no_voice"
SEVERITY = Severity.FAULT
SUGGESTION = "enable_volte"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    return calls_go(facts, VoiceWay.NONE)
