"""The cloud PBX does not answer: the box serves the phones."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice import VoiceMode
from edge.voice.decision import Reason
from edge.voice.facts import Facts

ISSUE = "voice.cloud_silent"
SEVERITY = Severity.FAULT
SUGGESTION = "wait_or_call_operator"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    cloud = facts.settings.cloud
    lost = facts.state.mode == VoiceMode.LOCAL and facts.state.reason == Reason.CLOUD_SILENT
    if facts.serves and lost and cloud is not None:
        yield Finding(data={"address": str(cloud.address)})
