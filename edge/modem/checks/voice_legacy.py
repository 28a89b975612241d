"""A modem's calls go by 2G or 3G, which are being switched off: the way out that is left ends with them."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, calls_go
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_radio import VoiceWay

ISSUE = "modem.voice_legacy"
SEVERITY = Severity.FAULT
SUGGESTION = "enable_volte"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    return calls_go(facts, VoiceWay.LEGACY)
