"""The disk is full or fails: nothing is sent that cannot be written down first, nor taken from the modem."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts, gateway_in_trouble, in_trouble
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.no_storage"
SEVERITY = Severity.FAULT
SUGGESTION = "check_disk"
FIX = "modem status"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem and each gateway."""
    yield from in_trouble(facts, "no_storage")
    yield from gateway_in_trouble(facts, "no_storage")
