"""A link that comes and goes costs calls each time; hold-down only spaces it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.facts import Facts

ISSUE = "uplinks.flapping"
SEVERITY = Severity.FAULT
SUGGESTION = "call_operator_with_history"
FIX = "uplinks history"

LOSSES = 3  # with hold-downs of 30, 60 and 120 s a link that fails at once on return is lost four times in this window
WINDOW = timedelta(minutes=10)
_NO_LOSS = {
    SwitchCause.START,
    SwitchCause.SETTINGS,
    SwitchCause.FAILBACK,
    SwitchCause.RECOVERED,
    SwitchCause.FORCED,
    SwitchCause.FORBIDDEN,
}


def check(facts: Facts) -> Iterator[Finding]:
    """Each link that was lost several times lately."""
    # A switch dated in the future was recorded under another clock: it says nothing of the last minutes.
    losses = Counter(
        switch.from_link
        for switch in facts.switches
        if switch.cause not in _NO_LOSS
        and timedelta() <= facts.now - datetime.fromisoformat(switch.switched_at) <= WINDOW
    )
    for link in facts.section.links:
        if losses[link.name] >= LOSSES:
            minutes = WINDOW // timedelta(minutes=1)
            yield Finding(link.name, {"count": str(losses[link.name]), "minutes": str(minutes)})
