"""Somebody else routes by our links, e.g. NetworkManager: harmless until it takes an address or an interface away too.

Our tables come first, so such a route has no effect; but two programs that run one link will end by disturbing a call.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.model import LinkAddress
from edge.uplinks.facts import Facts

ISSUE = "uplinks.second_default_route"
SEVERITY = Severity.FAULT
SUGGESTION = "unmanage_interface"
FIX = "uplinks list"

_ORIGINS = {3: "boot", 4: "static", 9: "ra", 16: "dhcp"}  # RTPROT_* of linux/rtnetlink.h, as `ip route` says them


def check(facts: Facts) -> Iterator[Finding]:
    """Each link with default routes in the main table that its settings do not account for."""
    for link in facts.section.links:
        interface = facts.interfaces.get(link.interface)
        if interface is None:
            continue
        # With address = keep, whoever gives the address gives one default route with it.
        accounted = 1 if link.address is LinkAddress.KEEP else 0
        if len(interface.main_defaults) > accounted:
            worst = max(interface.main_defaults, key=lambda route: route.metric)
            origin = _ORIGINS.get(worst.protocol, str(worst.protocol))
            data = {"interface": link.interface, "gateway": worst.gateway or "", "origin": origin}
            yield Finding(link.name, data)
