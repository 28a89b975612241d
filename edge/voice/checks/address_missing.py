"""An address where phones are served is on no interface: those phones reach nobody."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.address_missing"
SEVERITY = Severity.FAULT
SUGGESTION = "check_phone_network"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Each of them."""
    for address in facts.missing_addresses:
        yield Finding(address, {"address": address})
