"""Another SIM than before is in a modem: another number, another plan, perhaps another operator."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.modem.sim import card
from edge.modem.sim.card import Identity
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity

ISSUE = "modem.sim_swapped"
SEVERITY = Severity.FAULT
SUGGESTION = "accept_sim"
FIX = "modem sim"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    for modem in facts.ready():
        swap = modem.about.swap
        if swap is not None:
            before, now = (
                card.hidden(one.iccid or one.imsi)
                for one in (swap.before, Identity(modem.about.iccid, modem.about.imsi))
            )
            yield Finding(subject=modem.name, data={"before": before, "now": now, "at": swap.at})
