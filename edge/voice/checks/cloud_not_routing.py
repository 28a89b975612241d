"""The cloud PBX answers probes and fails calls: nothing else would show it, as the box takes them over."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice import VoiceMode
from edge.voice.facts import Facts

ISSUE = "voice.cloud_not_routing"
SEVERITY = Severity.FAULT
SUGGESTION = "tell_pbx_operator"
FIX = "voice mode"

IN_A_ROW = 3  # calls; one may be the fault of who was called


def check(facts: Facts) -> Iterator[Finding]:
    """Once, when the last calls were all failed by it."""
    unrouted = facts.inventory.unrouted
    if facts.serves and facts.state.mode == VoiceMode.CLOUD and unrouted is not None and unrouted.calls >= IN_A_ROW:
        yield Finding(data={"calls": str(unrouted.calls), "code": str(unrouted.code)})
