"""A program runs that opens every port it takes for a modem's (ModemManager) or a Braille display's (brltty)."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.port_grabber"
SEVERITY = Severity.FAULT
SUGGESTION = "disable_grabber"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, where there is a modem to grab."""
    if facts.grabbers and facts.settings.devices:
        yield Finding(data={"programs": ", ".join(facts.grabbers)})
