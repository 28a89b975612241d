"""An extension has the number of an emergency service, which comes first."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.dialplan import unreachable
from edge.voice.facts import Facts

ISSUE = "voice.extension_is_emergency"
SEVERITY = Severity.FAULT
SUGGESTION = "change_extension"
FIX = "settings check"


def check(facts: Facts) -> Iterator[Finding]:
    """Each of them."""
    if facts.serves:
        for number in unreachable(facts.settings):
            yield Finding(number, {"extension": number})
