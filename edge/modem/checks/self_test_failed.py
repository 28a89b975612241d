"""The last self-test of a modem did not come through, and none has since."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.self_test_failed"
SEVERITY = Severity.FAULT
SUGGESTION = "test_again"
FIX = "modem self-test"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem."""
    for modem in facts.modems:
        if modem.self_test_failed is not None:
            yield Finding(subject=modem.name, data={"step": modem.self_test_failed})
