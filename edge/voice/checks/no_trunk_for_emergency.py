"""The cloud PBX alone is no way out on the night it is lost."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.no_trunk_for_emergency"
SEVERITY = Severity.FAULT
SUGGESTION = "add_trunk"
FIX = "settings check"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for the whole box."""
    if facts.serves and not facts.settings.trunks and facts.settings.cloud is not None:
        yield Finding()
