"""Kamailio answers but does not take the settings: it goes on by those before."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.settings_not_told"
SEVERITY = Severity.FAULT
SUGGESTION = "restart_box"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with why."""
    if facts.serves and facts.sight.answers and facts.not_told is not None:
        yield Finding(data={"reason": facts.not_told})
