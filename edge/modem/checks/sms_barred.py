"""The operator bars outgoing SMS: unpaid, a data-only plan, or a barring that somebody set."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sms_barred"
SEVERITY = Severity.FAULT
SUGGESTION = "ask_operator_for_sms"
FIX = "modem sim"

# Operator determined barring, call barred, facility rejected, facility not subscribed (TS 24.011, E.2).
BARRED = (8, 10, 29, 50)


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    for modem in facts.ready():
        refusal = modem.about.refusal
        if modem.about.barred or refusal in BARRED:
            yield Finding(subject=modem.name, data={"code": "-" if refusal not in BARRED else str(refusal)})
