"""A device in a zone has the box's own address: part of the building loses its way out."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts
from edge.uplinks.strangers import Deed, by_zone

ISSUE = "uplinks.duplicate_address"
SEVERITY = Severity.FAULT
SUGGESTION = "unplug_stranger"
FIX = "uplinks firewall"


def check(facts: Facts) -> Iterator[Finding]:
    """Each zone where there is one, with every such device."""
    for zone, found in by_zone(facts.strangers, Deed.HAS_OUR_ADDRESS).items():
        yield Finding(zone, {"devices": ", ".join(f"{one.mac} ({one.address})" for one in found)})
