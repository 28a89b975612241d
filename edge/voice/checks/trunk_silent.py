"""A trunk answers no probe: it is passed over, and nobody would notice before the night it is needed."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice_trunks import TrunkHealth
from edge.voice.facts import Facts

ISSUE = "voice.trunk_silent"
SEVERITY = Severity.FAULT
SUGGESTION = "check_trunk_line"
FIX = "voice trunks"


def check(facts: Facts) -> Iterator[Finding]:
    """Each of them. The cloud PBX has a fault of its own: cloud_silent."""
    for trunk in facts.inventory.trunks:
        if facts.serves and trunk.kind != "cloud" and trunk.health is TrunkHealth.SILENT:
            yield Finding(subject=trunk.name, data={"address": trunk.address})
