"""The SIM has no SMS centre: nothing it is given to send goes anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.smsc_unset"
SEVERITY = Severity.FAULT
SUGGESTION = "set_smsc"
FIX = "modem sim"

SMSC_UNKNOWN = 330  # +CMS ERROR (TS 27.005, 3.2.5)


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    for modem in facts.ready():
        if modem.about.service_centre == "" or modem.about.refusal == SMSC_UNKNOWN:
            yield Finding(subject=modem.name)
