"""Another program has the port of a working modem open too: each may take the answers meant for the other."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.other_opener"
SEVERITY = Severity.FAULT
SUGGESTION = "stop_other_program"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    for modem in facts.modems:
        if modem.others and (modem.trouble is None or modem.trouble.kind != "device_busy"):
            yield Finding(subject=modem.name, data={"device": modem.device, "programs": ", ".join(modem.others)})
