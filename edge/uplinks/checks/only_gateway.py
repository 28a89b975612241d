"""Nothing but the gateway is asked, one that the settings do not name: by DHCP, PPPoE or somebody else's route."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks import plan
from edge.uplinks.facts import Facts

ISSUE = "uplinks.only_gateway"
SEVERITY = Severity.FAULT
SUGGESTION = "add_far_target"
FIX = "settings apply"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link whose targets are all its own gateway."""
    for link in facts.section.links:
        interface = facts.interfaces.get(link.interface)
        gateway = plan.gateway(link, interface) if interface else None
        targets = link.targets or facts.section.targets
        if gateway is not None and targets and all(str(target.host) == gateway for target in targets):
            yield Finding(link.name, {"gateway": gateway})
